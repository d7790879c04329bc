"""Jobs around invoices: issue, collect, find out, give up, file, tell. Each asks the row how it stands."""

from typing import Any, Final

from celery import shared_task

from billing.models.invoice_payments import InvoicePayment
from billing.operations import statement_papers
from billing.operations.invoices import closing, collecting, documents, finalising, notices
from billing.stripe.errors import StripeUnavailableError
from config.kit import clock

RETRY_SECONDS: Final = 5
RETRIES: Final = 3


@shared_task(name="billing.finalise_invoices")
def finalise_invoices(**_: Any) -> None:
    """Issue the drafts whose grace is over; each is issued once, under its lock."""
    finalising.finalise_due(now=clock.now())


@shared_task(name="billing.collect_invoices")
def collect_invoices(**_: Any) -> None:
    """Have due invoices charged, find out what became of lost charges, and give up what was pursued long enough."""
    now = clock.now()
    collecting.collect_due(now=now)
    collecting.resolve_pending(now=now)
    closing.give_up_due(now=now)


@shared_task(
    name="billing.collect_invoice",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def collect_invoice(*, invoice_id: int, **_: Any) -> None:
    """Charge an invoice that is due. Twice is safe: one attempt is pending at most, under its own key."""
    collecting.collect(invoice_id=invoice_id, now=clock.now())


@shared_task(
    name="billing.resolve_invoice_payment",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def resolve_invoice_payment(*, payment_id: int, **_: Any) -> None:
    """Find out what became of a charge. Twice is safe: its row closes once."""
    payment = InvoicePayment.objects.select_related("invoice").get(pk=payment_id)
    collecting.resolve(payment=payment, now=clock.now())


@shared_task(
    name="billing.follow_charge",
    autoretry_for=(StripeUnavailableError,),
    retry_backoff=RETRY_SECONDS,
    max_retries=RETRIES,
)
def follow_charge(*, intent_id: str, **_: Any) -> None:
    """Write down what became of a charge that Stripe tells of. Twice is safe: its row closes once."""
    collecting.follow(intent_id=intent_id, now=clock.now())


@shared_task(name="billing.make_invoice_document")
def make_invoice_document(*, invoice_id: int, **_: Any) -> None:
    """Make an invoice's PDF; one that was made stays."""
    documents.make(invoice_id=invoice_id, now=clock.now())


@shared_task(name="billing.make_statement_document")
def make_statement_document(*, document_id: int, **_: Any) -> None:
    """Draw the PDF of a month's statement; one that was drawn stays."""
    statement_papers.make(document_id=document_id, now=clock.now())


@shared_task(name="billing.send_invoice_notice")
def send_invoice_notice(*, notice_id: int, **_: Any) -> None:
    """Send a mail; one that was sent is not sent again."""
    notices.send(notice_id=notice_id, now=clock.now())


@shared_task(name="billing.sweep_invoice_papers")
def sweep_invoice_papers(**_: Any) -> None:
    """Send and file what a lost job left behind."""
    now = clock.now()
    notices.sweep(now=now)
    documents.sweep(now=now)
    statement_papers.sweep(now=now)
