"""What the pages of plans and subscriptions show, as plain values."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import Customer
from billing.models.subscriptions import LIVE, Subscription
from billing.queries import plan_choices, plan_offers, tax_quotes
from billing.queries import subscriptions as queries
from billing.queries.plan_offers import Better
from marketplace.queries import plans
from marketplace.terms import EntitlementTerms, PlanTerms, TierTerms
from wallets import money, quotas

State: Final = Subscription.State


@dataclass(frozen=True, slots=True)
class Right:
    """What a tier allows of a feature; the figures of a quota are whole numbers or exact texts."""

    name: str
    included: str
    left: str
    owed: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a subscription could be changed to."""

    plan: str
    tier: str
    name: str
    fee_cents: int
    interval: str
    per_seat: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Manage:
    """What can be done with a subscription, and what is planned for it."""

    rights: tuple[Right, ...]
    choices: tuple[Choice, ...]
    quantity: int
    per_seat: bool
    overage: bool
    fee_cents: int
    interval: str
    paid: bool
    trial_end: dt.datetime | None
    cancel_at: dt.datetime | None
    pending: str
    live: bool
    can_pause: bool
    can_resume: bool
    better: Better | None


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan that somebody is about to choose."""

    slug: str
    name: str
    summary: str
    tier: str
    fee_cents: int
    tax_cents: int
    tax_text: str
    interval: str
    credits: int
    per_seat: bool
    trial_days: int
    asks_overage: bool
    rights: tuple[Right, ...]
    live: str
    live_name: str
    live_is_this: bool
    live_is_paid: bool


def manage(*, row: Subscription, now: dt.datetime) -> Manage:
    """Show what can be done with a subscription."""
    tier = row.tier
    rights = (
        ()
        if row.agent_id
        else tuple(_rights(_terms(row), customer_id=row.customer_id, seats=row.quantity, now=now))
    )
    return Manage(
        rights=rights,
        choices=tuple(_choices(row, now)) if row.state in LIVE else (),
        quantity=row.quantity,
        per_seat=tier.per_seat,
        overage=row.overage,
        fee_cents=int(tier.price_usd.amount * 100) * (row.quantity if tier.per_seat else 1),
        interval=tier.interval,
        paid=row.started_at is not None and queries.current(row).granted_at is not None,
        trial_end=row.trial_end if row.trial_end and row.trial_end > now else None,
        cancel_at=row.cancel_at,
        pending=_pending(row),
        live=row.state in LIVE,
        can_pause=row.state == State.ACTIVE and row.cancel_at is None,
        can_resume=row.state == State.PAUSED,
        better=plan_offers.better(subscription=row, now=now) if row.state in LIVE else None,
    )


def plan(*, slug: str, customer: Customer, now: dt.datetime) -> PlanPage:
    """Show a plan to choose; raise PlanNotFoundError."""
    terms = plans.plan_terms(slug=slug, at=now)
    tier = terms.tiers[0]
    live = queries.live(customer_id=customer.pk, agent_id=None)
    tax = tax_quotes.quote(customer_id=customer.pk, base_cents=tier.price_cents)
    return PlanPage(
        slug=terms.slug,
        name=terms.name,
        summary=terms.summary,
        tier=tier.name,
        fee_cents=tier.price_cents,
        tax_cents=tax.cents,
        tax_text=tax.text,
        interval=tier.interval,
        credits=tier.credits_per_month,
        per_seat=tier.per_seat,
        trial_days=tier.trial_days,
        asks_overage=_asks_overage(terms, tier),
        rights=tuple(_rights(tier, customer_id=None, seats=1, now=now)),
        live=live.public_id if live else "",
        live_name=queries.name(live) if live else "",
        live_is_this=live is not None and live.tier_id == tier.id,
        live_is_paid=live is not None and live.tier.price_usd.amount > 0,
    )


def _terms(row: Subscription) -> TierTerms:
    terms = plans.plan_version_terms(version_id=row.version_id)
    return next(tier for tier in terms.tiers if tier.id == row.tier_id)


def _asks_overage(terms: PlanTerms, tier: TierTerms) -> bool:
    soft = any(each.included and not each.hard and each.unit for each in tier.entitlements)
    return tier.overdraft > 0 or (soft and bool(terms.prices))


def _rights(tier: TierTerms, *, customer_id: int | None, seats: int, now: dt.datetime) -> list[Right]:
    return [_right(each, customer_id=customer_id, seats=seats, now=now) for each in tier.entitlements]


def _right(entitlement: EntitlementTerms, *, customer_id: int | None, seats: int, now: dt.datetime) -> Right:
    included = entitlement.quantity(seats=seats)
    told = f"{included.normalize():,f}" if included else ""
    if not entitlement.unit or customer_id is None:
        return Right(entitlement.name, told, "", "")
    found = quotas.left(customer_id=customer_id, unit=entitlement.unit, now=now)
    wallet = quotas.find(customer_id=customer_id, unit=entitlement.unit)
    left = max(found.available - ((wallet.overdraft_limit or 0) if wallet else 0), 0)
    return Right(entitlement.name, told, money.text(left), money.text(found.debt) if found.debt else "")


def _choices(row: Subscription, now: dt.datetime) -> list[Choice]:
    return [
        Choice(
            plan=each.plan,
            tier=each.tier.name,
            name=each.name,
            fee_cents=each.tier.price_cents,
            interval=each.tier.interval,
            per_seat=each.tier.per_seat,
            current=each.tier.id == row.tier_id,
        )
        for each in plan_choices.choices(subscription=row, now=now)
        if each.tier.price_cents or each.tier.id == row.tier_id
    ]


def _pending(row: Subscription) -> str:
    if row.pending_tier is None and row.pending_quantity is None:
        return ""
    name = queries.name(row, tier=row.pending_tier or row.tier)
    return f"{name}, {row.pending_quantity} seats" if row.pending_quantity and row.tier.per_seat else name
