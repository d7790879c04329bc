"""What a manifest would say as an agent's next version, before it is one: publishing writes just this."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from marketplace.defaults import WHOLE_BP, creator_share_bp
from marketplace.manifest import ManifestError, Payee, Pricing, Problem, Tier, parse
from marketplace.models import Agent, Creator, RateCard
from marketplace.price_text import percent
from marketplace.terms import Share, TierTerms, VersionTerms
from wallets.money import MICRO, Micros

ONE_MICRO: Micros = Micros(1)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A manifest that may be published: read, its payees and its rate card found."""

    pricing: Pricing
    shares: dict[Creator, int]
    rate_card: RateCard | None

    @property
    def minimum(self) -> Micros:
        """Give the least charge of a run."""
        return micros(self.pricing.minimum or Decimal(0))

    @property
    def quantum(self) -> Micros:
        """Give what a charge is a multiple of."""
        return ONE_MICRO if self.pricing.quantum is None else micros(self.pricing.quantum)

    @property
    def default_hold(self) -> Micros | None:
        """Give what is held when a run names no amount."""
        return None if self.pricing.default_hold is None else micros(self.pricing.default_hold)

    @property
    def platform_share_bp(self) -> int:
        """Give what the creators leave to the platform."""
        return WHOLE_BP - sum(self.shares.values())


def propose(*, creator: Creator, share_bp: int | None, manifest: str) -> Proposal:
    """Read a manifest for a creator's agent; `share_bp` is what its creators may have, None: the default.

    Raises ManifestError with every problem of the text, or the first of what it points at.
    """
    pricing = parse(manifest)
    shares = _shares(creator, share_bp, pricing.split, manifest)
    return Proposal(pricing, shares, _rate_card(pricing.rate_card, manifest))


def terms(*, proposal: Proposal, creator: Creator, agent: Agent | None, now: dt.datetime) -> VersionTerms:
    """Give the terms that a proposal would make, as of now; what only a version has stays empty."""
    pricing = proposal.pricing
    return VersionTerms(
        version_id=0,
        version="",
        number=0,
        pricing_model=pricing.model,
        effective_from=now,
        prices=pricing.prices(),
        default_hold=proposal.default_hold,
        minimum=proposal.minimum,
        quantum=proposal.quantum,
        platform_share_bp=proposal.platform_share_bp,
        rate_card_id=proposal.rate_card.pk if proposal.rate_card else None,
        shares=tuple(Share(payee.pk, bp) for payee, bp in proposal.shares.items()),
        tiers=tuple(_tier(tier) for tier in pricing.tiers),
        agent_id=agent.pk if agent else 0,
        agent=agent.public_id if agent else "",
        creator_id=creator.pk,
        creator=creator.public_id,
        creator_customer_id=creator.customer_id,
    )


def micros(amount: Decimal) -> Micros:
    """Give the micros of an exact amount of credits."""
    return Micros(int(amount * MICRO))


def _tier(tier: Tier) -> TierTerms:
    return TierTerms(0, tier.name, micros(tier.credits_per_month), int(tier.price_usd * 100))


def _shares(
    creator: Creator, share_bp: int | None, split: tuple[Payee, ...], text: str
) -> dict[Creator, int]:
    most = creator_share_bp() if share_bp is None else share_bp
    shares: dict[Creator, int] = {} if split else {creator: most}
    for payee in split:
        if payee.name != "platform":
            found = _payee(creator, payee.name, text)
            shares[found] = shares.get(found, 0) + int(payee.percent * 100)
    if sum(shares.values()) > most:
        problem = f"creators may have {percent(most)} % at most"
        raise ManifestError([Problem(_line_of("split", text), "split", problem)])
    return {payee: bp for payee, bp in shares.items() if bp}


def _payee(creator: Creator, name: str, text: str) -> Creator:
    found = creator if name == "creator" else Creator.objects.filter(public_id=name).first()
    if found is None:
        raise ManifestError([Problem(_line_of(name, text), f"split.{name}", "there is no such creator")])
    return found


def _rate_card(slug: str, text: str) -> RateCard | None:
    found = RateCard.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise ManifestError([Problem(_line_of("rate_card", text), "rate_card", "there is no such rate card")])
    return found


def _line_of(word: str, text: str) -> int | None:
    field = re.compile(re.escape(word) + r"[\"']?\s*:")
    return next((number for number, line in enumerate(text.splitlines(), 1) if field.search(line)), None)
