"""Changing a subscription: changing.preview and changing.change; leaving it at once."""

import datetime as dt

import pytest

from billing.models import Invoice, Subscription
from billing.operations.subscriptions import cancelling, changing
from billing.operations.subscriptions.states import SubscriptionStateError
from config.kit.errors import InvalidInputError
from marketplace.models import SubscriptionTier
from tests.support.checkout import NOW
from tests.support.market import for_sale
from tests.support.people import open_customer
from tests.support.plans import current, draft_lines, on_sale, renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, queries
from wallets.models import CreditGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
APRIL = NOW.replace(month=4)
HALFWAY = NOW + dt.timedelta(days=15, hours=12)


@pytest.fixture
def starter(stripe_standin: StripeStandin) -> Subscription:
    """Bob on an agent's starter tier: $9.99 for 1,000 credits."""
    return subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin)


def tier_of(subscription: Subscription, name: str) -> int:
    """Find another tier of the same plan."""
    return SubscriptionTier.objects.get(version=subscription.version, name=name).pk


def change(subscription: Subscription, name: str, *, now: dt.datetime = HALFWAY) -> Subscription:
    """Change the tier."""
    tier_id = tier_of(subscription, name)
    return changing.change(
        subscription_id=subscription.pk, tier_id=tier_id, quantity=None, actor="bob", now=now
    )


def test_the_preview_shows_each_line_and_writes_nothing(starter: Subscription) -> None:
    planned = changing.preview(
        subscription=starter, tier_id=tier_of(starter, "pro"), quantity=None, now=HALFWAY
    )

    # Nothing is burned, so half of the time is what is left.
    assert [line.amount_cents for line in planned.lines] == [-500, 4_999]
    assert (planned.total_cents, planned.now, planned.fee_cents) == (4_499, True, 4_999)
    assert starter.periods.count() == 1
    assert Invoice.objects.count() == 1


def test_more_begins_now_and_is_collected_at_once(starter: Subscription) -> None:
    change(starter, "pro")
    settle_up(now=HALFWAY)

    period = current(starter)
    assert (period.number, period.starts_at, period.tier.name) == (1, HALFWAY, "pro")
    assert period.granted_at == HALFWAY
    assert Invoice.objects.latest("pk").total_cents == 4_499
    # The credits that were given back are gone, the new ones are there.
    assert [grant.remaining for grant in CreditGrant.objects.order_by("pk")] == [0, 10_000 * CREDIT]
    assert queries.platform_balance(chart.RECEIVABLE) == 0


def test_what_is_burned_is_not_given_back(starter: Subscription) -> None:
    CreditGrant.objects.update(remaining=100 * CREDIT, burned=900 * CREDIT, cash_remaining=100_000)

    planned = changing.preview(
        subscription=starter, tier_id=tier_of(starter, "pro"), quantity=None, now=HALFWAY
    )

    assert planned.lines[0].amount_cents == -100
    CreditGrant.objects.update(remaining=1_000 * CREDIT, burned=0, cash_remaining=1_000_000)


def test_less_waits_for_the_next_period(starter: Subscription) -> None:
    change(starter, "pro")
    settle_up(now=HALFWAY)

    change(starter, "starter", now=HALFWAY)
    assert (current(starter).number, draft_lines(starter.customer)) == (1, [])
    end = current(starter).ends_at
    renew(now=end)

    assert (current(starter).tier.name, draft_lines(starter.customer)) == ("starter", [("fee", 999)])


def test_going_back_to_what_one_has_undoes_a_planned_change(starter: Subscription) -> None:
    change(starter, "pro")
    settle_up(now=HALFWAY)
    change(starter, "starter", now=HALFWAY)

    change(starter, "pro", now=HALFWAY)

    starter.refresh_from_db()
    assert starter.pending_tier is None


def test_it_refuses_a_tier_of_something_else(starter: Subscription) -> None:
    on_sale()
    other = SubscriptionTier.objects.get(version__plan__slug="pro")

    with pytest.raises(InvalidInputError):
        changing.change(subscription_id=starter.pk, tier_id=other.pk, quantity=None, actor="bob", now=HALFWAY)


def test_it_refuses_more_while_the_period_is_unpaid(starter: Subscription) -> None:
    renew(now=APRIL)

    with pytest.raises(SubscriptionStateError):
        change(starter, "pro", now=APRIL)


def test_leaving_at_once_gives_the_rest_back(starter: Subscription) -> None:
    cancelling.at_once(subscription_id=starter.pk, actor="bob", now=HALFWAY)

    starter.refresh_from_db()
    assert starter.state == "cancelled"
    assert draft_lines(starter.customer) == [("proration", -500)]
    assert CreditGrant.objects.get().remaining == 0


def test_what_is_paused_is_not_renewed_until_it_is_resumed(starter: Subscription) -> None:
    cancelling.pause(subscription_id=starter.pk, actor="bob", now=HALFWAY)
    renew(now=APRIL)
    assert draft_lines(starter.customer) == []

    cancelling.resume(subscription_id=starter.pk, actor="bob", now=APRIL + dt.timedelta(days=9))

    assert current(starter).starts_at == APRIL + dt.timedelta(days=9)
    assert draft_lines(starter.customer) == [("fee", 999)]


def test_what_is_cancelled_is_not_cancelled_again(starter: Subscription) -> None:
    cancelling.at_once(subscription_id=starter.pk, actor="bob", now=HALFWAY)

    with pytest.raises(SubscriptionStateError):
        cancelling.at_once(subscription_id=starter.pk, actor="bob", now=HALFWAY)


def test_one_can_leave_between_the_end_of_the_credits_and_the_renewal(starter: Subscription) -> None:
    left = cancelling.at_once(subscription_id=starter.pk, actor="bob", now=APRIL)

    assert left.state == "cancelled"
    assert CreditGrant.objects.get().remaining == 0
