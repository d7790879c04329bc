"""Pages that print: an invoice, the same for the browser and for the PDF, and a month's statement."""

from django.conf import settings
from django.template.loader import render_to_string

from billing.queries.invoices import Page
from billing.queries.statements import Statement


def render(*, page: Page, linked: bool) -> str:
    """Render an invoice; `linked` for browsers, which fetch the style sheet themselves."""
    return render_to_string("billing/documents/invoice.html", {"invoice": page, "linked": linked})


def statement(*, statement: Statement) -> str:
    """Render a month's statement for the PDF; in the browser its own page prints."""
    context = {"statement": statement, "seller": dict(settings.INVOICE_SELLER)}
    return render_to_string("billing/documents/statement.html", context)
