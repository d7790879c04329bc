"""What versions say, remembered.

A published version never changes (triggers see to it), so it is kept for as long as the process lives: by its
public id, which no other version will ever have, even one whose transaction rolled back.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from marketplace import models
from marketplace.models import Price, SplitShare, SubscriptionTier
from marketplace.terms import (
    EntitlementTerms,
    Interval,
    Overage,
    PaymentTerm,
    PriceBand,
    PriceModel,
    PriceTerms,
    PricingModel,
    Share,
    TierTerms,
    VersionTerms,
)
from wallets.money import Micros, cents_to_credits

VERSIONS_CACHED_MAX: Final = 10_000

T = TypeVar("T")


class Row(NamedTuple):
    """One row of the queries above."""

    key: int
    version_id: int
    version: str
    number: int
    pricing_model: str
    effective_from: dt.datetime
    default_hold: int | None
    minimum: int
    quantum: int
    platform_share_bp: int
    agent_id: int
    agent: str
    agent_slug: str
    agent_name: str
    status: str
    outcome_policy: str
    creator_id: int
    creator: str
    creator_customer_id: int


_cached: dict[str, VersionTerms] = {}


def known(*, version: str) -> VersionTerms | None:
    """Give what a version says if this process has read it."""
    return _cached.get(version)


def said(*, rows: Sequence[Row]) -> dict[str, VersionTerms]:
    """Give what these versions say, by public id, reading those not read before in a few queries."""
    found = {row.version: facts for row in rows if (facts := _cached.get(row.version))}
    unread = {row.version: row for row in rows if row.version not in found}
    if unread:
        found |= _read_versions(list(unread.values()))
        if len(_cached) + len(unread) > VERSIONS_CACHED_MAX:
            _cached.clear()
        _cached.update(found)
    return found


def _read_versions(rows: Sequence[Row]) -> dict[str, VersionTerms]:
    keys = [row.version_id for row in rows]
    prices = _grouped(
        Price.objects.filter(version_id__in=keys).order_by("id").prefetch_related("bands"), price_terms
    )
    shares = _grouped(SplitShare.objects.filter(version_id__in=keys).order_by("id"), _share)
    beside = {
        key: (card, unit)
        for key, card, unit in models.PlanVersion.objects.filter(pk__in=keys).values_list(
            "pk", "rate_card_id", "quota_unit"
        )
    }
    tiers = _grouped(SubscriptionTier.objects.filter(version_id__in=keys).order_by("id"), tier_terms)
    return {
        row.version: VersionTerms(
            version_id=row.version_id,
            version=row.version,
            number=row.number,
            pricing_model=PricingModel(row.pricing_model),
            effective_from=row.effective_from,
            prices=tuple(prices.get(row.version_id, ())),
            default_hold=None if row.default_hold is None else Micros(row.default_hold),
            minimum=Micros(row.minimum),
            quantum=Micros(row.quantum),
            platform_share_bp=row.platform_share_bp,
            rate_card_id=beside[row.version_id][0],
            quota_unit=beside[row.version_id][1],
            shares=tuple(shares.get(row.version_id, ())),
            tiers=tuple(tiers.get(row.version_id, ())),
            agent_id=row.agent_id,
            agent=row.agent,
            creator_id=row.creator_id,
            creator=row.creator,
            creator_customer_id=row.creator_customer_id,
        )
        for row in rows
    }


def _grouped(parts: Iterable[Any], read: Callable[[Any], T]) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = {}
    for part in parts:
        groups.setdefault(part.version_id, []).append(read(part))
    return groups


def price_terms(price: Price) -> PriceTerms:
    """Read a price component; its bands are best prefetched."""
    return PriceTerms(
        PriceModel(price.model),
        price.metric,
        price.unit_price,
        bands=tuple(_band(band) for band in sorted(price.bands.all(), key=lambda band: band.place)),
        package_size=price.package_size,
        least=price.least,
        most=price.most,
        included=price.included,
        minimum=price.minimum,
        overage=Overage(price.overage),
        payment_term=PaymentTerm(price.payment_term),
    )


def _band(band: models.PriceBand) -> PriceBand:
    return PriceBand(band.up_to, band.unit_price, band.flat_price)


def _share(share: SplitShare) -> Share:
    return Share(share.creator_id, share.share_bp, cents_to_credits(share.fixed_cents))


def tier_terms(tier: SubscriptionTier, entitlements: tuple[EntitlementTerms, ...] = ()) -> TierTerms:
    """Read a tier."""
    return TierTerms(
        tier.pk,
        tier.name,
        Micros(tier.credits_per_month),
        int(tier.price_usd.amount * 100),
        interval=Interval(tier.interval),
        per_seat=tier.per_seat,
        trial_days=tier.trial_days,
        rollover_cap=Micros(tier.rollover_cap),
        overdraft=Micros(tier.overdraft),
        spend_cap_cents=tier.spend_cap_cents,
        entitlements=entitlements,
    )
