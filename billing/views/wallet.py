"""The consumer's wallet: home with its live part, and every movement."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.middleware import SignedInRequest
from billing.queries import purchase_pages, wallet_pages
from config.kit import clock, paging, query_params
from config.kit.errors import InvalidInputError
from wallets import queries as wallet_queries

TYPES = ("", "credit", "debit")


@login_required
@never_cache
@require_GET
def wallet(request: SignedInRequest) -> HttpResponse:
    """Show what the customer has, and what moved lately."""
    now = clock.now()
    context = {
        **_live(request),
        "frozen": wallet_pages.frozen(customer=request.customer),
        "unrecovered": wallet_pages.unrecovered(customer=request.customer),
        "grants": wallet_pages.grants(customer=request.customer, now=now),
        "transactions": wallet_pages.recent(customer=request.customer),
        "subscriptions": purchase_pages.subscriptions(customer=request.customer),
    }
    return render(request, "billing/wallet.html", context)


@login_required
@never_cache
@require_GET
def wallet_live(request: SignedInRequest) -> HttpResponse:
    """Show the part of the wallet that renews itself."""
    return render(request, "billing/_wallet_live.html", _live(request))


@login_required
@never_cache
@require_GET
def balance(request: SignedInRequest) -> HttpResponse:
    """Show the figure in the side navigation."""
    available = wallet_pages.available(customer=request.customer, now=clock.now())
    return render(request, "billing/_balance.html", {"available": available})


@login_required
@never_cache
@require_GET
def transactions(request: SignedInRequest) -> HttpResponse:
    """List every movement of the customer's wallets."""
    wallets = wallet_queries.consumer_wallets(customer_id=request.customer.pk).values_list("pk", flat=True)
    try:
        filters, entries = _filtered(request, list(wallets))
        page = paging.page(request=request, rows=entries)
    except InvalidInputError as refusal:
        return render(request, "400.html", {"reason": refusal.detail}, status=400)
    context = {
        "transactions": wallet_pages.lines(entries=page.rows),
        "page": {"previous_url": page.previous or "", "next_url": page.next or ""},
        "filters": filters,
        "kinds": list(wallet_pages.KINDS.items()),
    }
    return render(request, "billing/transactions.html", context)


def _live(request: SignedInRequest) -> dict[str, Any]:
    live = wallet_pages.live(customer=request.customer, now=clock.now())
    return {field: getattr(live, field) for field in live.__slots__}


def _filtered(request: SignedInRequest, wallet_ids: list[int]) -> tuple[dict[str, str], Any]:
    # A form sends its empty fields too.
    query = {name: value for name, value in request.GET.items() if value}
    filters = {
        "type": query_params.choice(query, "type", choices=TYPES),
        "kind": query_params.text(query, "kind"),
        "from_date": query_params.text(query, "from"),
        "to_date": query_params.text(query, "to"),
    }
    entries = wallet_queries.statement(
        wallet_ids=wallet_ids,
        type=filters["type"],
        kind=filters["kind"],
        since=query_params.moment(query, "from"),
        until=query_params.moment(query, "to"),
    )
    return filters, entries
