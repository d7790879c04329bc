"""Following the providers: what an import would change and whose charges would move, then the change itself."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from marketplace.models import ModelRate, PlanVersion, RateCard, TokenClass
from marketplace.queries import rate_cards
from marketplace.rate_cards import provider_prices
from marketplace.rate_cards.rates import NewRate, charge_for, set_rates


@dataclass(frozen=True, slots=True)
class Change:
    """A rate that an import would write; the old figures are None where there is no rate yet."""

    provider: str
    model: str
    token_class: TokenClass
    old_cost: Decimal | None
    new_cost: Decimal
    old_charge: Decimal | None
    new_charge: Decimal

    @property
    def loses(self) -> bool:
        """Tell whether a token would cost more than is charged for it."""
        return self.new_cost > self.new_charge


@dataclass(frozen=True, slots=True)
class CardUser:
    """An agent that is priced by a card, whose it is, and the version of its plan that says so."""

    agent: str
    creator: str
    version: int

    def __str__(self) -> str:
        return f"{self.agent} of {self.creator} (version {self.version})"


def preview(*, card: RateCard, adding: Iterable[tuple[str, str]] = (), now: dt.datetime) -> list[Change]:
    """List what differs from the providers' prices, of the card's models and those to add."""
    current = {(r.provider, r.model, r.token_class): r for r in rate_cards.current(card=card, at=now)}
    models = sorted({(provider, model) for provider, model, _ in current} | set(adding))
    changes = []
    for provider, model in models:
        costs = provider_prices.costs(provider=provider, model=model, at=now) or {}
        for token_class, cost in costs.items():
            old = current.get((provider, model, token_class))
            charge = charge_for(card=card, provider=provider, model=model, cost=cost)
            change = Change(
                provider,
                model,
                token_class,
                old.cost if old else None,
                cost,
                old.charge if old else None,
                charge,
            )
            if old is None or (old.cost, old.charge) != (cost, charge):
                changes.append(change)
    return changes


def apply(
    *, card: RateCard, changes: Sequence[Change], effective_from: dt.datetime, actor: str, now: dt.datetime
) -> list[ModelRate]:
    """Write the previewed changes; raise what set_rates raises."""
    return set_rates(
        card=card,
        rates=[NewRate(c.provider, c.model, c.token_class, c.new_cost, c.new_charge) for c in changes],
        effective_from=effective_from,
        source=provider_prices.SOURCE,
        actor=actor,
        now=now,
    )


def users_of(*, card: RateCard, now: dt.datetime) -> list[CardUser]:
    """List the agents whose price in force charges by the card: their charges move with it."""
    in_force = (
        PlanVersion.objects.filter(plan=OuterRef("plan"), effective_from__lte=now)
        .order_by("-effective_from", "-number")
        .values("pk")[:1]
    )
    found = PlanVersion.objects.filter(rate_card=card, pk=Subquery(in_force), plan__agent__isnull=False)
    named = found.order_by("plan__agent__slug").values_list(
        "plan__agent__slug", "plan__agent__creator__display_name", "number"
    )
    return [CardUser(*row) for row in named]
