"""What a plan's entitlements bring: quotas filled each period, and use beyond them billed where it was agreed."""

from typing import Any

import pytest

from accounts.models import Membership, User
from billing.models import Invoice, Subscription
from billing.operations.subscriptions import cancelling, consent
from billing.queries import plan_offers
from config.kit.errors import DomainError, InvalidInputError
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, renew, settle_up
from tests.support.platform import bought, left, run
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

APRIL = NOW.replace(month=4)


def test_the_101st_run_of_the_free_plan_is_blocked() -> None:
    on_sale()
    bob = open_customer()
    attach(bob, "free")
    run(bob, 100, key="hundred")

    with pytest.raises(DomainError) as refused:
        run(bob, 1, key="one more")

    assert refused.value.extra["blocking_gate"] == "quota"
    assert left(bob) == (0, 0)


def test_left_and_begun_again_it_brings_nothing_twice(settings: Any) -> None:
    on_sale()
    bob = open_customer()
    first = attach(bob, "free")
    run(bob, 60, key="some")

    settings.DEFAULT_PLAN = "free"
    for _ in range(2):
        live = Subscription.objects.get(customer=bob, state="active")
        cancelling.at_once(subscription_id=live.pk, actor="bob", now=NOW)

    again = Subscription.objects.get(customer=bob, state="active")
    assert (again.pk != first.pk, left(bob), current(again).ends_at) == (True, (40, 0), APRIL)
    renew(now=APRIL)
    assert left(bob, now=APRIL) == (100, 0)


def test_each_period_fills_it_anew() -> None:
    on_sale()
    bob = open_customer()
    attach(bob, "free")
    run(bob, 100, key="hundred")

    renew(now=APRIL)

    assert left(bob, now=APRIL) == (100, 0)
    assert not Invoice.objects.exists()


def test_overage_is_billed_where_it_was_agreed(stripe_standin: StripeStandin) -> None:
    """W8, through the plan: 5,600 executions of Pro are $3.00 above its fee."""
    on_sale()
    bob = open_customer()
    subscription = bought(stripe_standin, bob, "pro", overage=True)
    run(bob, 5_600, key="many")
    assert left(bob) == (0, 600)

    renew(now=APRIL)
    assert sorted(draft_lines(bob)) == [("fee", 2_900), ("overage", 300), ("usage", 0)]
    settle_up(now=APRIL)

    assert Invoice.objects.latest("pk").total_cents == 3_200
    assert current(subscription).granted_at == APRIL
    assert left(bob, now=APRIL) == (5_000, 0)


def test_without_consent_it_stops_at_what_is_included(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    bought(stripe_standin, bob, "pro")

    with pytest.raises(DomainError):
        run(bob, 5_001, key="too many")


def test_consent_is_given_and_taken_back_and_what_was_used_is_billed(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    subscription = bought(stripe_standin, bob, "pro")
    asked: dict[str, Any] = {"subscription_id": subscription.pk, "actor": "bob", "now": NOW}

    assert consent.overage(allowed=True, **asked).overage
    run(bob, 5_100, key="above")
    consent.overage(allowed=False, **asked)
    with pytest.raises(DomainError):
        run(bob, 1, key="one more")
    assert left(bob) == (0, 100)

    renew(now=APRIL)
    assert sorted(draft_lines(bob)) == [("fee", 2_900), ("overage", 50), ("usage", 0)]


def test_seats_bring_their_own(stripe_standin: StripeStandin) -> None:
    """W9, through the plan: 80,000 of 3 seats are 5,000 over: $15.00."""
    on_sale()
    bob = open_customer()
    bought(stripe_standin, bob, "team", quantity=3, overage=True)
    assert left(bob) == (75_000, 0)
    run(bob, 80_000, key="many")

    renew(now=APRIL)

    assert ("overage", 1_500) in draft_lines(bob)


@pytest.mark.parametrize(("runs", "cents"), [(2_000, 2_000), (6_000, 5_000)])
def test_pay_as_you_go_is_capped(runs: int, cents: int) -> None:
    """W10, through the plan: a cent each, never more than $50 a month."""
    on_sale()
    bob = open_customer()
    attach(bob, "payg")
    run(bob, runs, key="many")

    renew(now=APRIL)

    assert sum(amount for _, amount in draft_lines(bob)) == cents


@pytest.mark.parametrize(("runs", "offered"), [(2_000, None), (4_000, "pro"), (6_000, "pro")])
def test_pro_is_offered_when_the_same_use_would_cost_less(runs: int, offered: str | None) -> None:
    """W10: $20.00, no offer; $40.00 and $50.00, Pro offered at $29.00 and $34.00. Nothing changes by itself."""
    on_sale()
    bob = open_customer()
    subscription = attach(bob, "payg")
    run(bob, runs, key="many")

    found = plan_offers.better(subscription=subscription, now=NOW)

    assert (found.plan if found else None) == offered
    assert Subscription.objects.get(customer=bob).version.plan.slug == "payg"


def test_a_team_needs_a_seat_for_each_member() -> None:
    on_sale()
    bob = open_customer()
    for name in ("bob", "eve"):
        user = User.objects.create_user(f"{name}@team.example", "correct horse battery")
        Membership.objects.create(user=user, customer=bob, created_at=NOW)

    with pytest.raises(InvalidInputError):
        attach(bob, "team", quantity=1)
