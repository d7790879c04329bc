"""What unpaid invoices mean for a subscription: dunning.sweep."""

import datetime as dt
from typing import Any

import pytest

from billing.models import Invoice, Subscription
from billing.operations import payments
from billing.operations.invoices import closing
from billing.operations.subscriptions import dunning
from billing.stripe.client import client
from tests.support.checkout import NOW, pay
from tests.support.invoicing import DECLINED, GOOD
from tests.support.market import for_sale
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from wallets.models import CreditGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

APRIL = NOW.replace(month=4)
DAY = dt.timedelta(days=1)


@pytest.fixture
def declined(stripe_standin: StripeStandin) -> Subscription:
    """Bob on a creator's tier, whose card was declined for April."""
    subscription = subscribe(open_customer(), for_sale("subscribed", TIERS), stripe_standin)
    give_card(subscription, DECLINED)
    renew(now=APRIL)
    settle_up(now=APRIL)
    return subscription


def give_card(subscription: Subscription, card: str) -> None:
    """Give the customer another card at Stripe."""
    stripe_id = subscription.customer.stripe_customer.stripe_id
    client().v1.payment_methods.attach(card, {"customer": stripe_id})


def give_up(*, now: dt.datetime) -> None:
    """Give up the invoice that is not paid, as happens when it was pursued for long enough."""
    closing.uncollectible(invoice=Invoice.objects.get(state="open"), reason="unpaid", actor="test", now=now)


def state_of(subscription: Subscription) -> str:
    """Read the state again."""
    return Subscription.objects.get(pk=subscription.pk).state


def test_a_declined_card_makes_it_past_due_without_credits(declined: Subscription) -> None:
    assert dunning.sweep(now=APRIL) == 1
    assert dunning.sweep(now=APRIL) == 0

    assert state_of(declined) == "past_due"
    assert current(declined).granted_at is None
    assert CreditGrant.objects.count() == 1


def test_another_card_brings_it_back(declined: Subscription) -> None:
    dunning.sweep(now=APRIL)
    give_card(declined, GOOD)

    settle_up(now=APRIL + DAY)

    assert state_of(declined) == "active"
    assert current(declined).granted_at == APRIL + DAY
    assert CreditGrant.objects.count() == 2


def test_what_is_given_up_ends_it_and_nothing_follows(declined: Subscription) -> None:
    dunning.sweep(now=APRIL)
    give_up(now=APRIL + 30 * DAY)

    dunning.sweep(now=APRIL + 30 * DAY)
    renew(now=APRIL + 60 * DAY)

    assert state_of(declined) == "cancelled"
    assert declined.periods.count() == 2
    assert draft_lines(declined.customer) == []


def test_a_plan_falls_back_to_the_default_one(settings: Any, stripe_standin: StripeStandin) -> None:
    on_sale()
    settings.DEFAULT_PLAN = "credits-free"
    bob = open_customer()
    subscription = attach(bob, "pro", key="second")
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)
    give_card(subscription, DECLINED)
    renew(now=APRIL)
    settle_up(now=APRIL)
    give_up(now=APRIL + 30 * DAY)

    dunning.sweep(now=APRIL + 30 * DAY)

    live = Subscription.objects.get(customer=bob, state="active")
    assert live.version.plan.slug == "credits-free"
    assert Invoice.objects.latest("pk").state == "uncollectible"
