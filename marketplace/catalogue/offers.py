"""What the platform's catalogue says, as frozen values. Money is USD, exact."""

from dataclasses import dataclass
from decimal import Decimal

from marketplace.manifest.pricing import Rate
from marketplace.terms import ZERO, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOffer:
    """How events of one type become a quantity."""

    slug: str
    name: str
    event_type: str
    aggregation: str
    property: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOffer:
    """A feature: a capability, or what is used; `metric` is empty for a capability."""

    slug: str
    name: str
    metric: str = ""
    meter: str = ""
    cost_usd: Decimal | None = None
    quota: bool = False

    @property
    def has_runs(self) -> bool:
        """Tell whether it is used by runs: it burns credits or takes from a quota."""
        return self.quota or self.cost_usd is not None

    @property
    def quota_unit(self) -> str:
        """Name the unit of the quota that its runs take from; empty when there is none."""
        return self.metric.upper() if self.quota else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The file of meters and features."""

    meters: tuple[MeterOffer, ...] = ()
    features: tuple[FeatureOffer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementOffer:
    """What a tier allows of a feature; `included` None: as much as one likes."""

    feature: str
    included: Decimal | None = None
    hard: bool = True
    per_seat: bool = False
    rollover: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class TierOffer:
    """What one subscribes to. Credits are told by their worth, so that they mean the same whatever one is worth."""

    name: str
    price_usd: Decimal
    interval: Interval = Interval.MONTH
    per_seat: bool = False
    trial_days: int = 0
    credits_usd: Decimal = ZERO
    rollover_usd: Decimal = ZERO
    overdraft_usd: Decimal = ZERO
    spend_cap_usd: Decimal | None = None
    entitlements: tuple[EntitlementOffer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOffer:
    """A whole plan; what a period's use costs is in USD."""

    slug: str
    name: str
    summary: str
    catalogue: str
    place: int
    self_service: bool
    listed: bool
    prices: tuple[Rate, ...]
    tiers: tuple[TierOffer, ...]
