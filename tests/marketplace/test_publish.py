"""publishing.publish: from a manifest to the next, immutable version."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from marketplace import listings, queries
from marketplace.manifest import ManifestError, parse
from marketplace.models import Agent, PlanVersion, Price, PriceBand, SplitShare, SubscriptionTier
from marketplace.price_editor import samples
from marketplace.queries import AgentSuspendedError
from tests.support.market import A_DAY, collaborate, draft, for_sale, open_creator, publish
from tests.support.people import MONDAY
from tests.support.races import race

pytestmark = pytest.mark.django_db

DEARER = samples.PER_REQUEST.replace("amount: 50", "amount: 60")


def test_it_writes_what_the_manifest_says() -> None:
    version = publish(draft("per-token"), samples.PER_THOUSAND_TOKENS)

    prices = Price.objects.filter(version=version).order_by("id").values_list("model", "metric", "unit_price")
    assert list(prices) == [
        ("per_unit", "input_tokens", Decimal("0.001")),
        ("per_unit", "output_tokens", Decimal("0.003")),
    ]
    assert (version.number, version.pricing_model) == (1, "usage_based")
    assert (version.default_hold, version.minimum, version.quantum) == (10_000_000, 0, 1)
    assert version.effective_from == MONDAY


def test_it_keeps_the_text_as_written() -> None:
    written = "# ours\npricing: {model: free}   \n"

    assert publish(draft(), written).manifest == written


def test_it_writes_tiers_and_charges_a_subscribers_run_one_credit() -> None:
    version = publish(draft("subscribed"), samples.SUBSCRIPTION)

    tiers = SubscriptionTier.objects.filter(version=version).order_by("id")
    assert [(t.name, t.credits_per_month, t.price_usd.amount) for t in tiers] == [
        ("starter", 1_000_000_000, Decimal("9.99")),
        ("pro", 10_000_000_000, Decimal("49.99")),
    ]
    assert Price.objects.get(version=version).unit_price == 1


EVERY_MODEL = """\
pricing:
  model: usage_based
  rates:
    - {metric: request, amount: 1, per: run}
    - {metric: gb, amount: 2, included: 1.5, minimum: 0.5}
    - {metric: pages, model: package, amount: 20, per: 100}
    - {metric: order_value, model: percentage, percent: 2.5}
    - {metric: api_call, model: dynamic, least: 1, most: 10}
    - {metric: minutes, model: graduated, bands: [{up_to: 10, amount: 5, flat: 1}, {amount: 3}]}
    - {metric: rows, model: volume, bands: [{up_to: 10, amount: 5}, {amount: 3}]}
"""


def test_it_keeps_every_price_model_as_the_manifest_says_it() -> None:
    agent = for_sale("every-model", EVERY_MODEL)

    terms = queries.terms(agent=agent.slug, at=MONDAY)

    assert terms.prices == parse(EVERY_MODEL).prices()
    assert [len(price.bands) for price in terms.prices] == [0, 0, 0, 0, 0, 2, 2]


@pytest.mark.django_db(transaction=True)
def test_a_band_is_refused_once_its_version_is_published() -> None:
    for_sale("every-model", EVERY_MODEL)
    price = Price.objects.get(metric="gb")

    with pytest.raises(IntegrityError, match="its bands are complete"):
        PriceBand.objects.create(price=price, place=0, unit_price=1, flat_price=0)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("price", {"unit_price": -1}),
        ("price", {"included": -1}),
        ("price", {"minimum": -1}),
        ("price", {"package_size": 0}),
        ("price", {"least": 2, "most": 1}),
        ("priceband", {"unit_price": -1}),
        ("priceband", {"flat_price": -1}),
        ("priceband", {"up_to": 0}),
    ],
)
def test_the_database_refuses_a_price_that_gives_money(model: str, change: dict[str, int]) -> None:
    version = publish(draft("negative"), EVERY_MODEL)
    price = {"unit_price": 1, "metric": "more", "model": "per_unit", "version": version}
    if model == "price":
        wrong: Price | PriceBand = Price(**price | change)
    else:
        band = {"place": 0, "unit_price": 1, "flat_price": 0, "price": Price.objects.create(**price)}
        wrong = PriceBand(**band | change)

    with pytest.raises(IntegrityError), transaction.atomic():
        wrong.save()


def test_it_puts_the_agent_on_sale_and_writes_that_down() -> None:
    agent = draft()
    publish(agent)

    assert agent.status == Agent.Status.PUBLISHED
    change = agent.status_changes.get()
    assert (change.old_status, change.new_status, change.actor) == ("draft", "published", "user:alice")


def test_it_numbers_versions_and_leaves_the_old_one_alone() -> None:
    agent = for_sale()
    later = publish(agent, DEARER, now=MONDAY + A_DAY)

    assert [v.number for v in agent.plan.versions.order_by("number")] == [1, 2]
    assert later.effective_from == MONDAY + A_DAY
    assert Price.objects.get(version__plan__agent=agent, version__number=1).unit_price == 50


def test_it_publishes_the_same_manifest_once() -> None:
    agent = for_sale()
    again = publish(agent, now=MONDAY + A_DAY)

    assert (again.number, agent.plan.versions.count()) == (1, 1)


def test_it_brings_no_version_into_force_before_the_one_that_it_follows() -> None:
    agent = for_sale()
    version = publish(agent, DEARER, now=MONDAY - dt.timedelta(seconds=1))

    assert version.effective_from == MONDAY


def test_it_gives_creators_eighty_percent_unless_told_otherwise() -> None:
    version = publish(draft())

    assert version.platform_share_bp == 2000
    assert list(version.shares.values_list("share_bp", flat=True)) == [8000]


@override_settings(CREATOR_SHARE_BP=7000)
def test_the_platform_sets_the_default() -> None:
    assert publish(draft()).platform_share_bp == 3000


def test_it_splits_among_several_creators() -> None:
    alice, carol = open_creator("alice"), open_creator("carol")
    text = samples.PER_REQUEST + f"  split: {{creator: 50, {carol.public_id}: 29.5}}\n"

    agent = draft(creator=alice)
    with pytest.raises(ManifestError, match="Carol has not agreed to have a part of this agent"):
        publish(agent, text)
    collaborate(agent, carol)

    version = publish(agent, text)

    assert version.platform_share_bp == 2050
    assert list(version.shares.order_by("id").values_list("creator_id", "share_bp")) == [
        (alice.pk, 5000),
        (carol.pk, 2950),
    ]


def test_it_refuses_more_than_creators_may_have() -> None:
    agent = draft()
    text = samples.PER_REQUEST + "  split: {creator: 80.01}\n"

    with pytest.raises(ManifestError, match="line 8, split: creators may have 80 % at most"):
        publish(agent, text)
    Agent.objects.filter(pk=agent.pk).update(creator_share_bp=9000)
    assert publish(agent, text).platform_share_bp == 1999


def test_it_refuses_a_payee_nobody_knows() -> None:
    unknown = "cre_" + "0" * 26

    with pytest.raises(ManifestError, match=f"line 8, split.{unknown}: there is no such creator"):
        publish(draft(), samples.PER_REQUEST + f"  split: {{{unknown}: 10}}\n")


def test_it_refuses_a_suspended_agent() -> None:
    agent = for_sale()
    listings.suspend(agent=agent, actor="user:olive", reason="spam", now=MONDAY)

    with pytest.raises(AgentSuspendedError):
        publish(agent, DEARER)


def test_it_writes_nothing_of_a_manifest_with_mistakes() -> None:
    agent = draft()

    with pytest.raises(ManifestError, match=r"line 6, rates\[0\].amount"):
        publish(
            agent,
            samples.PER_REQUEST.replace("amount: 50", "amount: -50").replace("  default_hold: 50\n", ""),
        )
    assert not PlanVersion.objects.exists()
    assert agent.status == Agent.Status.DRAFT


@pytest.mark.parametrize("model", [PlanVersion, Price, SplitShare, SubscriptionTier])
@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_version_in_use_never_changes(model: type, change: str) -> None:
    publish(draft(), samples.SUBSCRIPTION)
    table = model._meta.db_table  # type: ignore[attr-defined]
    sql = f"UPDATE {table} SET id = id" if change == "update" else f"DELETE FROM {table}"

    with (
        pytest.raises(Exception, match=r"append-only|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
def test_a_published_version_takes_no_further_component() -> None:
    version = publish(draft())

    with pytest.raises(IntegrityError, match="its marketplace_price rows are complete"):
        Price.objects.create(version=version, model="flat", metric="more", unit_price=1)


@pytest.mark.django_db(transaction=True)
def test_shares_that_make_no_whole_are_refused_at_commit() -> None:
    agent = draft()

    with pytest.raises(IntegrityError, match="of 10000 basis points"), transaction.atomic():
        PlanVersion.objects.create(
            plan=agent.plan,
            number=1,
            pricing_model="free",
            manifest="",
            effective_from=MONDAY,
            platform_share_bp=2000,
            created_by="user:alice",
            created_at=MONDAY,
        )


@pytest.mark.django_db(transaction=True)
def test_publishers_race_to_versions_one_after_the_other() -> None:
    agent = draft()
    texts = [samples.PER_REQUEST.replace("amount: 50", f"amount: {number}") for number in range(1, 9)]

    versions = race(8, lambda number: publish(Agent.objects.get(pk=agent.pk), texts[number]).number)

    assert sorted(versions) == list(range(1, 9))  # type: ignore[type-var]
