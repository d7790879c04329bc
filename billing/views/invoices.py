"""A customer's invoices: read, pay, download; the card they are charged to, and what stands on them."""

import secrets
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import model_to_dict
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.middleware import SignedInRequest
from billing.documents import html, spreadsheet
from billing.forms import BillingDetailsForm
from billing.models.invoices import InvoiceDocument
from billing.operations.invoices import cards, paying, profiles
from billing.queries import invoices as queries
from billing.views.double_clicks import waited_for
from config.kit import clock, jobs, paging
from config.kit.errors import DomainError

KEY_LENGTH_MAX: Final = 100
SESSION_LENGTH_MAX: Final = 120


@login_required
@never_cache
@require_GET
def invoice_list(request: SignedInRequest) -> HttpResponse:
    """List the invoices; a return from Stripe's page for cards has the new card looked up."""
    returned = request.GET.get("card", "")[:SESSION_LENGTH_MAX]
    if returned:
        jobs.enqueue("billing.fulfil_checkout", session_id=returned)
        messages.success(request, "Stripe has your card. What was left unpaid is charged to it now.")
        return redirect("billing:invoices")
    cut = paging.page(request=request, rows=queries.of(customer=request.customer))
    context = {
        "invoices": queries.rows(invoices=cut.rows),
        "page": {"next_url": cut.next, "previous_url": cut.previous},
        "profile": queries.profile_of(customer=request.customer),
        "key": secrets.token_urlsafe(16),
    }
    return render(request, "billing/invoices.html", context)


@login_required
@never_cache
@require_GET
def invoice(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show one invoice."""
    return render(request, "billing/invoice.html", _context(request, public_id))


@login_required
@never_cache
@require_GET
def invoice_live(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Give the part of that page that renews itself while a payment is awaited."""
    return render(request, "billing/_invoice_live.html", _context(request, public_id))


@login_required
@require_POST
def invoice_pay(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Lead to the checkout of an open invoice."""
    found = queries.invoice_of(customer=request.customer, public_id=public_id)
    principal, key = f"page:{request.customer.public_id}", _key(request)
    try:
        payment = waited_for(
            lambda: paying.request(
                invoice=found, principal=principal, key=f"{key}:{public_id}", now=clock.now()
            )
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("billing:invoice", public_id=public_id)
    return HttpResponseRedirect(payment.checkout_url)


@login_required
@require_GET
def invoice_print(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show an invoice as a sheet to print."""
    found = queries.invoice_of(customer=request.customer, public_id=public_id)
    return HttpResponse(html.render(page=queries.page(invoice=found), linked=True))


@login_required
@require_GET
def invoice_pdf(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Download the PDF; where there is none, go back to the page, which says why."""
    found = queries.invoice_of(customer=request.customer, public_id=public_id)
    made = InvoiceDocument.objects.filter(invoice=found).first()
    if made is None or made.body is None:
        return redirect("billing:invoice", public_id=public_id)
    return _download(bytes(made.body), "application/pdf", f"{queries.number_text(found.number)}.pdf")


@login_required
@require_GET
def invoice_csv(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Download the lines as CSV."""
    found = queries.invoice_of(customer=request.customer, public_id=public_id)
    text = spreadsheet.invoice(page=queries.page(invoice=found))
    return _download(text.encode(), "text/csv; charset=utf-8", f"{queries.number_text(found.number)}.csv")


@login_required
@require_POST
def card_update(request: SignedInRequest) -> HttpResponse:
    """Lead to Stripe's page that takes another card."""
    try:
        url = cards.request(customer=request.customer, key=_key(request), now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("billing:invoices")
    return HttpResponseRedirect(url)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def billing_details(request: SignedInRequest) -> HttpResponse:
    """Say what stands on the next invoices."""
    profile = queries.profile_of(customer=request.customer)
    form = BillingDetailsForm(request.POST or None, initial=model_to_dict(profile))
    if request.method == "POST" and form.is_valid():
        profiles.change(customer=request.customer, details=form.cleaned_data)
        messages.success(request, "The next invoices will say so.")
        return redirect("billing:invoices")
    return render(request, "billing/billing_details.html", {"form": form})


def _context(request: SignedInRequest, public_id: str) -> dict[str, Any]:
    found = queries.invoice_of(customer=request.customer, public_id=public_id)
    return {
        "invoice": queries.page(invoice=found),
        "returned": "paid" in request.GET,
        "key": secrets.token_urlsafe(16),
    }


def _key(request: SignedInRequest) -> str:
    return request.POST.get("key", "")[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24)


def _download(body: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
