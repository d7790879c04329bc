"""What the pricing editor shows beside the form."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import User
from marketplace.defaults import WHOLE_BP
from marketplace.models import Agent
from marketplace.price_text import dollars, percent, price_lines
from marketplace.queries.pricing import in_force
from wallets.money import text


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in an agent's history."""

    number: int
    public_id: str
    pricing_model: str
    effective_from: dt.datetime
    created_by: str
    manifest: str
    current: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The price in force, in plain words."""

    model: str
    lines: tuple[str, ...]


def versions_of(*, agent: Agent, now: dt.datetime) -> list[VersionLine]:
    """Give an agent's versions, newest first."""
    versions = list(agent.plan.versions.order_by("-number"))
    names = _names({version.created_by for version in versions})
    current = next((version.pk for version in versions if version.effective_from <= now), None)
    return [
        VersionLine(
            number=version.number,
            public_id=version.public_id,
            pricing_model=version.pricing_model,
            effective_from=version.effective_from,
            created_by=names.get(version.created_by, version.created_by),
            manifest=version.manifest,
            current=version.pk == current,
        )
        for version in versions
    ]


def preview(*, agent: Agent, now: dt.datetime) -> Preview | None:
    """Tell the price in force; None before the first version."""
    terms = in_force(agents=[agent.slug], at=now).get(agent.slug)
    if terms is None:
        return None
    lines = [str(line) for line in price_lines(terms)] or ["Nobody is charged; you absorb the costs."]
    lines += [
        f"{tier.name}: {text(tier.credits_per_month)} credits a month for {dollars(tier.price_cents)}"
        for tier in terms.tiers
    ]
    if terms.minimum:
        lines.append(f"At least {text(terms.minimum)} credits a run")
    lines.append(f"Creators have {percent(WHOLE_BP - terms.platform_share_bp)} % of each charge")
    return Preview(terms.pricing_model, tuple(lines))


def _names(actors: set[str]) -> dict[str, str]:
    ids = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    return {f"user:{user.public_id}": user.email for user in User.objects.filter(public_id__in=ids)}
