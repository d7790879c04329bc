"""An invoice as a page that prints: the same for the browser and for the PDF."""

from django.template.loader import render_to_string

from billing.queries.invoices import Page


def render(*, page: Page, linked: bool) -> str:
    """Render an invoice; `linked` for browsers, which fetch the style sheet themselves."""
    return render_to_string("billing/documents/invoice.html", {"invoice": page, "linked": linked})
