"""Writing rates: dated, never in the past, the charge filled by a markup where none is said."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db import transaction
from django.db.models import F

from accounts import audit
from config.kit.errors import InvalidInputError
from marketplace.models import ModelRate, RateCard, TokenClass

# USD a million tokens, to 1e-9.
RATE_PLACES: Final = Decimal("0.000000001")
RATE_MAX: Final = Decimal(1_000_000)
UNMARKED: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to write, in USD a million tokens; without a charge the card's markup makes it."""

    provider: str
    model: str
    token_class: TokenClass
    cost: Decimal
    charge: Decimal | None = None


def set_rates(
    *,
    card: RateCard,
    rates: Sequence[NewRate],
    effective_from: dt.datetime,
    source: str,
    actor: str,
    now: dt.datetime,
) -> list[ModelRate]:
    """Write rates that hold from a moment on; raise InvalidInputError for a past one or a negative amount."""
    if effective_from < now:
        raise InvalidInputError("A rate cannot change what has been charged: effective_from is in the past.")
    markups = _markups(card)
    rows = [
        ModelRate(
            card=card,
            provider=rate.provider,
            model=rate.model,
            token_class=rate.token_class,
            effective_from=effective_from,
            cost=_checked("cost", rate.cost),
            charge=_checked("charge", _charge(rate, markups)),
            source=source,
            created_by=actor,
            created_at=now,
        )
        for rate in rates
    ]
    with transaction.atomic():
        RateCard.objects.filter(pk=card.pk).update(revision=F("revision") + 1)
        audit.acted(actor=actor, act="ratecard.set_rates", object_id=card.slug, reason=source, now=now)
        return ModelRate.objects.bulk_create(rows)


def charge_for(*, card: RateCard, provider: str, model: str, cost: Decimal) -> Decimal:
    """Give what a cost is charged at: by the model's markup, else its provider's, else the card's, else at cost."""
    return _marked(_markups(card), provider, model, cost)


def _charge(rate: NewRate, markups: dict[tuple[str, str], Decimal]) -> Decimal:
    return _marked(markups, rate.provider, rate.model, rate.cost) if rate.charge is None else rate.charge


def _markups(card: RateCard) -> dict[tuple[str, str], Decimal]:
    return {(markup.provider, markup.model): markup.factor for markup in card.markups.all()}


def _marked(markups: dict[tuple[str, str], Decimal], provider: str, model: str, cost: Decimal) -> Decimal:
    levels = ((provider, model), (provider, ""), ("", ""))
    factor = next((markups[level] for level in levels if level in markups), UNMARKED)
    return (cost * factor).quantize(RATE_PLACES, ROUND_HALF_UP)


def _checked(field: str, amount: Decimal) -> Decimal:
    if not amount.is_finite() or not 0 <= amount <= RATE_MAX:
        raise InvalidInputError.of(field, f"must be from 0 to {RATE_MAX} USD a million tokens")
    return amount.quantize(RATE_PLACES, ROUND_HALF_UP)
