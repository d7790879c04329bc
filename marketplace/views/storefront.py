"""The storefront: anybody may look; running and subscribing are billing's pages."""

import secrets
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import Customer
from config.kit import clock
from marketplace import queries
from marketplace.models import Agent, Creator
from marketplace.price_text import price_lines
from marketplace.terms import PricingModel, Terms, TierTerms
from wallets.money import cents_to_micros

PAGE_MAX: Final = 1000
HOME_AGENTS: Final = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say what Farebox is, with some agents; who is signed in goes to the wallet."""
    if request.user.is_authenticated:
        return redirect("billing:wallet")
    found, _more = queries.for_sale(text="", category="", model="", page=1, viewer=None, now=clock.now())
    return render(request, "home.html", {"agents": found[:HOME_AGENTS]})


@require_safe
@vary_on_headers("HX-Request")  # the browser's way back must not show the list alone
def agents(request: HttpRequest) -> HttpResponse:
    """Search the published agents; htmx gets the list alone."""
    filters = {name: request.GET.get(name, "") for name in ("q", "category", "model")}
    page = _page(request)
    found, more = queries.for_sale(
        text=filters["q"],
        category=filters["category"],
        model=filters["model"],
        page=page,
        viewer=_viewer(request),
        now=clock.now(),
    )
    context = {
        "agents": found,
        "query": filters["q"],
        "category": filters["category"],
        "categories": Agent.Category.choices,
        "model": filters["model"],
        "page": {
            "previous_url": _page_url(request, page - 1) if page > 1 else "",
            "next_url": _page_url(request, page + 1) if more else "",
        },
    }
    part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
    return render(request, "marketplace/_agent_list.html" if part else "marketplace/agents.html", context)


@require_safe
def agent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an agent and its price; what is not for sale only to its creator."""
    found = get_object_or_404(Agent.objects.select_related("creator"), slug=slug)
    viewer = _viewer(request)
    terms = queries.in_force(agents=[found.slug], at=clock.now()).get(found.slug)
    card = queries.card(agent=found, terms=terms, viewer=viewer)
    shown = found.listed and found.status == Agent.Status.PUBLISHED
    if terms is None or not (card.own or shown):
        raise Http404
    return render(request, "marketplace/agent.html", _detail(terms) | {"agent": card})


def _detail(terms: Terms) -> dict[str, Any]:
    return {
        "version": {
            "public_id": terms.version,
            "number": terms.number,
            "effective_from": terms.effective_from,
        },
        "prices": price_lines(terms),
        "tiers": [_tier(tier) for tier in terms.tiers],
        "examples": queries.examples(terms=terms),
        "outcome_policy": terms.outcome_policy,
        "minimum": terms.minimum,
        "key": secrets.token_urlsafe(16) if terms.pricing_model == PricingModel.SUBSCRIPTION else "",
    }


def _tier(tier: TierTerms) -> dict[str, Any]:
    return {
        "name": tier.name,
        "credits_per_month": tier.credits_per_month,
        "price_usd": cents_to_micros(tier.price_cents),
    }


def _viewer(request: HttpRequest) -> Creator | None:
    customer: Customer | None = getattr(request, "customer", None)
    return queries.creator_of(customer=customer)


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), PAGE_MAX) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _page_url(request: HttpRequest, page: int) -> str:
    parameters = request.GET.copy()
    parameters["page"] = str(page)
    return f"?{parameters.urlencode()}"
