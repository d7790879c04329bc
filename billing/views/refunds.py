"""Give back what is unused of a top-up: shown first, then done."""

import secrets
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.middleware import SignedInRequest
from billing.models.topups import TopUp
from billing.operations import refunds
from billing.queries import purchase_pages, purchases, refund_pages
from billing.queries.refunds import payment_of
from config.kit import clock
from config.kit.errors import DomainError

KEY_LENGTH_MAX: Final = 100
DIGITS_MAX: Final = 12


@login_required
@never_cache  # what can be given back changes with every run
@require_http_methods(["GET", "POST"])
def topup_refund(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show what giving back does; POST does it, and the same key once."""
    top_up = purchases.top_up_of(customer=request.customer, public_id=public_id)
    if request.method == "GET":
        return _page(request, top_up)
    try:
        refunds.request_unused(
            top_up=top_up,
            amount_cents=_cents(request),
            principal=f"page:{request.customer.public_id}",
            key=request.POST.get("key", "")[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24),
            now=clock.now(),
        )
    except DomainError as refusal:
        return _page(request, top_up, refusal)
    return redirect("billing:topup_return", public_id=top_up.public_id)


def _page(request: SignedInRequest, top_up: TopUp, refusal: DomainError | None = None) -> HttpResponse:
    now = clock.now()
    offer = refund_pages.offer(top_up=top_up, now=now)
    payment = payment_of(top_up=top_up)
    context = {
        "topup": purchase_pages.top_up(row=top_up, cancelled=False),
        "refund": offer,
        "preview": refunds.preview(payment=payment, amount_cents=offer.cents, now=now)
        if payment is not None and offer.cents
        else None,
        "key": secrets.token_urlsafe(24),
        "error": refusal.detail if refusal else "",
    }
    return render(request, "billing/topup_refund.html", context, status=refusal.status if refusal else 200)


def _cents(request: SignedInRequest) -> int:
    text = request.POST.get("amount_cents", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
