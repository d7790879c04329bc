"""What the storefront shows: cards, and one agent with its price."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from marketplace.models import Agent, Creator, PlanVersion
from marketplace.price_text import label, price_line
from marketplace.queries.pricing import in_force
from marketplace.terms import PriceModel, Terms
from wallets.money import MICRO, Micros, credits_to_usd

PAGE_SIZE: Final = 24
QUERY_MAX: Final = 100
# Runs of three sizes, so that a price can be felt.
EXAMPLE_SIZES: Final = (("A small run", 1), ("Ten times that", 10), ("A hundred times", 100))
TOKENS_A_RUN: Final = 1000
PLAIN_MODELS: Final = (PriceModel.FLAT, PriceModel.PER_UNIT)


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An agent as lists show it."""

    public_id: str
    slug: str
    name: str
    summary: str
    description: str
    category: str
    creator_name: str
    status: str
    own: bool
    pricing_model: str
    price_line: str
    version_number: int | None


@dataclass(frozen=True, slots=True)
class Example:
    """What a run of some size costs."""

    label: str
    quantity_text: str
    amount: Micros
    usd: Micros


def for_sale(
    *, text: str, category: str, model: str, page: int, viewer: Creator | None, now: dt.datetime
) -> tuple[list[AgentCard], bool]:
    """Give a page of published agents by name, and whether there is another page."""
    found = Agent.objects.filter(status=Agent.Status.PUBLISHED, listed=True)
    wanted = text.replace("\x00", "").strip()[:QUERY_MAX]
    if wanted:
        found = found.filter(
            Q(name__icontains=wanted)
            | Q(summary__icontains=wanted)
            | Q(description__icontains=wanted)
            | Q(creator__display_name__icontains=wanted)
        )
    if category in Agent.Category.values:
        found = found.filter(category=category)
    if model:
        found = found.annotate(priced=Subquery(_current_model(now))).filter(priced=model.replace("\x00", ""))
    start = (page - 1) * PAGE_SIZE
    rows = list(_listed(found)[start : start + PAGE_SIZE + 1])
    return cards(agents=rows[:PAGE_SIZE], viewer=viewer, now=now), len(rows) > PAGE_SIZE


def agents_of(*, creator: Creator, now: dt.datetime) -> list[AgentCard]:
    """Give a creator's agents, drafts too."""
    return cards(agents=list(_listed(Agent.objects.filter(creator=creator))), viewer=creator, now=now)


def cards(*, agents: Sequence[Agent], viewer: Creator | None, now: dt.datetime) -> list[AgentCard]:
    """Make cards of agents with their prices, in one query whatever their number."""
    prices = in_force(agents=[agent.slug for agent in agents], at=now)
    return [card(agent=agent, terms=prices.get(agent.slug), viewer=viewer) for agent in agents]


def card(*, agent: Agent, terms: Terms | None, viewer: Creator | None) -> AgentCard:
    """Make a card of an agent and its terms."""
    return AgentCard(
        public_id=agent.public_id,
        slug=agent.slug,
        name=agent.name,
        summary=agent.summary,
        description=agent.description,
        category=Agent.Category(agent.category).label,
        creator_name=agent.creator.display_name,
        status=agent.status,
        own=viewer is not None and viewer.pk == agent.creator_id,
        pricing_model=terms.pricing_model if terms else "",
        price_line=price_line(terms) if terms else "",
        version_number=terms.number if terms else None,
    )


def examples(*, terms: Terms) -> list[Example]:
    """Give what runs of three sizes cost at these terms; bands and other finer prices have no example."""
    if any(price.model not in PLAIN_MODELS or price.included or price.minimum for price in terms.prices):
        return []
    priced = [price for price in terms.prices if price.model == PriceModel.PER_UNIT and price.unit_price]
    if not priced:
        return []
    flat = sum((price.unit_price for price in terms.prices if price.model == PriceModel.FLAT), Decimal(0))
    result = []
    for name, size in EXAMPLE_SIZES:
        quantities = [(price, size * (TOKENS_A_RUN if "token" in price.metric else 1)) for price in priced]
        credits_exact = flat + sum(
            (price.unit_price * quantity for price, quantity in quantities), Decimal(0)
        )
        amount = Micros(max(terms.minimum, _to_quantum(credits_exact, terms.quantum)))
        told = ", ".join(f"{quantity:,} {label(price.metric).lower()}" for price, quantity in quantities)
        result.append(Example(name, told, amount, credits_to_usd(amount)))
    return result


def _to_quantum(credits_exact: Decimal, quantum: int) -> int:
    return int((credits_exact * MICRO / quantum).to_integral_value(ROUND_HALF_UP)) * quantum


def _listed(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    return agents.select_related("creator").order_by("name", "id")


def _current_model(now: dt.datetime) -> QuerySet[PlanVersion, str]:
    current = PlanVersion.objects.filter(plan__agent=OuterRef("pk"), effective_from__lte=now)
    return current.order_by("-effective_from", "-number").values_list("pricing_model", flat=True)[:1]
