"""What falls due: renewing.renew_due, paid.period_paid."""

import datetime as dt

import pytest
from django.db import transaction

from billing.models import Invoice, Subscription
from billing.operations.subscriptions import cancelling, paid
from tests.support.checkout import NOW
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, renew, settle_up
from tests.support.platform import bought
from tests.support.processes import StripeStandin
from tests.support.races import race
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, grants, queries
from wallets.models import CreditGrant, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
APRIL = NOW.replace(month=4)
MAY = NOW.replace(month=5)


def test_a_free_plan_grants_each_month_anew() -> None:
    on_sale()
    bob = open_customer()
    subscription = attach(bob, "credits-free")

    assert renew(now=APRIL) == 1
    assert renew(now=APRIL) == 0

    period = current(subscription)
    assert (period.number, period.starts_at, period.ends_at, period.granted_at) == (1, APRIL, MAY, APRIL)
    wallet = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, unit="CREDITS", scope="")
    grants.expire_due(wallet_id=wallet.pk, now=APRIL)
    assert queries.balance(wallet=wallet, now=APRIL).available == 5_000 * CREDIT
    assert not Invoice.objects.filter(state="draft").exists()


def test_a_paid_plan_waits_for_its_payment(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    subscription = bought(stripe_standin, bob, "credits-pro")

    renew(now=APRIL)

    april = current(subscription)
    assert (april.number, april.granted_at) == (1, None)
    assert draft_lines(bob) == [("fee", 10_000)]
    assert CreditGrant.objects.count() == 1
    settle_up(now=APRIL)
    assert CreditGrant.objects.filter(source_id=f"{subscription.public_id}:1").get().cash == 100 * CREDIT
    assert queries.platform_balance(chart.RECEIVABLE) == 0


def test_a_payment_that_is_told_twice_grants_once(stripe_standin: StripeStandin) -> None:
    on_sale()
    subscription = bought(stripe_standin, open_customer(), "credits-pro")
    renew(now=APRIL)
    settle_up(now=APRIL)

    april = current(subscription)
    with transaction.atomic():
        paid.period_paid(period_id=april.pk, payment_intent_id="pi_x", paid_at=APRIL, now=APRIL)

    assert CreditGrant.objects.count() == 2


def test_nothing_follows_a_period_that_is_not_paid(stripe_standin: StripeStandin) -> None:
    on_sale()
    subscription = bought(stripe_standin, open_customer(), "pro")
    renew(now=APRIL)

    renew(now=MAY)
    assert (current(subscription).number, current(subscription).closed_at) == (1, MAY)
    settle_up(now=MAY)

    assert (current(subscription).number, current(subscription).starts_at) == (2, MAY)


def test_a_creators_tier_is_renewed_and_split(stripe_standin: StripeStandin) -> None:
    alice, bob = open_creator(), open_customer()
    subscribe(bob, for_sale("subscribed", TIERS, creator=alice), stripe_standin)

    renew(now=APRIL)
    assert draft_lines(bob) == [("fee", 999)]
    settle_up(now=APRIL)

    assert CreditGrant.objects.filter(expires_at=MAY).get().amount == 1_000 * CREDIT
    assert queries.platform_balance(chart.CLEARING) == 2 * 8_990 * CREDIT


def test_years_of_sleep_are_made_up_for() -> None:
    on_sale()
    subscription = attach(open_customer(), "credits-free")

    closed = renew(now=NOW.replace(year=2028, month=1))

    assert closed == 22
    assert current(subscription).starts_at == NOW.replace(year=2028, month=1)
    assert CreditGrant.objects.count() == 23


def test_a_short_month_does_not_shorten_what_follows() -> None:
    on_sale(now=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    begin = dt.datetime(2026, 1, 31, 9, tzinfo=dt.UTC)
    subscription = attach(open_customer(), "credits-free", now=begin)

    renew(now=begin.replace(month=4, day=1))

    ends = [period.ends_at.strftime("%m-%d") for period in subscription.periods.order_by("number")]
    assert ends == ["02-28", "03-31", "04-30"]


def test_a_cancelled_plan_ends_with_its_period_and_falls_back(
    stripe_standin: StripeStandin, settings: object
) -> None:
    on_sale()
    bob = open_customer()
    subscription = bought(stripe_standin, bob, "pro")
    settings.DEFAULT_PLAN = "credits-free"  # type: ignore[attr-defined]
    cancelling.at_period_end(subscription_id=subscription.pk, actor="bob", now=NOW)

    renew(now=APRIL)

    subscription.refresh_from_db()
    assert subscription.state == "cancelled"
    assert draft_lines(bob) == []
    assert Subscription.objects.get(customer=bob, state="active").version.plan.slug == "credits-free"


def test_what_is_kept_after_all_is_renewed(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    subscription = bought(stripe_standin, bob, "pro")
    cancelling.at_period_end(subscription_id=subscription.pk, actor="bob", now=NOW)

    cancelling.keep(subscription_id=subscription.pk, actor="bob", now=NOW)
    renew(now=APRIL)

    assert draft_lines(bob) == [("fee", 2_900)]


@pytest.mark.django_db(transaction=True)
def test_ten_renewers_at_once_close_a_period_once() -> None:
    on_sale()
    subscription = attach(open_customer(), "credits-free")

    answers = race(10, lambda _: renew(now=APRIL))

    assert sum(answer for answer in answers if isinstance(answer, int)) == 1
    assert subscription.periods.count() == 2
    assert CreditGrant.objects.count() == 2
