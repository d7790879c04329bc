"""One bill for everything (T16): of several subscriptions and agents, and the same on the page, as CSV and as PDF."""

import csv
import io
from decimal import Decimal

import pypdf
import pytest

from billing.documents import spreadsheet
from billing.models import Invoice
from billing.operations import payments, posting
from billing.operations.invoices import documents
from billing.queries import invoices as queries
from tests.support import runs
from tests.support.checkout import NOW, pay
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.plans import attach, on_sale, renew, settle_up
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

APRIL = NOW.replace(month=4)


def test_three_subscriptions_that_end_together_make_one_invoice(stripe_standin: StripeStandin) -> None:
    on_sale()
    bob = open_customer()
    plan = attach(bob, "credits-pro", overage=True)
    pay(stripe_standin, plan.stripe_session_id)
    payments.fulfil(session_id=plan.stripe_session_id, now=NOW)
    for slug, tier in (("painter", "starter"), ("writer", "pro")):
        agent = for_sale(slug, TIERS, creator=open_creator(slug))
        subscribe(bob, agent, stripe_standin, tier=tier, key=slug)
    # $100 of credits, and $35 below zero: by two agents, one of them with two models.
    echo, tiny = (runs.make_agent(slug, creator=runs.make_creator(slug)) for slug in ("echo", "tiny"))
    used = [(echo, "haiku", 2_000), (echo, "haiku", 200), (echo, "sonnet", 100), (tiny, "", 400)]
    for number, (agent, model, requests) in enumerate(used):
        asked = {"usage": {"request": Decimal(requests)}, "model": model}
        runs.charge(agent, bob, f"{number}", now=NOW, **asked)
    posting.post_splits(now=NOW)

    assert renew(now=APRIL) == 3
    settle_up(now=APRIL)

    invoice = Invoice.objects.exclude(number__lte=3).get(customer=bob)
    assert (invoice.state, invoice.total_cents) == ("paid", 10_000 + 999 + 4_999 + 3_500)
    page = queries.page(invoice=invoice)
    shown = [(one.kind, one.agent, one.model, one.quantity, one.rate, one.amount_cents) for one in page.lines]
    assert sorted(shown) == [
        ("fee", "", "", "1", "100.00", 10_000),
        ("fee", "Painter", "", "1", "9.99", 999),
        ("fee", "Writer", "", "1", "49.99", 4_999),
        ("overage", "Echo", "haiku", "10000", "0.001", 1_000),
        ("overage", "Echo", "sonnet", "5000", "0.001", 500),
        ("overage", "Tiny", "", "20000", "0.001", 2_000),
    ]
    told = list(csv.DictReader(io.StringIO(spreadsheet.invoice(page=page), newline="")))
    made = documents.make(invoice_id=invoice.pk, now=APRIL)
    sheets = pypdf.PdfReader(io.BytesIO(bytes(made.body or b""))).pages
    drawn = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    for line, row in zip(page.lines, told, strict=False):
        assert (row["line"], row["agent"], row["model"]) == (line.text, line.agent, line.model)
        assert (row["quantity"], row["rate_usd"]) == (line.quantity, line.rate)
        assert Decimal(row["amount_usd"]) * 100 == line.amount_cents
        amount = f"${line.amount_cents / 100:,.2f}"
        parts = [line.text, line.detail, f"{int(line.quantity):,} ${line.rate} {amount}"]
        assert " ".join(part for part in parts if part) in drawn
    assert told[-1]["amount_usd"] == "194.98"
    assert "$194.98" in drawn
