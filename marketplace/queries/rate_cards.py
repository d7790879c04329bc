"""Which rates hold at a moment, and what they make of a model's tokens."""

import datetime as dt
from decimal import Context, Decimal, Inexact
from typing import Final

from django.db.models import F, QuerySet

from config.kit.errors import InvalidInputError
from marketplace.models import ModelRate, RateCard, TokenClass
from marketplace.terms import PriceModel, PriceTerms
from wallets.money import credit_value

# A credit is worth a whole number of USD micros that divides a cent: no quotient has more digits than this.
EXACT: Final = Context(prec=60, traps=[Inexact])
METRICS: Final = {token_class: f"{token_class}_tokens" for token_class in TokenClass}
# A class without a rate of its own is counted as the one it is a kind of, never for nothing.
COUNTED_AS: Final = {
    TokenClass.CACHE_READ: TokenClass.INPUT,
    TokenClass.CACHE_WRITE: TokenClass.INPUT,
    TokenClass.REASONING: TokenClass.OUTPUT,
}


class UnknownModelError(InvalidInputError):
    """The rate card has no price for the model."""

    code = "unknown_model"
    title = "The rate card has no price for this model"


def current(*, card: RateCard, at: dt.datetime) -> list[ModelRate]:
    """List the rates in force, one a provider, model and token class."""
    return list(
        ModelRate.objects.filter(card=card, effective_from__lte=at)
        .order_by("provider", "model", "token_class", "-effective_from")
        .distinct("provider", "model", "token_class")
    )


def losing(*, at: dt.datetime) -> QuerySet[ModelRate]:
    """Give the rates in force that cost more than is charged for them."""
    in_force = (
        ModelRate.objects.filter(effective_from__lte=at)
        .order_by("card", "provider", "model", "token_class", "-effective_from")
        .distinct("card", "provider", "model", "token_class")
    )
    return ModelRate.objects.filter(pk__in=in_force.values("pk"), cost__gt=F("charge")).order_by("pk")


def model_names(*, card_id: int, at: dt.datetime) -> list[str]:
    """List the models that a card prices, as provider/model."""
    rates = ModelRate.objects.filter(card_id=card_id, effective_from__lte=at)
    named = rates.order_by("provider", "model").values_list("provider", "model").distinct()
    return [f"{provider}/{model}" for provider, model in named]


def model_prices(*, card_id: int, model: str, at: dt.datetime) -> tuple[PriceTerms, ...]:
    """Give a model's prices in credits a token; it is named alone or as provider/model.

    Raises UnknownModelError for one that is not listed, or that two providers list.
    """
    provider, _, name = model.rpartition("/")
    rates = ModelRate.objects.filter(card_id=card_id, model=name, effective_from__lte=at)
    if provider:
        rates = rates.filter(provider=provider)
    found = rates.order_by("provider", "token_class", "-effective_from").distinct("provider", "token_class")
    charges = {(rate.provider, TokenClass(rate.token_class)): rate.charge for rate in found}
    providers = {of for of, _ in charges}
    if len(providers) != 1:
        raise _unknown(model, providers)
    return tuple(_prices({token_class: charge for (_, token_class), charge in charges.items()}))


def _prices(charges: dict[TokenClass, Decimal]) -> list[PriceTerms]:
    priced = []
    for token_class, metric in METRICS.items():
        charge = charges.get(token_class, charges.get(COUNTED_AS.get(token_class, token_class)))
        if charge is not None:
            priced.append(PriceTerms(PriceModel.PER_UNIT, metric, _credits_a_token(charge)))
    return priced


def _credits_a_token(charge: Decimal) -> Decimal:
    """Convert USD a million tokens, which is USD micros a token."""
    return EXACT.divide(charge, Decimal(credit_value()))


def _unknown(model: str, providers: set[str]) -> UnknownModelError:
    detail = f"is offered by {', '.join(sorted(providers))}: name one of them before it, as in provider/model"
    detail = detail if providers else "is not on the rate card"
    return UnknownModelError(f"{model!r} {detail}.", errors=[{"pointer": "/model", "detail": detail}])
