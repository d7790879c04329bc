"""PDF, HTML and mails: what was issued, drawn once, sent once."""

import io
from typing import Any

import pypdf
import pytest
from django.core import mail

from billing.documents import pdf, spreadsheet
from billing.models import BillingProfile, InvoiceDocument, InvoiceNotice
from billing.operations.invoices import collecting, documents, notices
from tests.support.invoicing import DECLINED, NOW, draft_of, issued, lacking_pango, with_card
from tests.support.people import open_customer
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_the_pdf_says_what_the_invoice_says() -> None:
    customer = open_customer()
    BillingProfile.objects.create(customer=customer, name="Bob GmbH", address="Street 1\nTown", country="DE")
    invoice = issued(customer, 1_000, 234)

    made = documents.make(invoice_id=invoice.pk, now=NOW)

    said = " ".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(bytes(made.body or b""))).pages
    )
    for part in ("Invoice INV-000001", "Bob GmbH", "Street 1", "$10.00", "$2.34", "$12.34", "1 Mar 2026"):
        assert part in said


def test_it_is_drawn_once() -> None:
    invoice = issued(open_customer(), 1_000)
    first = documents.make(invoice_id=invoice.pk, now=NOW)

    assert documents.make(invoice_id=invoice.pk, now=NOW).pk == first.pk
    assert InvoiceDocument.objects.count() == 1


def test_a_server_without_pango_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking_pango(monkeypatch)

    made = documents.make(invoice_id=issued(open_customer(), 1_000).pk, now=NOW)

    assert made.body is None
    assert "libpango" in made.problem


def test_a_draft_has_no_document() -> None:
    with pytest.raises(Exception, match="does not exist"):
        documents.make(invoice_id=draft_of(open_customer(), 1_000).pk, now=NOW)


def test_a_document_fetches_nothing(caplog: pytest.LogCaptureFixture) -> None:
    body = pdf.make(html='<img src="http://127.0.0.1:9/x.png"><p>text</p>')

    assert body.startswith(b"%PDF")
    assert "disallowed protocol" in caplog.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert spreadsheet.safe(text) == f"'{text}"


def test_each_mail_is_sent_once(stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(), 1_000)
    collecting.collect(invoice_id=invoice.pk, now=NOW)

    for _ in range(2):
        for notice in InvoiceNotice.objects.order_by("pk"):
            notices.send(notice_id=notice.pk, now=NOW)

    assert [letter.subject for letter in mail.outbox] == [
        "Invoice INV-000001",
        "Receipt for invoice INV-000001",
    ]
    assert mail.outbox[0].to == ["bob@example.com"]
    assert "$10.00" in mail.outbox[1].body


def test_a_decline_says_why_and_when_it_is_tried_again(stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(card=DECLINED), 1_000)
    collecting.collect(invoice_id=invoice.pk, now=NOW)

    notices.send(notice_id=InvoiceNotice.objects.get(kind="failed").pk, now=NOW)

    said: Any = mail.outbox[0].body
    assert "Your card was declined." in said
    assert "We try again on 2 Apr 2026." in said
    assert f"/invoices/{invoice.public_id}/" in said
