"""What versions of a plan say, tier by tier: to be compared, and in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.plan_changes import Side
from marketplace import queries as marketplace_queries
from marketplace.models import PlanVersion, SubscriptionTier
from marketplace.price_text import price_lines
from marketplace.queries import plan_pages, plans
from marketplace.terms import NOTHING, TierTerms, VersionTerms
from wallets.money import text


@dataclass(frozen=True, slots=True)
class Has:
    """What a subscriber pays and gets under a version."""

    version: int
    tier: str
    fee_cents: int
    interval: str
    credits: int
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """What a version says of its tiers, by their names."""

    number: int
    sides: dict[str, Side]
    points: dict[str, tuple[str, ...]]


def versions(*, wanted: Iterable[PlanVersion]) -> dict[int, Version]:
    """Read versions of one plan, of an agent or the platform, by their keys."""
    rows = list(wanted)
    of_agents = marketplace_queries.terms_by_version(version_ids=[each.pk for each in rows])
    return {
        each.pk: _of_agent(of_agents[each.pk]) if each.pk in of_agents else _of_platform(each)
        for each in rows
    }


def _of_agent(terms: VersionTerms) -> Version:
    told = tuple(str(line) for line in price_lines(terms))
    return Version(
        number=terms.number,
        sides={tier.name: _side(tier, terms) for tier in terms.tiers},
        points={
            tier.name: (f"{text(tier.credits_per_month)} credits a month", *told) for tier in terms.tiers
        },
    )


def _side(tier: TierTerms, terms: VersionTerms) -> Side:
    return Side(tier=tier, prices=terms.prices, minimum=terms.minimum, rate_card_id=terms.rate_card_id)


def _of_platform(version: PlanVersion) -> Version:
    terms = plans.plan_version_terms(version_id=version.pk)
    return Version(
        number=terms.number,
        sides={
            tier.name: Side(tier=tier, prices=terms.prices, minimum=NOTHING, rate_card_id=None)
            for tier in terms.tiers
        },
        points={tier.name: plan_pages.points(plan=terms, tier=tier) for tier in terms.tiers},
    )


def has(*, version: Version, tier: SubscriptionTier, seats: int) -> Has:
    """Give what so many seats of a tier cost and bring."""
    name = tier.name
    said = version.sides[name].tier
    counted = seats if said.per_seat else 1
    return Has(
        version=version.number,
        tier=tier.name,
        fee_cents=said.price_cents * counted,
        interval=said.interval,
        credits=said.credits_per_month * counted,
        points=version.points[name],
    )
