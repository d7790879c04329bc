"""Subscribe to an agent's tier, and see what one subscribes to."""

import secrets
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import SignedInRequest
from billing.models.subscriptions import Subscription
from billing.operations import subscriptions
from billing.queries import purchase_pages, purchases, subscription_pages
from billing.views.double_clicks import waited_for
from config.kit import clock
from config.kit.errors import DomainError, NotFoundError

KEY_LENGTH_MAX: Final = 100
TIER_LENGTH_MAX: Final = 60


@login_required
@require_POST
def subscribe(request: SignedInRequest, slug: str) -> HttpResponse:
    """Lead to the checkout of a tier's first month."""
    try:
        subscription = _request(request, slug)
    except NotFoundError:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("marketplace:agent", slug=slug)
    if subscription.state != Subscription.State.INCOMPLETE:
        return redirect("billing:subscription", public_id=subscription.public_id)
    return HttpResponseRedirect(subscription.checkout_url)


@login_required
@never_cache
@require_GET
def subscription_list(request: SignedInRequest) -> HttpResponse:
    """List the customer's subscriptions."""
    rows = purchase_pages.subscriptions(customer=request.customer)
    return render(request, "billing/subscriptions.html", {"subscriptions": rows})


@login_required
@never_cache
@require_GET
def subscription(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show one subscription; it starts on Stripe's word, never on this visit."""
    return render(request, "billing/subscription.html", _state(request, public_id))


@login_required
@never_cache
@require_GET
def subscription_live(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Give the part of that page that renews itself."""
    return render(request, "billing/_subscription_live.html", _state(request, public_id))


def _request(request: SignedInRequest, slug: str) -> Subscription:
    key = request.POST.get("key", "")[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24)
    tier = request.POST.get("tier", "")[:TIER_LENGTH_MAX]
    return waited_for(
        lambda: subscriptions.request(
            customer=request.customer,
            principal=f"page:{request.customer.public_id}",
            key=f"{key}:{slug}:{tier}",
            agent=slug,
            tier=tier,
            now=clock.now(),
        )
    ).subscription


def _state(request: SignedInRequest, public_id: str) -> dict[str, Any]:
    row = purchases.subscription_of(customer=request.customer, public_id=public_id)
    return {
        "subscription": purchase_pages.subscription(row=row),
        "manage": subscription_pages.manage(row=row, now=clock.now()),
        "cancelled": "cancelled" in request.GET,
        "slow": purchase_pages.is_slow(created_at=row.created_at, now=clock.now()),
    }
