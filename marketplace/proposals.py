"""What a manifest would say as an agent's next version, before it is one: publishing writes just this."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from marketplace import collaborators, packages
from marketplace.defaults import WHOLE_BP, creator_share_bp, run_price
from marketplace.manifest import ManifestError, Payee, Pricing, Problem, Tier, parse
from marketplace.models import Agent, Creator, RateCard
from marketplace.packages import LosingPackageError
from marketplace.price_text import percent
from marketplace.terms import PriceModel, PriceTerms, Share, TierTerms, VersionTerms
from wallets.money import MICRO, Micros, cents_to_credits

ONE_MICRO: Micros = Micros(1)
# The two lines of a run with a price on top.
PLATFORM_PRICE: Final = "platform_price"
CREATOR_PRICE: Final = "creator_price"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A manifest that may be published: read, its payees and its rate card found."""

    pricing: Pricing
    shares: dict[Creator, int]
    fixed: dict[Creator, int]
    rate_card: RateCard | None

    @property
    def prices(self) -> tuple[PriceTerms, ...]:
        """Give the price components of a run: the manifest's, or the platform's price and the creators' on top."""
        if not self.fixed:
            return self.pricing.prices()
        own, on_top = self._on_top()
        return (_flat(PLATFORM_PRICE, own), _flat(CREATOR_PRICE, on_top), *self.pricing.prices())

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
        """Give what the creators leave to the platform; of a price on top, the least that this is."""
        own, on_top = self._on_top()
        return own * WHOLE_BP // (own + on_top) if on_top else WHOLE_BP - sum(self.shares.values())

    def _on_top(self) -> tuple[Micros, Micros]:
        on_top = cents_to_credits(sum(self.fixed.values()))
        return run_price(on_top=on_top), on_top


def propose(*, creator: Creator, agent: Agent | None, manifest: str) -> Proposal:
    """Read a manifest for a creator's agent, None: one that is not written yet.

    Raises ManifestError with every problem of the text, or the first of what it points at.
    """
    pricing = parse(manifest)
    fixed = _parts(creator, agent, {payee.name: payee.cents for payee in pricing.on_top}, "on_top", manifest)
    shares = {} if fixed else _shares(creator, agent, pricing.split, manifest)
    proposal = Proposal(pricing, shares, fixed, _rate_card(pricing.rate_card, manifest))
    if fixed:
        _check_packages(proposal, manifest)
    return proposal


def terms(*, proposal: Proposal, creator: Creator, agent: Agent | None, now: dt.datetime) -> VersionTerms:
    """Give the terms that a proposal would make, as of now; what only a version has stays empty."""
    pricing = proposal.pricing
    return VersionTerms(
        version_id=0,
        version="",
        number=0,
        pricing_model=pricing.model,
        effective_from=now,
        prices=proposal.prices,
        default_hold=proposal.default_hold,
        minimum=proposal.minimum,
        quantum=proposal.quantum,
        platform_share_bp=proposal.platform_share_bp,
        rate_card_id=proposal.rate_card.pk if proposal.rate_card else None,
        shares=(
            *(Share(payee.pk, bp) for payee, bp in proposal.shares.items()),
            *(Share(payee.pk, fixed=cents_to_credits(cents)) for payee, cents in proposal.fixed.items()),
        ),
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


def _flat(metric: str, amount: Micros) -> PriceTerms:
    return PriceTerms(PriceModel.FLAT, metric, Decimal(amount) / MICRO)


def _shares(creator: Creator, agent: Agent | None, split: tuple[Payee, ...], text: str) -> dict[Creator, int]:
    most = agent.allowed_bp if agent else creator_share_bp()
    named = {payee.name: int(payee.percent * 100) for payee in split if payee.name != "platform"}
    shares = _parts(creator, agent, named if split else {"creator": most}, "split", text)
    if sum(shares.values()) > most:
        problem = f"creators may have {percent(most)} % at most"
        raise ManifestError([Problem(_line_of("split", text), "split", problem)])
    return shares


def _parts(
    creator: Creator, agent: Agent | None, named: dict[str, int], field: str, text: str
) -> dict[Creator, int]:
    parts: dict[Creator, int] = {}
    for name, part in named.items():
        found = _payee(creator, agent, name, field, text)
        parts[found] = parts.get(found, 0) + part
    return {payee: part for payee, part in parts.items() if part}


def _payee(creator: Creator, agent: Agent | None, name: str, field: str, text: str) -> Creator:
    found = creator if name == "creator" else Creator.objects.filter(public_id=name).first()
    problem = "" if found else "there is no such creator"
    if found and found != creator and not collaborators.agreed(agent=agent, creator=found):
        problem = f"{found} has not agreed to have a part of this agent: invite them first"
    if found is None or problem:
        raise ManifestError([Problem(_line_of(name, text), f"{field}.{name}", problem)])
    return found


def _check_packages(proposal: Proposal, text: str) -> None:
    """Refuse a price on top that would leave the platform less than a package on sale has brought."""
    try:
        packages.check_share(share_bp=WHOLE_BP - proposal.platform_share_bp)
    except LosingPackageError as refusal:
        raise ManifestError([Problem(_line_of("on_top", text), "on_top", refusal.detail)]) from refusal


def _rate_card(slug: str, text: str) -> RateCard | None:
    found = RateCard.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise ManifestError([Problem(_line_of("rate_card", text), "rate_card", "there is no such rate card")])
    return found


def _line_of(word: str, text: str) -> int | None:
    field = re.compile(re.escape(word) + r"[\"']?\s*:")
    return next((number for number, line in enumerate(text.splitlines(), 1) if field.search(line)), None)
