"""What the page of plans shows: cards in groups, and a table that compares the plans of a group."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marketplace import plan_text
from marketplace.models import Feature, Meter, Plan
from marketplace.plan_text import Words
from marketplace.queries.plans import plans
from marketplace.terms import EntitlementTerms, PlanTerms, TierTerms

GROUPS: Final = (
    (Plan.Catalogue.EXECUTIONS, "Plans", "So many runs a month, for a person, a team or a company."),
    (Plan.Catalogue.CREDITS, "Plans with credits", "One balance for every feature, filled anew each month."),
    (Plan.Catalogue.USAGE, "By what you use", "Metered as it happens, billed when the month has ended."),
)
THERE: Final = "yes"
LEVELS: Final = (Meter.Aggregation.MAX, Meter.Aggregation.LATEST)


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A tier of a plan, in words."""

    slug: str
    name: str
    summary: str
    price: str
    per: str
    points: tuple[str, ...]
    self_service: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line of the comparison: a cell for each plan; `yes` is a tick, empty a dash."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanGroup:
    """Plans that stand beside each other."""

    slug: str
    title: str
    text: str
    plans: tuple[PlanCard, ...]
    rows: tuple[PlanRow, ...]


def plan_groups(*, at: dt.datetime) -> list[PlanGroup]:
    """Give the listed plans, group by group; a group without plans is left out."""
    listed = plans(at=at)
    words = _words()
    return [
        _group(catalogue, title, text, offered, words)
        for catalogue, title, text in GROUPS
        if (offered := [plan for plan in listed if plan.catalogue == catalogue])
    ]


def points(*, plan: PlanTerms, tier: TierTerms) -> tuple[str, ...]:
    """Tell a tier of a plan point by point: what it brings, what use above it costs, what else is in it."""
    there = [each.name for each in tier.entitlements if not each.metric]
    return (*plan_text.points(plan, tier, _words()), *there)


def _words() -> Words:
    nouns = dict(Feature.objects.exclude(metric="").values_list("metric", "name"))
    meters = list(Meter.objects.all())
    return Words(
        nouns | {meter.slug: meter.name for meter in meters},
        frozenset(meter.slug for meter in meters if meter.aggregation in LEVELS),
    )


def _group(catalogue: str, title: str, text: str, offered: Sequence[PlanTerms], words: Words) -> PlanGroup:
    tiers = [(plan, tier) for plan in offered for tier in plan.tiers]
    cards = tuple(_card(plan, tier, words) for plan, tier in tiers)
    rows = () if catalogue == Plan.Catalogue.USAGE else tuple(_rows(tiers, words))
    return PlanGroup(catalogue, title, text, cards, rows)


def _card(plan: PlanTerms, tier: TierTerms, words: Words) -> PlanCard:
    return PlanCard(
        slug=plan.slug,
        name=tier.name,
        summary=plan.summary,
        price=plan_text.price(plan, tier),
        per=plan_text.per(plan, tier),
        points=tuple(plan_text.points(plan, tier, words)),
        self_service=plan.self_service,
    )


def _rows(tiers: Sequence[tuple[PlanTerms, TierTerms]], words: Words) -> list[PlanRow]:
    names = {each.feature: each.name for _, tier in tiers for each in tier.entitlements}
    rows = [
        PlanRow(name, tuple(_cell(_entitlement(tier, feature)) for _, tier in tiers))
        for feature, name in names.items()
    ]
    above = tuple(
        "; ".join(line for price in plan.prices for line in plan_text.charged(price, words))
        for plan, _ in tiers
    )
    return [rows[0], PlanRow("Above that", above), *rows[1:]] if any(above) else rows


def _entitlement(tier: TierTerms, feature: str) -> EntitlementTerms | None:
    return next((each for each in tier.entitlements if each.feature == feature), None)


def _cell(entitlement: EntitlementTerms | None) -> str:
    if entitlement is None:
        return ""
    return THERE if entitlement.included is None else plan_text.quantity(entitlement)
