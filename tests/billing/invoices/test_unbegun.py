"""A subscription that ends before its fee is paid asks for it no more; what else was asked for, and credits, stay."""

import datetime as dt

import pytest

from billing.models import Invoice, Subscription
from billing.operations.invoices import closing, collecting
from billing.operations.subscriptions import cancelling, changing, dunning
from billing.stripe.client import client
from marketplace.models import SubscriptionTier
from tests.support.checkout import NOW
from tests.support.invoicing import DECLINED, GOOD
from tests.support.people import open_customer
from tests.support.plans import attach, current, draft_lines, on_sale, renew, settle_up
from tests.support.platform import bought, run
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

SOON = NOW + dt.timedelta(days=1)
APRIL = NOW.replace(month=4)
GRACE = dt.timedelta(hours=2)
UNUSED = -2_806  # of $29, a day into a month of 31


@pytest.fixture
def pro(stripe_standin: StripeStandin) -> Subscription:
    """Bob on Pro with overage, paid for March."""
    on_sale()
    return bought(stripe_standin, open_customer(), "pro", overage=True)


def give_card(subscription: Subscription, card: str) -> None:
    """Give the customer another card at Stripe."""
    stripe_id = subscription.customer.stripe_customer.stripe_id
    client().v1.payment_methods.attach(card, {"customer": stripe_id})


def leave(subscription: Subscription, *, now: dt.datetime) -> None:
    """Cancel now."""
    cancelling.at_once(subscription_id=subscription.pk, actor="bob", now=now)


def upgrade(subscription: Subscription) -> None:
    """Ask for the team's plan, a day into the month."""
    tier = SubscriptionTier.objects.get(version__plan__slug="team").pk
    changing.change(subscription_id=subscription.pk, tier_id=tier, quantity=2, actor="bob", now=SOON)


def charged(subscription: Subscription) -> int:
    """Count the payments that Stripe made of invoices."""
    mine = Invoice.objects.filter(customer=subscription.customer_id)
    return mine.filter(payments__state="paid", payments__method="card").count()


def test_a_fee_that_gathers_is_dropped_and_the_rest_is_billed(pro: Subscription) -> None:
    run(pro.customer, 5_600, key="above", now=SOON)
    renew(now=APRIL)
    assert sorted(draft_lines(pro.customer))[:2] == [("fee", 2_900), ("overage", 300)]

    leave(pro, now=APRIL)
    settle_up(now=APRIL + GRACE)

    issued = Invoice.objects.latest("pk")
    assert (issued.state, issued.total_cents) == ("paid", 300)
    assert current(pro).granted_at is None


def test_a_fee_that_was_declined_is_tried_no_more_and_the_rest_is_asked_for_anew(pro: Subscription) -> None:
    run(pro.customer, 5_600, key="above", now=SOON)
    give_card(pro, DECLINED)
    renew(now=APRIL)
    settle_up(now=APRIL + GRACE)
    asked = Invoice.objects.get(state="open")
    assert (asked.total_cents, asked.attempts) == (3_200, 1)
    dunning.sweep(now=APRIL + GRACE)

    leave(pro, now=APRIL + 2 * GRACE)
    give_card(pro, GOOD)
    for _ in range(2):
        collecting.collect(invoice_id=asked.pk, now=APRIL + 2 * GRACE)

    asked.refresh_from_db()
    assert (asked.state, charged(pro)) == ("void", 0)
    assert ("adjustment", 300) in draft_lines(pro.customer)
    settle_up(now=APRIL + 4 * GRACE)
    paid = Invoice.objects.filter(state="paid", payments__method="card")
    assert [invoice.total_cents for invoice in paid] == [300]


def test_who_leaves_an_upgrade_before_it_is_charged_keeps_the_value_of_what_was_given_up(
    pro: Subscription,
) -> None:
    upgrade(pro)

    leave(pro, now=SOON)
    settle_up(now=SOON + GRACE)

    assert charged(pro) == 0
    assert draft_lines(pro.customer) == [("proration", UNUSED)]
    attach(pro.customer, "payg", key="another", now=SOON + GRACE)
    assert draft_lines(pro.customer) == [("proration", UNUSED)]


def test_an_upgrade_that_is_never_paid_leaves_the_value_of_what_was_given_up(pro: Subscription) -> None:
    give_card(pro, DECLINED)
    upgrade(pro)
    settle_up(now=SOON)
    asked = Invoice.objects.get(state="open")
    assert asked.total_cents == 5_000 + UNUSED

    closing.uncollectible(invoice=asked, reason="unpaid", actor="test", now=SOON + dt.timedelta(days=21))

    assert draft_lines(pro.customer) == [("adjustment", UNUSED)]
    # Paid after all, it was less by just that.
    give_card(pro, GOOD)
    for _ in range(2):
        collecting.collect(invoice_id=asked.pk, now=SOON + dt.timedelta(days=22), asked=True)
    assert charged(pro) == 1
    assert draft_lines(pro.customer) == [("adjustment", UNUSED), ("adjustment", -UNUSED)]


def test_an_invoice_that_staff_takes_back_gives_its_credits_back_too(pro: Subscription) -> None:
    give_card(pro, DECLINED)
    upgrade(pro)
    settle_up(now=SOON)

    closing.void(invoice=Invoice.objects.get(state="open"), reason="wrong plan", actor="user:olive", now=SOON)

    assert draft_lines(pro.customer) == [("proration", UNUSED)]
