"""What the pages of plans and subscriptions show, as plain values."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from accounts.models import Customer
from billing.models.subscriptions import LIVE, Subscription, Trial
from billing.queries import moves, plan_choices, plan_offers, rights, tax_quotes
from billing.queries import subscriptions as queries
from billing.queries.moves import Coming
from billing.queries.plan_offers import Better
from marketplace.queries import plan_pages, plans
from marketplace.terms import EntitlementTerms, PlanTerms, TierTerms
from wallets import money, quotas

State: Final = Subscription.State


@dataclass(frozen=True, slots=True)
class Right:
    """What a tier allows of a feature, and of a customer's quota what is left."""

    name: str
    told: str


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
    asks_overage: bool
    overage: bool
    fee_cents: int
    interval: str
    paid: bool
    trial_end: dt.datetime | None
    cancel_at: dt.datetime | None
    pending: str
    live: bool
    can_leave: bool
    can_pause: bool
    can_resume: bool
    better: Better | None
    coming: Coming | None


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
    per_seat: bool
    trial_days: int
    tried: bool
    asks_overage: bool
    self_service: bool
    points: tuple[str, ...]
    live: str
    live_name: str
    live_is_this: bool
    live_is_paid: bool


def manage(*, row: Subscription, now: dt.datetime) -> Manage:
    """Show what can be done with a subscription."""
    tier = row.tier
    terms = None if row.agent_id else plans.plan_version_terms(version_id=row.version_id)
    return Manage(
        rights=_rights(row, terms, now) if terms and row.state in LIVE else (),
        choices=tuple(_choices(row, now)) if row.state in LIVE and tier.price_usd.amount else (),
        quantity=row.quantity,
        per_seat=tier.per_seat,
        asks_overage=terms is not None and row.state in LIVE and asks_overage(terms, _tier(row, terms)),
        overage=row.overage,
        fee_cents=queries.fee_cents(row),
        interval=tier.interval,
        paid=row.started_at is not None and queries.is_paid(queries.current(row)),
        trial_end=row.trial_end if row.trial_end and row.trial_end > now else None,
        cancel_at=row.cancel_at,
        pending=_pending(row),
        live=row.state in LIVE,
        can_leave=row.agent_id is not None or row.version.plan.slug != settings.DEFAULT_PLAN,
        can_pause=row.state == State.ACTIVE and row.cancel_at is None and tier.price_usd.amount > 0,
        can_resume=row.state == State.PAUSED,
        better=plan_offers.better(subscription=row, now=now) if row.state in LIVE else None,
        coming=_coming(row, now),
    )


def _coming(row: Subscription, now: dt.datetime) -> Coming | None:
    move = moves.planned_of(subscription=row)
    return moves.coming(move=move, told_at=move.told_at or now) if move else None


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
        per_seat=tier.per_seat,
        trial_days=tier.trial_days,
        tried=Trial.objects.filter(customer=customer, plan_id=terms.plan_id).exists(),
        asks_overage=asks_overage(terms, tier),
        self_service=terms.self_service,
        points=plan_pages.points(plan=terms, tier=tier),
        live=live.public_id if live else "",
        live_name=queries.name(live) if live else "",
        live_is_this=live is not None and live.tier_id == tier.id,
        live_is_paid=live is not None and live.tier.price_usd.amount > 0,
    )


def asks_overage(terms: PlanTerms, tier: TierTerms) -> bool:
    """Tell whether a customer may choose to go above what a tier includes."""
    soft = any(each.included and not each.hard and each.unit for each in tier.entitlements)
    return tier.overdraft > 0 or (soft and bool(terms.prices))


def _tier(row: Subscription, terms: PlanTerms) -> TierTerms:
    return next(tier for tier in terms.tiers if tier.id == row.tier_id)


def _rights(row: Subscription, terms: PlanTerms, now: dt.datetime) -> tuple[Right, ...]:
    priced = {price.metric for price in terms.prices}
    found = rights.included(period=queries.current(row))
    return tuple(Right(each.name, _told(each, row, priced, now)) for each in found)


def _told(entitlement: EntitlementTerms, row: Subscription, priced: set[str], now: dt.datetime) -> str:
    included = int((entitlement.quantity(seats=row.quantity) or 0) * money.MICRO)
    number = _grouped(included) if included else ""
    if entitlement.unit:
        return _of_quota(entitlement.unit, included, row.customer_id, now)
    if number:
        return f"{number}, then it stops" if entitlement.hard else number
    if entitlement.metric in priced:
        return "billed as used"
    return "from your credits" if entitlement.metric and row.credits else "included"


def _of_quota(unit: str, included: int, customer_id: int, now: dt.datetime) -> str:
    found = quotas.left(customer_id=customer_id, unit=unit, now=now)
    wallet = quotas.find(customer_id=customer_id, unit=unit)
    left = max(found.available - ((wallet.overdraft_limit or 0) if wallet else 0), 0)
    above, whole = _grouped(found.debt), _grouped(included)
    if not included:
        return f"{above} used so far" if found.debt else "none used yet"
    if found.debt:
        return f"all {whole} used, {above} above them"
    # What a plan before this one left is good until that plan's month would have ended.
    return f"{_grouped(left)} of {whole} left" if left <= included else f"{_grouped(left)} left"


def _grouped(amount: int) -> str:
    whole, point, digits = money.text(amount).partition(".")
    return f"{int(whole):,}{point}{digits}"


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
        if each.catalogue == (row.version.plan.catalogue if each.plan else "")
    ]


def _pending(row: Subscription) -> str:
    if row.pending_tier is None and row.pending_quantity is None:
        return ""
    name = queries.name(row, tier=row.pending_tier or row.tier)
    return f"{name}, {row.pending_quantity} seats" if row.pending_quantity and row.tier.per_seat else name
