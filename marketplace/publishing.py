"""Publishing: from a manifest to the next version of an agent's plan."""

import datetime as dt
import re
from decimal import Decimal

from django.db import transaction
from djmoney.money import Money

from marketplace import listings
from marketplace.defaults import WHOLE_BP, creator_share_bp
from marketplace.manifest import ManifestError, Payee, Pricing, Problem, parse
from marketplace.models import (
    Agent,
    Creator,
    Plan,
    PlanVersion,
    Price,
    PriceBand,
    RateCard,
    SplitShare,
    SubscriptionTier,
)
from marketplace.price_text import percent
from marketplace.queries import AgentSuspendedError
from marketplace.terms import PriceTerms
from wallets.money import MICRO


def publish(
    *, agent: Agent, manifest: str, actor: str, now: dt.datetime, quota_unit: str = ""
) -> PlanVersion:
    """Publish a manifest as the agent's next version, in force from now, and the agent with it.

    The manifest already in force again gives its version: a double click publishes once. `quota_unit` is for the
    platform's own features, whose runs take from a quota. Raises ManifestError and AgentSuspendedError.
    """
    pricing = parse(manifest)
    with transaction.atomic():
        # Publishers queue on the plan's row: number and effective_from follow from the version before.
        plan = Plan.objects.select_for_update().get(agent=agent)
        locked = Agent.objects.select_related("creator").get(pk=agent.pk)
        if locked.status == Agent.Status.SUSPENDED:
            raise AgentSuspendedError(f"{locked.name} is suspended by the platform.")
        shares = _shares(locked, pricing.split, manifest)
        last = plan.versions.order_by("-number").first()
        said = last and last.quota_unit == quota_unit and _says(last, manifest, shares)
        version = (last if said else None) or _write(
            plan, last, pricing, shares, manifest=manifest, quota_unit=quota_unit, actor=actor, now=now
        )
        if locked.status == Agent.Status.DRAFT:
            listings.change_status(
                agent=agent, old=Agent.Status.DRAFT, new=Agent.Status.PUBLISHED, actor=actor, now=now
            )
        Agent.objects.filter(pk=agent.pk).update(draft_manifest=manifest)
    agent.refresh_from_db(fields=["status", "draft_manifest"])
    return version


def _says(version: PlanVersion, text: str, shares: dict[Creator, int]) -> bool:
    written = {share.creator_id: share.share_bp for share in version.shares.all()}
    return version.manifest == text and written == {creator.pk: bp for creator, bp in shares.items()}


def _shares(agent: Agent, split: tuple[Payee, ...], text: str) -> dict[Creator, int]:
    most = creator_share_bp() if agent.creator_share_bp is None else agent.creator_share_bp
    shares: dict[Creator, int] = {} if split else {agent.creator: most}
    for payee in split:
        if payee.name != "platform":
            creator = _payee(agent, payee.name, text)
            shares[creator] = shares.get(creator, 0) + int(payee.percent * 100)
    if sum(shares.values()) > most:
        problem = f"creators may have {percent(most)} % at most"
        raise ManifestError([Problem(_line_of("split", text), "split", problem)])
    return {creator: bp for creator, bp in shares.items() if bp}


def _payee(agent: Agent, name: str, text: str) -> Creator:
    found = agent.creator if name == "creator" else Creator.objects.filter(public_id=name).first()
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


def _write(
    plan: Plan,
    last: PlanVersion | None,
    pricing: Pricing,
    shares: dict[Creator, int],
    *,
    manifest: str,
    quota_unit: str,
    actor: str,
    now: dt.datetime,
) -> PlanVersion:
    version = PlanVersion.objects.create(
        plan=plan,
        number=last.number + 1 if last else 1,
        pricing_model=pricing.model,
        manifest=manifest,
        # Two servers' clocks may differ: a later version never comes into force before an earlier one.
        effective_from=max(now, last.effective_from) if last else now,
        default_hold=None if pricing.default_hold is None else _micros(pricing.default_hold),
        minimum=_micros(pricing.minimum or Decimal(0)),
        quantum=1 if pricing.quantum is None else _micros(pricing.quantum),
        platform_share_bp=WHOLE_BP - sum(shares.values()),
        rate_card=_rate_card(pricing.rate_card, manifest),
        quota_unit=quota_unit,
        created_by=actor,
        created_at=now,
    )
    for price in pricing.prices():
        write_price(version, price)
    SplitShare.objects.bulk_create(
        SplitShare(version=version, creator=creator, share_bp=bp) for creator, bp in shares.items()
    )
    SubscriptionTier.objects.bulk_create(
        SubscriptionTier(
            version=version,
            name=tier.name,
            credits_per_month=_micros(tier.credits_per_month),
            price_usd=Money(tier.price_usd, "USD"),
        )
        for tier in pricing.tiers
    )
    return version


def write_price(version: PlanVersion, price: PriceTerms) -> None:
    """Write a price component and its bands, in the transaction that writes their version."""
    row = Price.objects.create(
        version=version,
        model=price.model,
        metric=price.metric,
        unit_price=price.unit_price,
        package_size=price.package_size,
        least=price.least,
        most=price.most,
        included=price.included,
        minimum=price.minimum,
        overage=price.overage,
        payment_term=price.payment_term,
    )
    PriceBand.objects.bulk_create(
        PriceBand(
            price=row, place=place, up_to=band.up_to, unit_price=band.unit_price, flat_price=band.flat_price
        )
        for place, band in enumerate(price.bands)
    )


def _micros(amount: Decimal) -> int:
    return int(amount * MICRO)
