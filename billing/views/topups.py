"""Add credits: choose, go to Stripe's checkout, come back and wait for its word."""

import secrets
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.middleware import SignedInRequest
from billing.models.topups import TopUp
from billing.operations import topups
from billing.operations.topups import Order
from billing.queries import purchase_pages, purchases, refund_pages, wallet_pages
from billing.views.double_clicks import waited_for
from config.kit import clock
from config.kit.errors import DomainError, InvalidInputError
from wallets import money

KEY_LENGTH_MAX: Final = 100


@login_required
@never_cache  # the form's key is for one purchase
@require_http_methods(["GET", "POST"])
def topup_new(request: SignedInRequest) -> HttpResponse:
    """Offer amounts and packages; POST leads to the checkout."""
    if request.method == "GET":
        return _form(request, key=secrets.token_urlsafe(24), choice=request.GET.get("choice", ""))
    key = request.POST.get("key", "")[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24)
    try:
        top_up = _request(request, key)
    except DomainError as refusal:
        return _form(request, key=key, choice=request.POST.get("choice", ""), refusal=refusal)
    if top_up.status != TopUp.Status.PENDING:
        return redirect("billing:topup_return", public_id=top_up.public_id)
    return HttpResponseRedirect(top_up.checkout_url)


@login_required
@never_cache
@require_GET
def topup_return(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Say how a top-up stands; it is credited on Stripe's word, never on this visit."""
    return render(request, "billing/topup_return.html", _state(request, public_id))


@login_required
@never_cache
@require_GET
def topup_live(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Give the part of that page that renews itself."""
    return render(request, "billing/_topup_live.html", _state(request, public_id))


def _request(request: SignedInRequest, key: str) -> TopUp:
    order = _order(request)
    return waited_for(
        lambda: topups.request(
            customer=request.customer,
            principal=f"page:{request.customer.public_id}",
            # Somebody who comes back and chooses another amount wants another purchase.
            key=f"{key}:{order.amount_cents}:{order.package}",
            order=order,
            now=clock.now(),
        )
    ).top_up


def _order(request: SignedInRequest) -> Order:
    choice = request.POST.get("choice", "")
    if choice.startswith("package:"):
        return topups.order_of_package(slug=choice.removeprefix("package:"))
    text = request.POST.get("amount_usd", "") if choice == "custom" else choice
    text = text.strip().removeprefix("$").replace(",", "")
    if not text:
        raise InvalidInputError("Choose an amount.")
    try:
        return topups.order_of_amount(amount_cents=money.parse_cents(text))
    except InvalidInputError as error:
        raise InvalidInputError("Choose an amount from $1.00 to $10,000.00, in whole cents.") from error


def _form(
    request: SignedInRequest, *, key: str, choice: str, refusal: DomainError | None = None
) -> HttpResponse:
    context = {
        "key": key,
        "presets": purchase_pages.presets(),
        "packages": purchase_pages.packages(),
        "available": wallet_pages.available(customer=request.customer, now=clock.now()),
        "unrecovered": wallet_pages.unrecovered(customer=request.customer),
        "choice": choice,
        "amount_text": request.POST.get("amount_usd", ""),
        "error": refusal.detail if refusal else "",
    }
    return render(request, "billing/topup_new.html", context, status=refusal.status if refusal else 200)


def _state(request: SignedInRequest, public_id: str) -> dict[str, Any]:
    row = purchases.top_up_of(customer=request.customer, public_id=public_id)
    cancelled = "cancelled" in request.GET
    now = clock.now()
    return {
        "topup": purchase_pages.top_up(row=row, cancelled=cancelled),
        "available": wallet_pages.available(customer=request.customer, now=now),
        "cancelled": cancelled,
        "slow": purchase_pages.is_slow(created_at=row.created_at, now=now),
        "refund": refund_pages.offer(top_up=row, now=now),
    }
