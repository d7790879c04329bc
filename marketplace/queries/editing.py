"""What the pricing editor shows beside the form."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from marketplace.defaults import WHOLE_BP
from marketplace.models import Agent, PlanVersion, RateCard
from marketplace.price_text import component, dollars, percent, price_lines
from marketplace.queries.pricing import in_force
from marketplace.terms import PricingModel, TierTerms, VersionTerms
from wallets.money import Micros, text

PAYERS: Final = {
    PricingModel.USAGE_BASED: "The caller, for what each run used",
    PricingModel.SUBSCRIPTION: "Subscribers, from their monthly credits",
    PricingModel.FREE: "Nobody",
}


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
    upcoming: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A price in plain words."""

    model: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a price before and after; empty where it is not."""

    label: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        """Say what becomes of the line."""
        if self.before == self.after:
            return "same"
        if not self.before:
            return "added"
        return "changed" if self.after else "removed"


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
            upcoming=version.effective_from > now,
        )
        for version in versions
    ]


def last_version(*, agent: Agent) -> PlanVersion | None:
    """Give the newest version of an agent's price, which may begin later."""
    return agent.plan.versions.order_by("-number").first()


def manifest_of(*, agent: Agent, number: str) -> str:
    """Give the manifest of an agent's version by its number as it was typed; empty where there is none."""
    found = [version for version in agent.plan.versions.all() if str(version.number) == number]
    return found[0].manifest if found else ""


def preview(*, agent: Agent, now: dt.datetime) -> Preview | None:
    """Tell the price in force; None before the first version."""
    terms = in_force(agents=[agent.slug], at=now).get(agent.slug)
    return None if terms is None else plain_words(terms=terms)


def plain_words(*, terms: VersionTerms) -> Preview:
    """Tell a price."""
    lines = [str(line) for line in price_lines(terms)] or ["Nobody is charged; you absorb the costs."]
    lines += [f"{tier.name}: {_tier(tier)}" for tier in terms.tiers]
    if terms.minimum:
        lines.append(f"At least {text(terms.minimum)} credits a run")
    lines.append(f"Creators have {_creators_part(terms)}")
    return Preview(terms.pricing_model, tuple(lines))


def changes(*, before: VersionTerms | None, after: VersionTerms) -> list[Change]:
    """Compare two prices line by line, in the order of the later one."""
    old, new = _told(before) if before else {}, _told(after)
    return [Change(name, old.get(name, ""), new.get(name, "")) for name in list(new | old)]


def _told(terms: VersionTerms) -> dict[str, str]:
    told = {"Who pays": PAYERS[terms.pricing_model]}
    for price in terms.prices:
        told[f"Price of {price.metric}"] = "; ".join(str(line) for line in component(price))
    if terms.rate_card_id is not None:
        slug = RateCard.objects.values_list("slug", flat=True).get(pk=terms.rate_card_id)
        told["Price of tokens by model"] = f"rate card {slug}"
    told |= {f"Tier: {tier.name}": _tier(tier) for tier in terms.tiers}
    if terms.minimum:
        told["Least charge of a run"] = _credits(terms.minimum)
    if terms.quantum > 1:
        told["Rounded to"] = _credits(terms.quantum)
    if terms.default_hold is not None:
        told["Reserved without a usage"] = _credits(terms.default_hold)
    told["Creators have"] = _creators_part(terms)
    return told


def _creators_part(terms: VersionTerms) -> str:
    fixed = Micros(sum(share.fixed for share in terms.shares))
    if fixed:
        return f"{_credits(fixed)} of each run"
    return f"{percent(WHOLE_BP - terms.platform_share_bp)} % of each charge"


def _credits(amount: Micros) -> str:
    return f"{text(amount)} credit{'' if text(amount) == '1' else 's'}"


def _tier(tier: TierTerms) -> str:
    return f"{text(tier.credits_per_month)} credits a month for {dollars(tier.price_cents)}"


def _names(actors: set[str]) -> dict[str, str]:
    ids = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    return {f"user:{user.public_id}": user.email for user in User.objects.filter(public_id__in=ids)}
