"""Publishing: from a manifest to the next version of an agent's plan."""

import datetime as dt

from django.db import transaction
from djmoney.money import Money

from config.kit import jobs
from config.kit.errors import InvalidInputError
from marketplace import listings, proposals
from marketplace.manifest import parse
from marketplace.models import (
    Agent,
    Plan,
    PlanVersion,
    Price,
    PriceBand,
    SplitShare,
    SubscriptionTier,
)
from marketplace.proposals import Proposal
from marketplace.queries import AgentSuspendedError
from marketplace.terms import PriceTerms


def publish(
    *,
    agent: Agent,
    manifest: str,
    actor: str,
    now: dt.datetime,
    effective_from: dt.datetime | None = None,
    quota_unit: str = "",
) -> PlanVersion:
    """Publish a manifest as the agent's next version, in force from now or from a later moment, and the agent with it.

    The manifest already in force again gives its version: a double click publishes once. `quota_unit` is for the
    platform's own features, whose runs take from a quota. Raises ManifestError, AgentSuspendedError and
    InvalidInputError for a start in the past, or a later one of the first price.
    """
    parse(manifest)  # before any row is locked
    if effective_from is not None and effective_from < now:
        raise InvalidInputError("A price cannot change what has been charged: its start is in the past.")
    with transaction.atomic():
        # Publishers queue on the plan's row: number and effective_from follow from the version before.
        plan = Plan.objects.select_for_update().get(agent=agent)
        locked = Agent.objects.select_related("creator").get(pk=agent.pk)
        if locked.status == Agent.Status.SUSPENDED:
            raise AgentSuspendedError(f"{locked.name} is suspended by the platform.")
        proposal = proposals.propose(creator=locked.creator, agent=locked, manifest=manifest)
        last = plan.versions.order_by("-number").first()
        if last is None and effective_from is not None:
            raise InvalidInputError("The first price is in force from now: an agent for sale has a price.")
        said = last and last.quota_unit == quota_unit and _says(last, manifest, proposal)
        version = (last if said else None) or _write(
            plan,
            last,
            proposal,
            manifest=manifest,
            quota_unit=quota_unit,
            effective_from=effective_from or now,
            actor=actor,
            now=now,
        )
        if locked.status == Agent.Status.DRAFT:
            listings.change_status(
                agent=agent, old=Agent.Status.DRAFT, new=Agent.Status.PUBLISHED, actor=actor, now=now
            )
        Agent.objects.filter(pk=agent.pk).update(draft_manifest=manifest)
        if version.rate_card_id is not None:
            # What it charges by may cost more than that: staff hear of it now, not with the next round.
            jobs.enqueue("marketplace.watch_rates")
    agent.refresh_from_db(fields=["status", "draft_manifest"])
    return version


def _says(version: PlanVersion, text: str, proposal: Proposal) -> bool:
    said = {share.creator_id: (share.share_bp, share.fixed_cents) for share in version.shares.all()}
    meant = {share.creator_id: (share.share_bp, share.fixed_cents) for share in _shares(version, proposal)}
    # The platform's own price under one on top may have changed since.
    same = version.platform_share_bp == proposal.platform_share_bp
    return version.manifest == text and said == meant and same


def _shares(version: PlanVersion, proposal: Proposal) -> list[SplitShare]:
    return [
        *(SplitShare(version=version, creator=each, share_bp=bp) for each, bp in proposal.shares.items()),
        *(
            SplitShare(
                version=version, creator=each, kind=SplitShare.Kind.FIXED, share_bp=0, fixed_cents=cents
            )
            for each, cents in proposal.fixed.items()
        ),
    ]


def _write(
    plan: Plan,
    last: PlanVersion | None,
    proposal: Proposal,
    *,
    manifest: str,
    quota_unit: str,
    effective_from: dt.datetime,
    actor: str,
    now: dt.datetime,
) -> PlanVersion:
    pricing = proposal.pricing
    version = PlanVersion.objects.create(
        plan=plan,
        number=last.number + 1 if last else 1,
        pricing_model=pricing.model,
        manifest=manifest,
        # Two servers' clocks may differ: a later version never comes into force before an earlier one.
        effective_from=max(effective_from, last.effective_from) if last else effective_from,
        default_hold=proposal.default_hold,
        minimum=proposal.minimum,
        quantum=proposal.quantum,
        platform_share_bp=proposal.platform_share_bp,
        rate_card=proposal.rate_card,
        quota_unit=quota_unit,
        created_by=actor,
        created_at=now,
    )
    for price in proposal.prices:
        write_price(version, price)
    SplitShare.objects.bulk_create(_shares(version, proposal))
    SubscriptionTier.objects.bulk_create(
        SubscriptionTier(
            version=version,
            name=tier.name,
            credits_per_month=proposals.micros(tier.credits_per_month),
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
