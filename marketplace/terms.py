"""What one version of an agent's plan says, as frozen facts: what the money path passes around."""

import datetime as dt
import enum
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from wallets.money import Micros

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
NOTHING: Final = Micros(0)


class PriceModel(enum.StrEnum):
    """How a price component turns a quantity into an amount."""

    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    DYNAMIC = "dynamic"


class Overage(enum.StrEnum):
    """What becomes of a quantity above what is included."""

    ON = "on"
    BLOCKED = "blocked"


class PaymentTerm(enum.StrEnum):
    """When a component is billed: with the period's start or after its end."""

    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


class PricingModel(enum.StrEnum):
    """Who pays for a run, in the words of the `pricing:` manifest."""

    USAGE_BASED = "usage_based"
    SUBSCRIPTION = "subscription"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class PriceBand:
    """A band of quantities, up to and with `up_to` (the last one has no end), and its price."""

    up_to: Decimal | None
    unit_price: Decimal
    flat_price: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """One price component; prices are in the version's unit, exact.

    `bands` belong to graduated and volume prices, `package_size` to package prices, `least` and `most` bound the price
    that comes with a dynamic one; a percentage's `unit_price` is a fraction.
    """

    model: PriceModel
    metric: str
    unit_price: Decimal = ZERO
    bands: tuple[PriceBand, ...] = ()
    package_size: Decimal = ONE
    least: Decimal = ZERO
    most: Decimal = ZERO
    included: Decimal = ZERO
    overage: Overage = Overage.ON
    minimum: Decimal = ZERO
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS


@dataclass(frozen=True, slots=True)
class Share:
    """A creator's part of each charge: basis points, or a fixed price of each run in credit micros."""

    creator_id: int
    share_bp: int = 0
    fixed: Micros = NOTHING


class Interval(enum.StrEnum):
    """How long a tier's period is."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementTerms:
    """What a tier allows of a feature; `included` None: as much as one likes.

    `unit` names the quota wallet that its runs take from; empty where none counts them: a capability, use that
    burns credits, or use that only events report.
    """

    feature_id: int
    feature: str
    name: str
    metric: str
    unit: str
    included: Decimal | None
    hard: bool
    per_seat: bool = False
    rollover_cap: Decimal = ZERO

    def quantity(self, *, seats: int) -> Decimal | None:
        """Give what a period includes for so many seats."""
        return self.included if self.included is None or not self.per_seat else self.included * seats

    def blocked(self, *, overage: bool) -> bool:
        """Tell whether use stops at what is included; `overage` is the customer's consent to pay for more.

        Where no quota holds use back, or nothing is included, use has its price: who subscribes has agreed to it.
        """
        consented = overage or not (self.unit and self.included)
        return self.included is not None and (self.hard or not consented)


@dataclass(frozen=True, slots=True)
class TierTerms:
    """A tier: credits and entitlements of a period, for a price."""

    id: int
    name: str
    credits_per_month: Micros
    price_cents: int
    interval: Interval = Interval.MONTH
    per_seat: bool = False
    trial_days: int = 0
    rollover_cap: Micros = NOTHING
    overdraft: Micros = NOTHING
    spend_cap_cents: int | None = None
    entitlements: tuple[EntitlementTerms, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """What one version of a platform plan says; its name and what the page says beside it may change."""

    plan_id: int
    slug: str
    name: str
    summary: str
    catalogue: str
    listed: bool
    self_service: bool
    version_id: int
    version: str
    number: int
    effective_from: dt.datetime
    unit: str
    prices: tuple[PriceTerms, ...]
    tiers: tuple[TierTerms, ...]


@dataclass(frozen=True, slots=True)
class VersionTerms:
    """What a published version says. It never changes, so it is cached for as long as the process lives."""

    version_id: int
    version: str
    number: int
    pricing_model: PricingModel
    effective_from: dt.datetime
    prices: tuple[PriceTerms, ...]
    default_hold: Micros | None
    minimum: Micros
    quantum: Micros
    platform_share_bp: int
    rate_card_id: int | None
    shares: tuple[Share, ...]
    tiers: tuple[TierTerms, ...]
    agent_id: int
    agent: str
    creator_id: int
    creator: str
    creator_customer_id: int
    # A run also takes its quantity from the caller's quota of this unit.
    quota_unit: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Terms(VersionTerms):
    """A version's terms with what may change on its agent."""

    agent_slug: str
    agent_name: str
    status: str
    outcome_policy: str
