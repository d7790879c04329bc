"""Leaving a paid plan: the money for what is not consumed, or the units; never both."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, InvoiceLine
from billing.operations import settlement
from billing.operations.subscriptions import cancelling, changing
from billing.runs import Report
from config.kit.errors import DomainError
from marketplace.models import SubscriptionTier
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, settle_up
from tests.support.platform import bought, left, reserve, run
from tests.support.processes import StripeStandin
from tests.support.races import race
from wallets.models import CreditGrant, Entry, Wallet
from wallets.money import MICRO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

SOON = NOW + dt.timedelta(days=1)


def team() -> int:
    """Find the team's tier."""
    return SubscriptionTier.objects.get(version__plan__slug="team").pk


def withdrawn() -> list[int]:
    """List what was withdrawn of wallets, in whole units."""
    rows = Entry.objects.filter(transaction__kind="withdrawal", wallet__owner_type="consumer")
    return [-amount // MICRO for amount in rows.values_list("amount", flat=True)]


def test_an_upgrade_takes_what_it_gives_the_money_for_and_leaves_what_is_held(
    stripe_standin: StripeStandin,
) -> None:
    on_sale()
    bob = open_customer()
    pro = bought(stripe_standin, bob, "pro")
    run(bob, 1_000, key="thousand")
    held = reserve(bob, 100, now=SOON)
    facts: dict[str, Any] = {"tier_id": team(), "quantity": 2, "now": SOON}
    planned = changing.preview(subscription=pro, **facts)
    assert left(bob, now=SOON) == (3_900, 0)

    changing.change(subscription_id=pro.pk, actor="bob", **facts)

    # 3,900 of 5,000 are not used and not held: so much of $29 comes back, as was shown.
    assert [line.amount_cents for line in planned.lines] == [-2_262, 5_000]
    said = InvoiceLine.objects.filter(invoice__state="draft").order_by("place")
    assert [line.amount_cents for line in said] == [5_000, -2_262]
    assert withdrawn() == [3_900]
    with pytest.raises(DomainError):
        run(bob, 1, key="too late", now=SOON)
    usage = {"execution": Decimal(60)}
    settlement.settle(report=Report(execution=held.execution, usage=usage, principal="test"), now=SOON)
    # What was held was not given back: what its run does not use stays the customer's for the old month.
    assert left(bob, now=SOON) == (40, 0)
    settle_up(now=SOON)
    assert Invoice.objects.latest("pk").total_cents == planned.total_cents
    assert left(bob, now=SOON) == (50_040, 0)


def test_leaving_at_once_takes_the_credits_of_the_plan_and_no_others(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    attach(bob, "credits-free")
    paid = bought(stripe_standin, bob, "credits-pro", key="second")

    cancelling.at_once(subscription_id=paid.pk, actor="bob", now=SOON)

    # The free plan's 5,000 burn first, and are not what was paid for.
    assert [grant.remaining // MICRO for grant in CreditGrant.objects.order_by("pk")] == [5_000, 0]
    assert withdrawn() == [100_000]
    assert draft_lines(bob) == [("proration", -9_677)]
    assert current(paid).ends_at == SOON


def test_what_a_debt_has_eaten_is_not_given_back(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    paid = bought(stripe_standin, bob, "pro", overage=True)
    run(bob, 5_600, key="above")

    cancelling.at_once(subscription_id=paid.pk, actor="bob", now=SOON)

    assert withdrawn() == []
    assert sorted(draft_lines(bob)) == [("overage", 300), ("usage", 0)]


@pytest.mark.django_db(transaction=True)
def test_an_upgrade_against_runs_of_the_last_units_leaves_one_owner_of_each(
    stripe_standin: StripeStandin,
) -> None:
    on_sale()
    bob = open_customer()
    pro = bought(stripe_standin, bob, "pro")
    run(bob, 4_990, key="most")
    target = team()

    def act(number: int) -> object:
        if number == 5:
            return changing.change(subscription_id=pro.pk, tier_id=target, quantity=2, actor="bob", now=SOON)
        if number % 2:
            return reserve(bob, 1, now=SOON)
        return run(bob, 1, key=f"last {number}", now=SOON)

    answers = race(12, act)

    assert not isinstance(answers[5], Exception)
    went = sum(not isinstance(each, Exception) for each in answers) - 1
    taken = sum(withdrawn())
    assert went + taken == 10
    back = -sum(
        line.amount_cents for line in InvoiceLine.objects.filter(kind="proration", text__startswith="Unused")
    )
    assert back == (2_900 * taken + 2_500) // 5_000
    quota = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, unit="EXECUTION")
    assert quota.balance == quota.held
