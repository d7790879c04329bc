"""The tax of a first payment: shown before it is asked for, on the first invoice, and owed in the books."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import BillingProfile, Execution, Invoice, Subscription
from billing.operations import payments, posting
from billing.operations.subscriptions import changing
from billing.stripe.client import client as stripe_client
from config.kit import clock
from tests.support import people, runs
from tests.support.checkout import NOW, pay
from tests.support.market import for_sale
from tests.support.plans import on_sale, renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from wallets import chart
from wallets.queries import platform_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

DOLLAR = 1_000_000
APRIL = NOW.replace(month=4)


@pytest.fixture
def bob(client: Client, settings: Any) -> Customer:
    """Bob, signed in, in a country that taxes 19 %, with plans on sale."""
    settings.INVOICE_TAX_RATES = {"DE": "19", "FR": "20"}
    on_sale()
    user, customer = people.sign_up("bob")
    client.force_login(user)
    BillingProfile.objects.create(customer=customer, country="DE")
    return customer


def items(session_id: str) -> list[tuple[str, int]]:
    """Tell what Stripe's page lists."""
    found = stripe_client().v1.checkout.sessions.line_items.list(session_id).data
    return [(one.description or "", one.amount_total) for one in found]


def test_it_is_shown_before_and_owed_after(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    page = " ".join(client.get("/plans/credits-pro/").content.decode().split())
    assert "Tax (DE, 19 %)" in page
    assert "$19.00 a month" in page

    client.post("/plans/credits-pro/", {"key": "k"})
    found = Subscription.objects.get(customer=bob, agent=None, state="incomplete")
    assert items(found.stripe_session_id) == [
        ("Credits Pro: first month", 10_000),
        ("Tax (DE, 19 %)", 1_900),
    ]
    waiting = " ".join(client.get(f"/subscriptions/{found.public_id}/").content.decode().split())
    assert "$119.00" in waiting
    assert "Tax (DE, 19 %) included" in waiting

    # What the checkout has asked for stands, wherever they move meanwhile.
    BillingProfile.objects.update(country="FR")
    pay(stripe_standin, found.stripe_session_id)
    for _ in range(2):
        payments.fulfil(session_id=found.stripe_session_id, now=clock.now())

    invoice = Invoice.objects.get(customer=bob)
    assert (invoice.state, invoice.subtotal_cents, invoice.tax_cents) == ("paid", 10_000, 1_900)
    assert (invoice.total_cents, invoice.tax_country, str(invoice.tax_rate)) == (11_900, "DE", "19.0000")
    assert [(line.kind, line.amount_cents) for line in invoice.lines.all()] == [("fee", 10_000)]
    assert platform_balance(chart.TAX) == 19 * DOLLAR
    assert platform_balance(chart.DEFERRED) == 100 * DOLLAR


def test_a_change_shows_the_tax_that_it_collects(bob: Customer, stripe_standin: StripeStandin) -> None:
    agent = for_sale("subscribed", TIERS)
    starter = subscribe(bob, agent, stripe_standin)
    tier = starter.version.tiers.get(name="pro")

    planned = changing.preview(subscription=starter, tier_id=tier.pk, quantity=None, now=NOW)
    changing.change(subscription_id=starter.pk, tier_id=tier.pk, quantity=None, actor="bob", now=NOW)
    settle_up(now=NOW)

    assert (planned.total_cents, planned.tax.cents, planned.due_cents) == (4_000, 760, 4_760)
    invoice = Invoice.objects.latest("pk")
    assert (invoice.state, invoice.tax_cents, invoice.total_cents) == ("paid", 760, 4_760)


def test_each_periods_credits_bear_their_part_of_the_cards_fee(
    bob: Customer, stripe_standin: StripeStandin
) -> None:
    agent = for_sale("subscribed", TIERS)
    subscription = subscribe(bob, agent, stripe_standin)
    renew(now=APRIL)
    settle_up(now=APRIL)

    for now in (NOW, APRIL):
        runs.settle(runs.reserve(agent, bob, now=now), now=now)
    posting.post_splits(now=APRIL)

    # $11.89 was charged each time, for 64 cents; a credit stands for a tenth of a cent of it.
    bears = 640_000 * 1_000 // 11_890_000
    first, renewed = Execution.objects.filter(source="router").order_by("pk")
    assert subscription.fee_cents == 64
    assert (first.processing, renewed.processing) == (bears, bears)
