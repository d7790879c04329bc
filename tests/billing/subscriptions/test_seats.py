"""More seats within a running period, and fewer from the next one on."""

import datetime as dt

import pytest

from billing.models import AddedSeats, Invoice, Subscription
from billing.operations.subscriptions import cancelling, changing
from billing.operations.subscriptions.states import SubscriptionStateError
from billing.queries import entitlements
from marketplace.models import Feature
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.plans import current, draft_lines, on_sale, renew, settle_up
from tests.support.platform import bought, left, run
from tests.support.processes import StripeStandin
from tests.support.races import race
from wallets import chart, queries
from wallets.money import MICRO

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

APRIL = NOW.replace(month=4)
HALFWAY = NOW + dt.timedelta(days=15, hours=12)


@pytest.fixture
def team(stripe_standin: StripeStandin) -> Subscription:
    """Bob's team of two, overage on."""
    on_sale()
    return bought(stripe_standin, open_customer(), "team", quantity=2, overage=True)


def seats(subscription: Subscription, quantity: int, *, now: dt.datetime = HALFWAY) -> Subscription:
    """Ask for another number of seats."""
    return changing.change(
        subscription_id=subscription.pk, tier_id=subscription.tier_id, quantity=quantity, actor="bob", now=now
    )


def test_more_seats_cost_and_bring_their_part_of_the_running_period(team: Subscription) -> None:
    bob = team.customer
    planned = changing.preview(subscription=team, tier_id=team.tier_id, quantity=4, now=HALFWAY)
    assert [(line.text, line.amount_cents) for line in planned.lines] == [("2 more seats", 2_500)]
    assert (planned.now, planned.fee_cents, AddedSeats.objects.count()) == (True, 10_000, 0)

    seats(team, 4)

    period = current(team)
    assert (period.number, period.starts_at, period.ends_at) == (0, NOW, APRIL)
    assert Subscription.objects.get(pk=team.pk).quantity == 4
    # They come when they are paid, and until then nothing else is added.
    assert left(bob) == (50_000, 0)
    with pytest.raises(SubscriptionStateError):
        seats(team, 5)
    settle_up(now=HALFWAY)
    assert Invoice.objects.latest("pk").total_cents == planned.total_cents
    assert left(bob, now=HALFWAY) == (75_000, 0)
    told = entitlements.standing(customer=bob, feature=Feature.objects.get(slug="execution"), now=HALFWAY)
    assert told.allowance == 75_000 * MICRO
    assert queries.platform_balance(chart.RECEIVABLE) == 0

    run(bob, 80_000, key="many", now=HALFWAY)
    renew(now=APRIL)
    assert sorted(draft_lines(bob)) == [("fee", 10_000), ("overage", 1_500), ("usage", 0)]
    settle_up(now=APRIL)
    assert left(bob, now=APRIL) == (100_000, 0)


def test_what_is_left_of_all_seats_is_given_back(team: Subscription) -> None:
    seats(team, 4)
    settle_up(now=HALFWAY)
    run(team.customer, 60_000, key="most", now=HALFWAY)

    cancelling.at_once(subscription_id=team.pk, actor="bob", now=HALFWAY)

    # 15,000 of 75,000 units, for which $75.00 was paid.
    assert draft_lines(team.customer) == [("proration", -1_500)]
    assert left(team.customer, now=HALFWAY) == (0, 0)


def test_fewer_seats_wait_for_the_next_period(team: Subscription) -> None:
    seats(team, 1)
    assert draft_lines(team.customer) == []

    renew(now=APRIL)

    assert (current(team).quantity, draft_lines(team.customer)) == (1, [("fee", 2_500)])


def test_a_few_cents_are_not_charged_by_themselves(team: Subscription) -> None:
    late = APRIL - dt.timedelta(hours=1)

    seats(team, 3, now=late)

    assert draft_lines(team.customer) == [("proration", 3)]
    assert left(team.customer, now=late) == (50_034, 0)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_add_them_once(team: Subscription) -> None:
    answers = race(4, lambda _: seats(team, 4))

    # The first adds two; the others find four, and that they are not paid yet or there already.
    assert AddedSeats.objects.get().seats == 2
    assert any(isinstance(answer, Subscription) for answer in answers)
    assert Invoice.objects.filter(state="draft").count() == 1
