"""Prices, grants, splits and rounding: where others lost or made a cent, or a whole balance."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.models import Earning, UsageEvent
from billing.operations import posting
from marketplace import publishing
from marketplace.manifest import ManifestError
from marketplace.models import CreditPackage, PlanVersion
from tests.museum.exhibits import incident
from tests.support import ledger, runs
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from wallets import chart, grants, money, operations, queries
from wallets.ledger import Leg, Source, post
from wallets.models import CreditGrant, Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

A_MONTH = dt.timedelta(days=31)


@incident("https://github.com/Climactic/laravel-credits/pull/20")
@pytest.mark.django_db(transaction=True)
def test_credits_given_at_once_all_arrive() -> None:
    """Writers locked `the latest row`, each another one: balances were computed from stale ones, updates lost."""
    wallet = ledger.open_consumer_wallet()

    def give(number: int) -> None:
        reference = f"gift {number}"
        operations.adjust(
            wallet=wallet, amount=credits(1), reference=reference, reason="a gift", actor="test", now=MONDAY
        )

    answers = race(12, give)

    wallet.refresh_from_db()
    assert answers == [None] * 12
    assert wallet.balance == credits(12)
    numbers = Entry.objects.filter(wallet=wallet).order_by("wallet_seq").values_list("wallet_seq", flat=True)
    assert list(numbers) == list(range(1, 13))


@incident("https://github.com/getlago/lago-api/issues/5868")
def test_a_negative_price_is_refused_at_every_door() -> None:
    """Plans, taxes and coupons took negative amounts: a coupon of -50 % charged half as much again."""
    agent = runs.make_agent()

    with pytest.raises(ManifestError, match="0 or more"):
        publishing.publish(
            agent=agent,
            manifest=runs.PER_REQUEST.replace("50", "-50"),
            actor="test",
            now=MONDAY,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditPackage.objects.create(slug="refund", name="Refund", price_cents=-1_000)
    assert PlanVersion.objects.count() == 1


@incident("https://github.com/polarsource/polar/issues/11427")
def test_a_new_price_changes_neither_running_work_nor_balances() -> None:
    """Editing a product's benefits wiped the meter balances of the customers who had bought it."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    reserved = runs.reserve(agent, bob, max_charge=credits(500))
    dearer = runs.PER_REQUEST.replace("50", "400")

    publishing.publish(agent=agent, manifest=dearer, actor="test", now=MONDAY)

    assert runs.wallet_of(bob).balance == credits(1_000)
    assert runs.settle(reserved).charged == credits(50)
    assert CreditGrant.objects.get().remaining == credits(950)


@incident("https://github.com/polarsource/polar/issues/6194")
@pytest.mark.parametrize("renewal_first", [True, False])
def test_expiry_and_renewal_in_either_order_leave_the_new_credits(renewal_first: bool) -> None:
    """A `meter_reset` that came after the `meter_credit` threw the fresh credits away."""
    wallet = ledger.open_consumer_wallet()
    ledger.promise(wallet, credits=100, source="march", expires_at=MONDAY + A_MONTH)

    def renew() -> None:
        ledger.promise(wallet, credits=70, source="april", expires_at=MONDAY + 2 * A_MONTH)

    def expire() -> None:
        grants.expire_due(wallet_id=wallet.pk, now=MONDAY + A_MONTH)

    for step in (renew, expire) if renewal_first else (expire, renew):
        step()

    assert queries.balance(wallet=wallet, now=MONDAY + A_MONTH).available == credits(70)


@incident("https://github.com/opencollective/opencollective/issues/3935")
def test_the_parts_of_a_charge_make_the_charge() -> None:
    """Amounts were rounded part by part, and the parts shown did not make the whole."""
    alice, carol = runs.make_creator(), runs.make_creator("carol")
    split = f"  split: {{creator: 33.33, {carol.public_id}: 33.34, platform: 33.33}}\n"
    agent = runs.make_agent(manifest=runs.PER_TOKEN.rstrip() + "\n" + split, creator=alice, others=[carol])
    bob = runs.make_customer(credits=1_000)

    for number, tokens in enumerate((1, 7, 333, 100_003)):
        usage = {"input_tokens": Decimal(tokens), "output_tokens": Decimal(tokens * 2 + 1)}
        settled = runs.charge(agent, bob, str(number), usage=usage)

        event = UsageEvent.objects.filter(execution__public_id=settled.execution)
        assert sum(event.values_list("charged", flat=True)) == settled.charged
        earned = Earning.objects.filter(execution__public_id=settled.execution)
        assert sum(earned.values_list("amount", flat=True)) + settled.platform == settled.charged


@incident("https://github.com/elizaOS/eliza/issues/31437")
def test_what_is_owed_follows_end_points_not_rounded_steps() -> None:
    """A refund rounded the difference instead of both ends; settlement broke on fractions of a cent."""
    wallet = ledger.open_creator_wallet()
    step = money.MICRO // money.credit_value() - 1  # one micro less than a USD micro is worth

    for number in range(50):
        post(
            kind="posting",
            source=Source("test", str(number)),
            actor="test",
            legs=[Leg(wallet.pk, step), Leg(chart.PLATFORM_SHARE, -step)],
            plug=chart.REVENUE,
            now=MONDAY,
        )

    assert queries.platform_balance(chart.OWED) == money.credits_to_usd(50 * step) == 49


@incident("https://github.com/openmeterio/openmeter/pull/1408")
def test_a_run_at_midnight_belongs_to_one_day() -> None:
    """A recurrence that fell on the boundary of two periods was counted in both."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    midnight = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
    instant = dt.timedelta(microseconds=1)
    runs.charge(agent, bob, "before", now=midnight - instant)
    runs.charge(agent, bob, "at", now=midnight)

    drained = posting.drain_clearing(before=midnight, now=midnight)

    assert drained == 1
    assert posting.post_splits(now=midnight) == 1
    days = Earning.objects.order_by("id").values_list("day", flat=True)
    assert [str(day) for day in days] == ["2026-03-02", "2026-03-03"]
