"""A creator's connection to Stripe."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.kit import clock
from config.kit.errors import DomainError
from marketplace.views.creator import CreatorRequest, creators_only
from payouts import countries
from payouts.operations import onboarding
from payouts.operations.onboarding import Addresses
from payouts.queries import creator_pages


@creators_only
@never_cache
@require_safe
def connect(request: CreatorRequest) -> HttpResponse:
    """Show what dj-stripe synced; coming back from Stripe's page proves nothing."""
    context = {
        "account": creator_pages.account(creator=request.creator),
        "countries": sorted(countries.NAMES.items(), key=lambda country: country[1]),
        "home": settings.STRIPE_COUNTRY,
    }
    return render(request, "payouts/creator/connect.html", context)


@creators_only
@require_POST
def connect_start(request: CreatorRequest) -> HttpResponse:
    """Lead to Stripe's onboarding, making the account the first time."""
    return _lead(request, lambda: _fresh_link(request))


@creators_only
@never_cache
@require_safe
def connect_refresh(request: CreatorRequest) -> HttpResponse:
    """Give a fresh link to somebody whose link was used or stale: Stripe sends the browser here."""
    if creator_pages.account(creator=request.creator).state == "none":
        return redirect("payouts:connect")
    return _lead(request, lambda: _fresh_link(request))


@creators_only
@require_POST
def connect_dashboard(request: CreatorRequest) -> HttpResponse:
    """Lead to the creator's own dashboard at Stripe."""
    return _lead(request, lambda: onboarding.dashboard(creator=request.creator))


def _fresh_link(request: CreatorRequest) -> str:
    addresses = Addresses(
        return_url=request.build_absolute_uri(reverse("payouts:connect")),
        refresh_url=request.build_absolute_uri(reverse("payouts:connect_refresh")),
    )
    country = request.POST.get("country", "")
    return onboarding.start(creator=request.creator, addresses=addresses, now=clock.now(), country=country)


def _lead(request: CreatorRequest, find: Callable[[], str]) -> HttpResponse:
    try:
        return redirect(find())
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("payouts:connect")
