"""What the pages around Stripe's checkout show, as plain values."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import Customer
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.queries import subscriptions as subscription_queries
from billing.taxes import Tax
from marketplace.models import CreditPackage
from wallets import money

SLOW: Final = dt.timedelta(seconds=30)
PRESETS_CENTS: Final = (1_000, 2_500, 5_000, 10_000)
WHOLE_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class TopUpPage:
    """A top-up as its page shows it."""

    public_id: str
    status: str
    amount_cents: int
    paid_credits: int
    bonus_credits: int
    total_credits: int
    failure: str
    checkout_url: str
    created_at: dt.datetime
    paid_at: dt.datetime | None
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Sub:
    """A subscription as its pages show it."""

    public_id: str
    state: str
    agent_name: str
    agent_slug: str
    tier_name: str
    credits_per_month: int
    price_usd: int
    interval: str
    asked_cents: int
    tax_text: str
    remaining: int | None
    current_period_start: dt.datetime | None
    current_period_end: dt.datetime | None
    checkout_url: str
    failure: str

    @property
    def state_text(self) -> str:
        """Write its state as people read it."""
        return self.state.replace("_", " ")

    @property
    def title(self) -> str:
        """Name it by its owner, and its tier where that says more."""
        same = self.tier_name.casefold() == self.agent_name.casefold()
        return self.agent_name if same else f"{self.agent_name}, {self.tier_name}"


@dataclass(frozen=True, slots=True)
class Preset:
    """A round amount at par."""

    amount_cents: int
    credits: int


@dataclass(frozen=True, slots=True)
class PackageChoice:
    """A package with what it brings."""

    slug: str
    name: str
    price_cents: int
    paid: int
    bonus: int
    total: int
    bonus_percent: str


def top_up(*, row: TopUp, cancelled: bool) -> TopUpPage:
    """Show a top-up; somebody who left the checkout after a declined card is told so."""
    declined = cancelled and row.status == TopUp.Status.PENDING and row.failure
    pending = row.status == TopUp.Status.PENDING
    return TopUpPage(
        public_id=row.public_id,
        status=TopUp.Status.FAILED if declined else row.status,
        amount_cents=row.amount_cents,
        paid_credits=row.paid_credits,
        bonus_credits=row.bonus_credits,
        total_credits=row.total_credits,
        failure=row.failure,
        checkout_url=row.checkout_url if pending else "",
        created_at=row.created_at,
        paid_at=row.paid_at,
        expires_at=row.expires_at,
    )


def is_slow(*, created_at: dt.datetime, now: dt.datetime) -> bool:
    """Say whether a payment has been awaited for unusually long."""
    return now - created_at > SLOW


def presets() -> list[Preset]:
    """List the round amounts on offer."""
    return [Preset(cents, money.cents_to_credits(cents)) for cents in PRESETS_CENTS]


def packages() -> list[PackageChoice]:
    """List the packages on sale, cheapest first."""
    return [
        _package(row) for row in CreditPackage.objects.filter(active=True).order_by("price_cents", "bonus_bp")
    ]


def subscriptions(*, customer: Customer) -> list[Sub]:
    """List a customer's subscriptions, newest first, without those that were never paid."""
    begun = Subscription.objects.filter(customer=customer).exclude(started_at=None)
    rows = begun.select_related("agent", "tier", "version__plan")
    return [subscription(row=row) for row in rows.order_by("-created_at")]


def subscription(*, row: Subscription) -> Sub:
    """Show a subscription."""
    return Sub(
        public_id=row.public_id,
        state=row.state,
        agent_name=row.agent.name if row.agent else row.version.plan.name,
        agent_slug=row.agent.slug if row.agent else "",
        tier_name=row.tier.name,
        credits_per_month=row.credits,
        price_usd=money.cents_to_micros(_fee_cents(row)),
        interval=row.tier.interval,
        asked_cents=row.amount_cents,
        tax_text=Tax(row.tax_country, row.tax_rate, row.tax_cents).text,
        remaining=_remaining(row),
        current_period_start=row.current_period_start,
        current_period_end=row.current_period_end,
        checkout_url=row.checkout_url if row.state == Subscription.State.INCOMPLETE else "",
        failure=row.failure,
    )


def _fee_cents(row: Subscription) -> int:
    # What waits is told by what its checkout asks; what has begun may have changed since.
    if row.started_at is None:
        return row.net_cents
    return int(row.tier.price_usd.amount * 100) * (row.quantity if row.tier.per_seat else 1)


def _remaining(row: Subscription) -> int | None:
    if row.started_at is None:
        return None
    return subscription_queries.left(subscription_queries.current(row))


def _package(row: CreditPackage) -> PackageChoice:
    paid = money.cents_to_credits(row.price_cents)
    bonus = paid * row.bonus_bp // WHOLE_BP
    percent = money.text(row.bonus_bp * money.MICRO // 100)
    return PackageChoice(row.slug, row.name, row.price_cents, paid, bonus, paid + bonus, percent)
