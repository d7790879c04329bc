"""Runs in the browser: start one in the sandbox, watch it settle, read its receipt; list them."""

import hashlib
import secrets
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.middleware import SignedInRequest
from billing import typed_usage
from billing.answers import top_up_url
from billing.models.executions import Execution
from billing.operations import page_runs, quotes
from billing.queries import executions, prices, run_pages, wallet_pages
from billing.runs import NOTHING, Blocked, Gate, Opening
from config.kit import clock, paging, query_params
from config.kit.errors import DomainError, InvalidInputError
from marketplace import queries as marketplace
from marketplace.models import Agent
from marketplace.price_text import price_lines
from marketplace.queries.rate_cards import model_names
from marketplace.terms import Terms

KEY_LENGTH_MAX: Final = 100
MODEL_LENGTH_MAX: Final = 120
REFUSALS: Final = {
    Gate.WALLET: ("Not enough credits", "Your wallet does not cover this run."),
    Gate.QUOTA: ("Your plan's quota is used up", "It is filled again when the next period begins."),
    Gate.CONCURRENCY: ("As many runs are open as your plan allows", "Wait until one of them has ended."),
    Gate.SUBSCRIPTION: ("A subscription is needed", "This agent runs for its subscribers only."),
}


@login_required
@never_cache  # the form's key is for one run
@require_http_methods(["GET", "POST"])
def run_new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Offer a run of an agent; POST estimates or starts it."""
    terms = _terms(request, slug)
    typed, errors = _typed(request, terms)
    form: dict[str, Any] = {"typed": typed, "errors": errors}
    if request.method == "POST" and not errors:
        usage = {metric: Decimal(value) for metric, value in typed.items()}
        model = request.POST.get("model", "").replace("\x00", "")[:MODEL_LENGTH_MAX]
        try:
            rated = prices.rated(terms=terms, usage=usage, model=model, at=clock.now(), stated=NOTHING)
            form["estimate"] = run_pages.estimate(rated=rated)
            if request.POST.get("action") == "run":
                found = page_runs.start(
                    customer=request.customer,
                    agent=slug,
                    usage=usage,
                    model=model,
                    key=_key(request),
                    now=clock.now(),
                )
                if not isinstance(found, Blocked):
                    return redirect("billing:run", public_id=found.execution)
                form["refusal"] = _refusal(found)
        except DomainError as refusal:
            form["refusal"] = {"code": refusal.code, "title": refusal.title, "detail": refusal.detail}
    return _form(request, terms, **form)


@login_required
@never_cache
@require_GET
def run(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show a run."""
    return render(request, "billing/run.html", _live(request, public_id))


@login_required
@never_cache
@require_GET
def run_live(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show the part of a run that renews itself."""
    return render(request, "billing/_run_live.html", _live(request, public_id))


@login_required
@require_GET
def receipt(request: SignedInRequest, public_id: str) -> HttpResponse:
    """Show why a run cost what it cost."""
    found = executions.of_customer(customer=request.customer, public_id=public_id)
    api_url = settings.SITE_URL + reverse("v1:execution", args=[public_id])
    context = {"receipt": run_pages.receipt(run=found, api_url=api_url)}
    return render(request, "billing/receipt.html", context)


@login_required
@require_GET
def runs(request: SignedInRequest) -> HttpResponse:
    """List the customer's runs."""
    states = [(value, value.capitalize()) for value in Execution.State.values]
    try:
        query = {name: value for name, value in request.GET.items() if value}
        filters = {
            "state": query_params.choice(query, "state", choices=Execution.State.values),
            "agent": query_params.text(query, "agent"),
        }
        page = paging.page(request=request, rows=run_pages.runs_of(customer=request.customer, **filters))
    except InvalidInputError as refusal:
        return render(request, "400.html", {"reason": refusal.detail}, status=400)
    context = {
        "runs": [run_pages.row(run=found) for found in page.rows],
        "page": {"previous_url": page.previous or "", "next_url": page.next or ""},
        "filters": filters,
        "states": states,
        "agents": run_pages.agents_run(customer=request.customer),
    }
    return render(request, "billing/runs.html", context)


def _terms(request: SignedInRequest, slug: str) -> Terms:
    """Give the terms that this customer's run is held to."""
    terms = marketplace.terms(agent=slug, at=clock.now())
    opening = Opening(agent=slug, caller=request.customer.public_id, principal="", usage={})
    quote = quotes.quote(opening=opening, now=clock.now())
    return terms if isinstance(quote, Blocked) else quote.terms


def _typed(request: SignedInRequest, terms: Terms) -> tuple[dict[str, str], dict[str, str]]:
    """Read what was typed, and what is wrong with it."""
    if request.method != "POST":
        return {}, {}
    fields = run_pages.fields(terms=terms, typed={}, errors={})
    return typed_usage.read(data=request.POST, metrics=[field.metric for field in fields])


def _key(request: SignedInRequest) -> str:
    # Who comes back and types another usage wants another run; a double click wants one.
    typed = sorted(
        (name, value) for name, value in request.POST.items() if name.startswith("usage-") or name == "model"
    )
    digest = hashlib.sha256(repr(typed).encode()).hexdigest()[:32]
    return f"{request.POST.get('key', '')[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24)}:{digest}"


def _form(
    request: SignedInRequest,
    terms: Terms,
    *,
    typed: dict[str, str],
    errors: dict[str, str],
    estimate: run_pages.Estimate | None = None,
    refusal: dict[str, Any] | None = None,
) -> HttpResponse:
    agent = Agent.objects.select_related("creator").get(pk=terms.agent_id)
    viewer = marketplace.creator_of(customer=request.customer)
    card = marketplace.card(agent=agent, terms=terms, viewer=viewer)
    version = {"public_id": terms.version, "number": terms.number}
    context = {
        "agent": card,
        "prices": price_lines(terms),
        "version": version,
        "fields": run_pages.fields(terms=terms, typed=typed, errors=errors),
        "models": _models(terms),
        "model": request.POST.get("model", ""),
        "estimate": estimate,
        "available": wallet_pages.available(customer=request.customer, now=clock.now()),
        "key": request.POST.get("key", "")[:KEY_LENGTH_MAX] or secrets.token_urlsafe(24),
        "own_agent": card.own,
        "refusal": refusal,
    }
    return render(request, "billing/run_new.html", context, status=400 if errors else 200)


def _models(terms: Terms) -> list[str]:
    """List the models to choose from, where a rate card prices them."""
    if terms.rate_card_id is None:
        return []
    return model_names(card_id=terms.rate_card_id, at=clock.now())


def _refusal(found: Blocked) -> dict[str, Any]:
    title, detail = REFUSALS[found.gate]
    wallet = found.gate is Gate.WALLET
    return {
        "code": found.gate.value,
        "title": title,
        "detail": detail,
        "blocking_gate": found.gate.value,
        "required": found.required,
        "available": found.available,
        "shortfall": max(found.required - found.available, 0) if wallet else 0,
        "top_up_url": top_up_url() if wallet else "",
    }


def _live(request: SignedInRequest, public_id: str) -> dict[str, Any]:
    found = executions.of_customer(customer=request.customer, public_id=public_id)
    available = wallet_pages.available(customer=request.customer, now=clock.now())
    return {"run": run_pages.row(run=found), "available": available}
