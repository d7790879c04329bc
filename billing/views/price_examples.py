"""The live example beside the pricing editor: what a typed usage would cost at the price being written."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from billing import typed_usage
from billing.queries import price_examples, run_pages
from config.kit import clock
from config.kit.errors import DomainError
from marketplace import price_editor, proposals, queries
from marketplace.manifest import ManifestError
from marketplace.models import Agent
from marketplace.price_text import label
from marketplace.queries.rate_cards import model_names
from marketplace.terms import PriceModel, VersionTerms
from marketplace.views.creator import CreatorRequest, creators_only

USAGE: Final = "usage-"
STATED: Final = "stated-"
MODEL: Final = "example-model"
METRIC_LENGTH_MAX: Final = 60
TYPED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Input:
    """One number to type."""

    name: str
    label: str
    value: str
    error: str = ""


@creators_only
@require_POST
def price_example(request: CreatorRequest) -> HttpResponse:
    """Show what the typed usage would cost at the typed price; nothing is kept."""
    try:
        terms = _terms(request)
    except ManifestError as refusal:
        context = {"problems": refusal.problems, "inputs": _as_typed(request)}
    else:
        context = _tried(request, terms) | {"words": queries.plain_words(terms=terms)}
    return render(request, "billing/_price_example.html", context)


def _terms(request: CreatorRequest) -> VersionTerms:
    agent = None
    if slug := request.POST.get("agent"):
        agent = get_object_or_404(Agent, slug=slug.replace("\x00", ""), creator=request.creator)
    manifest = price_editor.written(desk=price_editor.typed(data=request.POST))
    proposal = proposals.propose(creator=request.creator, agent=agent, manifest=manifest)
    return proposals.terms(proposal=proposal, creator=request.creator, agent=agent, now=clock.now())


def _tried(request: CreatorRequest, terms: VersionTerms) -> dict[str, Any]:
    fields = run_pages.fields(terms=terms, typed={}, errors={})
    asked = {price.metric: price for price in terms.prices if price.model is PriceModel.DYNAMIC}
    data = _guessed(request, terms)
    usage, errors = typed_usage.read(data=data, metrics=[field.metric for field in fields])
    stated, wrong = typed_usage.read(data=data, metrics=asked, prefix=STATED)
    inputs = [
        Input(f"{USAGE}{field.metric}", field.label, usage[field.metric], errors.get(field.metric, ""))
        for field in fields
    ]
    inputs += [
        Input(f"{STATED}{name}", f"Price of {label(name).lower()}", stated[name], wrong.get(name, ""))
        for name in asked
    ]
    models = _models(terms)
    model = data.get(MODEL, "") if data.get(MODEL) in models else next(iter(models), "")
    context: dict[str, Any] = {"inputs": inputs, "models": models, "model": model}
    if errors or wrong:
        return context
    try:
        context["example"] = price_examples.example(
            terms=terms,
            usage={name: Decimal(value) for name, value in usage.items()},
            stated={name: Decimal(value) for name, value in stated.items()},
            model=model,
            at=clock.now(),
        )
    except DomainError as refusal:
        context["refusal"] = refusal.detail
    return context


def _guessed(request: CreatorRequest, terms: VersionTerms) -> dict[str, str]:
    """Give what was posted, with a guess for each number that has never been typed."""
    guesses = price_examples.guesses(terms=terms)
    data = {f"{USAGE}{metric}": guess for metric, guess in guesses.items()}
    data |= {f"{USAGE}{metric}": price_examples.GUESS_TOKENS for metric in run_pages.TOKENS}
    data |= {f"{STATED}{price.metric}": f"{price.most:f}" for price in terms.prices}
    return data | {name: request.POST[name] for name in request.POST}


def _models(terms: VersionTerms) -> list[str]:
    if terms.rate_card_id is None:
        return []
    return model_names(card_id=terms.rate_card_id, at=clock.now())


def _as_typed(request: CreatorRequest) -> list[Input]:
    """Keep the example's numbers while the price is not whole."""
    kept = [name for name in request.POST if name.startswith((USAGE, STATED))][:TYPED_MAX]
    return [
        Input(
            name,
            label(name.partition("-")[2][:METRIC_LENGTH_MAX]),
            request.POST[name][: typed_usage.NUMBER_LENGTH_MAX],
        )
        for name in kept
    ]
