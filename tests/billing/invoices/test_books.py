"""Every invariant of invoices holds over a life of them, and finds its damage and only that."""

from typing import Any, Final

import pytest

from billing.invoice_books import INVARIANTS
from billing.operations.invoices import collecting, credit_notes
from billing.operations.invoices.credit_notes import Credit
from tests.support import damage, market
from tests.support.invoicing import NOW, draft_of, first_invoice, issued, with_card
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGE: Final = {
    "invoices are numbered without gaps": "UPDATE billing_invoicecounter SET last = last + 1"
    " WHERE series = 'invoice'",
    "lines sum to their invoice": "UPDATE billing_invoice SET subtotal_cents = 1 WHERE state = 'open'",
    "lines are rounded once, half up": "UPDATE billing_invoiceline SET amount_micros = amount_micros + 5000",
    "paid invoices were paid once, in full": "UPDATE billing_invoice SET payment_intent_id = 'pi_x'"
    " WHERE payment_intent_id IN (SELECT payment_intent_id FROM billing_invoicepayment)",
    "payments of invoices are in the books": "UPDATE wallets_transaction SET kind = 'x'"
    " WHERE kind = 'invoice_paid'",
    "receivable is what open invoices ask for": "UPDATE billing_invoice SET state = 'void'"
    " WHERE state = 'open'",
    "tax is what paid invoices asked for": "UPDATE wallets_entry SET wallet_id = wallets_platform('USD', 'revenue')"
    " WHERE wallet_id = wallets_platform('USD', 'tax')",
    "credit notes are within their invoice": "UPDATE billing_creditnote SET amount_cents = 9999",
    "fees of paid invoices brought their period": "UPDATE billing_subscriptionperiod SET granted_at = NULL",
    "guards of invoices stand": "ALTER TABLE billing_invoice DISABLE TRIGGER billing_invoice_frozen",
}


@pytest.fixture(autouse=True)
def _life(stripe_standin: StripeStandin, settings: Any) -> None:
    """Let invoices be drafted, issued, taxed, paid at a checkout and by card, and credited."""
    settings.INVOICE_TAX_RATES = {"": "20"}
    agent = market.for_sale("subscribed", TIERS)
    first_invoice(with_card(open_customer("charlie")), agent, stripe_standin)
    customer = with_card()
    paid = collecting.collect(invoice_id=issued(customer, 1_000).pk, now=NOW)
    note = Credit(amount_cents=100, reason="a mistake", reference="once", actor="user:olive")
    credit_notes.give(invoice=paid, credit=note, now=NOW)
    issued(open_customer("alice"), 700)
    draft_of(customer, 300, name="next")


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    damage.assert_each_is_found(monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=NOW)
