"""Rate cards: the table of F-039, which rate holds when, markups, and following the providers' prices."""

import datetime as dt
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client, override_settings

from accounts.models import User
from billing import rating
from config.kit.errors import InvalidInputError
from marketplace import rate_cards
from marketplace.models import ModelRate, RateAlert, RateCard, RateMarkup, TokenClass
from marketplace.queries.rate_cards import UnknownModelError, current, model_prices
from marketplace.rate_cards import NewRate, alerts
from marketplace.rate_cards.importing import CardUser, users_of
from tests.support import people
from tests.support.market import for_sale, open_creator
from tests.support.people import MONDAY
from wallets.money import Micros

pytestmark = pytest.mark.django_db

A_DAY = dt.timedelta(days=1)
BACKEND = "django.contrib.auth.backends.ModelBackend"
BY_MODEL = 'pricing:\n  model: usage_based\n  rate_card: "standard"\n  default_hold: 10\n'


@pytest.fixture
def card() -> RateCard:
    return RateCard.objects.get(slug="standard")


def write(card: RateCard, *rates: NewRate, at: dt.datetime = MONDAY) -> list[ModelRate]:
    return rate_cards.set_rates(
        card=card, rates=rates, effective_from=at, source="test", actor="user:op", now=MONDAY
    )


def charges(card: RateCard, model: str, at: dt.datetime = MONDAY) -> dict[str, Decimal]:
    prices = model_prices(card_id=card.pk, model=model, at=at)
    return {price.metric: price.unit_price for price in prices}


@pytest.mark.parametrize(
    ("model", "cost", "charge"),
    [
        ("claude-haiku", ("0.25", "1.25"), ("0.50", "2.50")),
        ("claude-sonnet", ("3.00", "15.00"), ("6.00", "30.00")),
        ("gpt-4o-mini", ("0.15", "0.60"), ("0.30", "1.20")),
        ("gpt-4o", ("2.50", "10.00"), ("5.00", "20.00")),
        ("llama", ("0.05", "0.08"), ("0.10", "0.16")),
        ("deepseek-r1", ("0", "0"), ("0.05", "0.10")),
        ("ollama", ("0", "0"), ("0.02", "0.05")),
    ],
)
def test_the_standard_card_is_the_table_of_f_039(
    card: RateCard, model: str, cost: tuple[str, str], charge: tuple[str, str]
) -> None:
    rates = {rate.token_class: rate for rate in current(card=card, at=MONDAY) if rate.model == model}

    assert [rates[which].cost for which in ("input", "output")] == [Decimal(figure) for figure in cost]
    assert [rates[which].charge for which in ("input", "output")] == [Decimal(figure) for figure in charge]


@pytest.mark.parametrize(("value", "micros"), [("0.001", 1_750_000), ("0.01", 175_000)])
def test_w11_a_thousand_in_and_five_hundred_out_of_haiku_cost_0_00175_dollars(
    card: RateCard, value: str, micros: int
) -> None:
    with override_settings(CREDIT_VALUE_USD=value):
        prices = model_prices(card_id=card.pk, model="claude-haiku", at=MONDAY)

    usage = {"input_tokens": Decimal(1000), "output_tokens": Decimal(500)}
    rated = rating.rate(prices=prices, usage=usage, minimum=0, quantum=1)

    assert rated.amount == Micros(micros)


def test_a_rate_holds_from_its_moment_on(card: RateCard) -> None:
    later = MONDAY + A_DAY
    write(card, NewRate("openai", "gpt-4o", TokenClass.INPUT, Decimal(2), Decimal(3)), at=later)

    assert charges(card, "gpt-4o", later - dt.timedelta(microseconds=1))["input_tokens"] == Decimal("0.005")
    assert charges(card, "gpt-4o", later)["input_tokens"] == Decimal("0.003")


def test_a_class_without_a_rate_counts_as_its_kind_and_never_for_nothing(card: RateCard) -> None:
    haiku = charges(card, "claude-haiku")

    assert haiku["cache_read_tokens"] == haiku["cache_write_tokens"] == haiku["input_tokens"]
    assert haiku["reasoning_tokens"] == haiku["output_tokens"]


def test_a_cached_token_has_its_own_rate_where_there_is_one(card: RateCard) -> None:
    write(card, NewRate("anthropic", "claude-haiku", TokenClass.CACHE_READ, Decimal("0.03")))

    assert charges(card, "claude-haiku")["cache_read_tokens"] == Decimal("0.00006")


def test_two_models_of_one_provider_keep_their_own_rates(card: RateCard) -> None:
    assert charges(card, "claude-haiku") != charges(card, "claude-sonnet")


def test_a_model_that_two_providers_offer_is_named_with_its_provider(card: RateCard) -> None:
    write(card, NewRate("azure", "gpt-4o", TokenClass.INPUT, Decimal(9), Decimal(9)))

    with pytest.raises(UnknownModelError, match="offered by azure, openai"):
        charges(card, "gpt-4o")
    assert charges(card, "azure/gpt-4o")["input_tokens"] == Decimal("0.009")
    assert charges(card, "openai/gpt-4o")["input_tokens"] == Decimal("0.005")


@pytest.mark.parametrize("model", ["gpt-9", "", "openai/claude-haiku", "/", "gpt-4o/"])
def test_an_unknown_model_is_refused(card: RateCard, model: str) -> None:
    with pytest.raises(UnknownModelError, match="not on the rate card"):
        charges(card, model)


def test_a_models_markup_comes_before_its_providers_and_that_before_the_cards(card: RateCard) -> None:
    def charge(model: str) -> Decimal:
        return rate_cards.charge_for(card=card, provider="openai", model=model, cost=Decimal(1))

    assert charge("gpt-4o") == 2
    RateMarkup.objects.create(card=card, provider="openai", factor=3)
    assert charge("gpt-4o") == 3
    RateMarkup.objects.create(card=card, provider="openai", model="gpt-4o", factor=4)
    assert [charge("gpt-4o"), charge("gpt-4o-mini")] == [Decimal(4), Decimal(3)]


def test_a_stored_charge_is_not_moved_by_a_markup(card: RateCard) -> None:
    RateMarkup.objects.filter(card=card).update(factor=9)

    assert charges(card, "claude-haiku")["input_tokens"] == Decimal("0.0005")


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1000000.1"])
@pytest.mark.parametrize("field", ["cost", "charge"])
def test_it_refuses_a_rate_that_is_negative_or_no_number(card: RateCard, field: str, amount: str) -> None:
    rate = {"cost": Decimal(1), "charge": Decimal(1), field: Decimal(amount)}

    with pytest.raises(InvalidInputError, match=f"{field} must be from 0"):
        write(card, NewRate("openai", "gpt-4o", TokenClass.INPUT, **rate))


def test_it_refuses_to_change_the_past(card: RateCard) -> None:
    with pytest.raises(InvalidInputError, match="in the past"):
        write(card, NewRate("openai", "gpt-4o", TokenClass.INPUT, Decimal(1)), at=MONDAY - A_DAY)


@pytest.mark.parametrize("change", [{"cost": -1}, {"charge": -1}])
def test_the_database_refuses_a_negative_rate(card: RateCard, change: dict[str, int]) -> None:
    (rate,) = write(card, NewRate("openai", "gpt-4o", TokenClass.INPUT, Decimal(1)))
    twin = {"pk": None, "effective_from": MONDAY + A_DAY, **change}

    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        ModelRate.objects.create(**{f.attname: getattr(rate, f.attname) for f in rate._meta.fields} | twin)


def test_the_providers_prices_are_previewed_and_then_written(card: RateCard) -> None:
    added = [("anthropic", "claude-3-haiku")]
    before = ModelRate.objects.count()

    changes = rate_cards.preview(card=card, adding=added, now=MONDAY)

    assert ModelRate.objects.count() == before
    haiku = {change.token_class: change for change in changes if change.model == "claude-3-haiku"}
    assert (haiku[TokenClass.INPUT].new_cost, haiku[TokenClass.INPUT].new_charge) == (
        Decimal("0.25"),
        Decimal("0.5"),
    )
    assert haiku[TokenClass.CACHE_READ].new_cost == Decimal("0.03")
    rate_cards.apply(card=card, changes=changes, effective_from=MONDAY, actor="user:op", now=MONDAY)
    assert rate_cards.preview(card=card, adding=added, now=MONDAY) == []
    assert charges(card, "claude-3-haiku")["output_tokens"] == Decimal("0.0025")


def test_a_preview_says_where_a_token_would_cost_more_than_its_charge(card: RateCard) -> None:
    RateMarkup.objects.create(card=card, provider="openai", factor=Decimal("0.5"))

    changes = rate_cards.preview(card=card, now=MONDAY)

    assert {change.loses for change in changes if change.provider == "openai"} == {True}


def test_an_import_names_the_agents_whose_charges_move(card: RateCard) -> None:
    alice = open_creator()
    for_sale("by-model", BY_MODEL, creator=alice)
    for_sale("by-request", creator=alice)

    assert users_of(card=card, now=MONDAY) == [CardUser("by-model", "Alice", 1)]


def test_the_command_previews_and_writes_only_when_asked(card: RateCard) -> None:
    told, before = StringIO(), ModelRate.objects.count()

    call_command("import_rates", add=["anthropic/claude-3-haiku"], stdout=told)

    assert "anthropic/claude-3-haiku input: new -> cost $0.25, charge $0.50" in told.getvalue()
    assert ModelRate.objects.count() == before
    call_command("import_rates", add=["anthropic/claude-3-haiku"], apply=True, stdout=told)
    assert ModelRate.objects.count() > before


@pytest.mark.parametrize("words", [{"card": "none"}, {"add": ["claude"]}, {"add": ["/claude"]}])
def test_the_command_refuses_what_it_does_not_know(words: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        call_command("import_rates", **words)


class TestAlerts:
    """alerts.watch: staff hear of what costs more than it is charged, once a day and rate."""

    @pytest.fixture
    def losing(self, card: RateCard) -> ModelRate:
        """A model that costs more than its charge, and staff to hear of it."""
        User.objects.create_superuser("olive@example.com", "correct horse battery")
        people.sign_up("bob")
        (rate,) = write(card, NewRate("openai", "gpt-4o", TokenClass.OUTPUT, Decimal(12), Decimal(11)))
        write(card, NewRate("openai", "gpt-4o", TokenClass.INPUT, Decimal(5), Decimal(5)))
        return rate

    def test_staff_are_told_once_a_day_until_it_is_mended(self, card: RateCard, losing: ModelRate) -> None:
        for_sale("by-model", BY_MODEL)

        assert [alerts.watch(now=MONDAY), alerts.watch(now=MONDAY + A_DAY / 4)] == [1, 0]
        (letter,) = mail.outbox
        assert letter.to == ["olive@example.com"]
        assert "openai/gpt-4o output on" in letter.body
        assert "cost 12, charge 11" in letter.body
        assert "by-model of Alice (version 1)" in letter.body

        assert alerts.watch(now=MONDAY + A_DAY) == 1
        rate_cards.set_rates(
            card=card,
            rates=[NewRate("openai", "gpt-4o", TokenClass.OUTPUT, Decimal(12), Decimal(12))],
            effective_from=MONDAY + A_DAY,
            source="test",
            actor="user:op",
            now=MONDAY,
        )
        assert alerts.watch(now=MONDAY + 2 * A_DAY) == 0
        assert list(RateAlert.objects.values_list("rate", flat=True)) == [losing.pk] * 2

    def test_what_was_noted_and_not_mailed_is_mailed_later(self, losing: ModelRate) -> None:
        RateAlert.objects.create(rate=losing, day=MONDAY.date(), created_at=MONDAY)

        assert alerts.watch(now=MONDAY) == 1
        assert len(mail.outbox) == 1

    def test_an_import_and_a_publication_have_it_looked_at_now(
        self, losing: ModelRate, django_capture_on_commit_callbacks: Any
    ) -> None:
        def sent(callbacks: list[Any]) -> list[str]:
            return [call.args[0] for call in callbacks if hasattr(call, "args")]

        with django_capture_on_commit_callbacks() as published:
            for_sale("by-model", BY_MODEL)
        told = StringIO()
        with django_capture_on_commit_callbacks() as imported:
            call_command("import_rates", add=["anthropic/claude-3-haiku"], apply=True, stdout=told)

        assert "marketplace.watch_rates" in sent(published)
        assert "marketplace.watch_rates" in sent(imported)
        assert "Charges move for: by-model of Alice (version 1)." in told.getvalue()

    def test_the_admin_shows_them_first(self, client: Client, losing: ModelRate) -> None:
        client.force_login(User.objects.get(is_staff=True), backend=BACKEND)

        first = client.get("/admin/").content.decode()
        listed = client.get("/admin/marketplace/modelrate/?margin=loses").content.decode()
        everything = client.get("/admin/marketplace/modelrate/").content.decode()
        page = client.get(f"/admin/marketplace/modelrate/{losing.pk}/change/")

        assert "/admin/marketplace/modelrate/?margin=loses" in first
        assert ("gpt-4o" in listed, "claude-haiku" in listed, "claude-haiku" in everything) == (
            True,
            False,
            True,
        )
        assert page.status_code == 200
