"""The invoice of a subscription's first payment: final, numbered and paid with it."""

from typing import Any

import pytest

from billing.models import InvoiceNotice
from billing.operations.invoices import first
from tests.support import market
from tests.support.invoicing import NOW, draft_of, first_invoice
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS

pytestmark = pytest.mark.django_db


def test_it_is_numbered_and_paid(books: None, stripe_standin: StripeStandin) -> None:
    invoice = first_invoice(open_customer(), market.for_sale("subscribed", TIERS), stripe_standin)

    assert (invoice.state, invoice.number, invoice.total_cents) == ("paid", 1, 999)
    line = invoice.lines.get()
    assert (line.kind, line.amount_cents, line.agent is not None) == ("fee", 999, True)
    assert [change.to_state for change in invoice.changes.order_by("pk")] == ["open", "paid"]
    assert list(InvoiceNotice.objects.values_list("kind", flat=True)) == ["paid"]


def test_a_draft_that_gathers_stays_open(books: None, stripe_standin: StripeStandin) -> None:
    customer = open_customer()
    draft = draft_of(customer, 500)

    invoice = first_invoice(customer, market.for_sale("subscribed", TIERS), stripe_standin)

    draft.refresh_from_db()
    assert (draft.state, invoice.pk != draft.pk) == ("draft", True)


@pytest.mark.django_db(transaction=True)
def test_it_is_written_with_the_payment_or_not_at_all(stripe_standin: StripeStandin) -> None:
    nothing: Any = None
    with pytest.raises(RuntimeError, match="in the transaction"):
        first.paid_at_checkout(subscription=nothing, period=nothing, payment=nothing, now=NOW)
