"""Subscribing to a platform plan: attaching.attach."""

import datetime as dt
from typing import Any

import pytest

from billing.models import Subscription
from billing.operations import payments
from billing.operations.subscriptions import AlreadySubscribedError
from billing.operations.subscriptions.attaching import ByAgreementError
from config.kit.errors import InvalidInputError, KeyReusedError
from marketplace.queries.plans import PlanNotFoundError
from tests.support import plans
from tests.support.checkout import NOW, pay
from tests.support.people import open_customer
from tests.support.plans import attach, current, on_sale
from tests.support.processes import StripeStandin
from wallets import chart, queries
from wallets.models import CreditGrant, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000


def test_a_free_plan_is_active_at_once_with_its_credits() -> None:
    on_sale()
    bob = open_customer()

    subscription = attach(bob, "credits-free")

    assert subscription.state == Subscription.State.ACTIVE
    assert subscription.stripe_session_id == ""
    assert subscription.current_period_end == NOW.replace(month=4)
    wallet = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, unit="CREDITS", scope="")
    # Five dollars' worth, at a credit's value.
    assert queries.balance(wallet=wallet, now=NOW).available == 5_000 * CREDIT
    assert CreditGrant.objects.get().cash == 0


def test_credits_of_a_free_plan_come_once_a_month_however_often_it_is_begun() -> None:
    on_sale()
    bob = open_customer()
    last = attach(bob, "credits-free")
    for number, plan in enumerate(["payg", "credits-free", "payg", "credits-free"]):
        last = attach(bob, plan, key=str(number), now=NOW + dt.timedelta(hours=number))

    assert (CreditGrant.objects.count(), current(last).ends_at) == (1, NOW.replace(month=4))
    plans.renew(now=NOW.replace(month=4))
    assert (CreditGrant.objects.count(), current(last).ends_at) == (2, NOW.replace(month=5))


def test_a_paid_plan_is_active_once_its_checkout_is_paid(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()

    subscription = attach(bob, "credits-pro")
    assert (subscription.state, subscription.amount_cents) == ("incomplete", 10_000)
    assert not subscription.periods.exists()
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    subscription.refresh_from_db()
    assert subscription.state == "active"
    period = current(subscription)
    assert (period.number, period.amount_cents, period.granted_at) == (0, 10_000, NOW)
    grant = CreditGrant.objects.get()
    assert (grant.amount, grant.cash) == (100_000 * CREDIT, 100 * CREDIT)
    assert (grant.source_type, grant.source_id) == ("subscription_period", f"{subscription.public_id}:0")
    assert queries.platform_balance(chart.REVENUE) == 0


def test_a_plan_without_credits_is_revenue_when_paid(stripe_standin: StripeStandin) -> None:
    on_sale()
    subscription = attach(open_customer(), "pro")
    pay(stripe_standin, subscription.stripe_session_id)

    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    assert queries.platform_balance(chart.REVENUE) == 29 * CREDIT
    assert queries.platform_balance(chart.DEFERRED) == 0


def test_a_paid_plan_takes_the_place_of_the_free_one(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    free = attach(bob, "credits-free")
    subscription = attach(bob, "pro", key="second")
    pay(stripe_standin, subscription.stripe_session_id)

    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW + dt.timedelta(days=3))

    free.refresh_from_db()
    assert free.state == "cancelled"
    assert current(free).ends_at == NOW + dt.timedelta(days=3)
    assert Subscription.objects.get(customer=bob, state="active") == subscription


def test_seats_multiply_the_fee(stripe_standin: StripeStandin) -> None:
    on_sale()

    subscription = attach(open_customer(), "team", quantity=3)

    assert (subscription.quantity, subscription.amount_cents) == (3, 7_500)


def test_a_calendar_plan_costs_its_part_of_the_first_month(stripe_standin: StripeStandin) -> None:
    on_sale()
    begin = dt.datetime(2026, 4, 16, tzinfo=dt.UTC)

    subscription = attach(open_customer(), "pro", alignment="calendar", now=begin)

    assert subscription.amount_cents == 1_450


def test_the_same_key_gives_the_same_subscription() -> None:
    on_sale()
    bob = open_customer()

    assert attach(bob, "credits-free") == attach(bob, "credits-free")
    assert Subscription.objects.count() == 1


def test_another_plan_under_the_key_is_refused() -> None:
    on_sale()
    bob = open_customer()
    attach(bob, "credits-free")

    with pytest.raises(KeyReusedError):
        attach(bob, "pro")


def test_the_same_plan_again_is_refused() -> None:
    on_sale()
    bob = open_customer()
    attach(bob, "credits-free")

    with pytest.raises(AlreadySubscribedError):
        attach(bob, "credits-free", key="second")


@pytest.mark.parametrize(
    ("plan", "choice"),
    [
        ("team", {"quantity": 0}),
        ("team", {"quantity": 10_001}),
        ("pro", {"quantity": 2}),
        ("pro", {"tier": "gold"}),
        ("pro", {"zone": "Mars/Olympus"}),
        ("pro", {"alignment": "lunar"}),
    ],
)
def test_it_refuses_what_the_plan_does_not_offer(plan: str, choice: dict[str, Any]) -> None:
    on_sale()
    with pytest.raises(InvalidInputError):
        attach(open_customer(), plan, **choice)


@pytest.mark.parametrize("plan", ["", "platinum", "pro\x00", "p" * 300])
def test_it_refuses_a_plan_that_is_not_there(plan: str) -> None:
    on_sale()
    with pytest.raises(PlanNotFoundError):
        attach(open_customer(), plan)


def test_a_plan_by_agreement_is_not_for_everybody() -> None:
    on_sale()
    with pytest.raises(ByAgreementError):
        attach(open_customer(), "enterprise")


def test_a_new_customer_has_the_default_plan(settings: object) -> None:
    on_sale()
    settings.DEFAULT_PLAN = "credits-free"  # type: ignore[attr-defined]

    bob = open_customer()

    assert Subscription.objects.get(customer=bob).version.plan.slug == "credits-free"
    assert CreditGrant.objects.get().amount == 5_000 * CREDIT


def test_a_customer_is_opened_though_the_default_plan_is_not_there_and_the_log_says_so(
    settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEFAULT_PLAN = "nothing"  # type: ignore[attr-defined]
    on_sale()
    assert "default_plan" not in caplog.text, "the platform itself needs no plan"

    bob = open_customer()

    assert not Subscription.objects.filter(customer=bob).exists()
    assert f"default_plan.missing plan=nothing customer={bob.public_id}" in caplog.text


def test_it_is_renewed_by_nobody_before_its_end() -> None:
    on_sale()
    attach(open_customer(), "credits-free")

    assert plans.renew(now=NOW.replace(month=4) - dt.timedelta(microseconds=1)) == 0
