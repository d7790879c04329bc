"""Subscribers who would go from one version of a plan to another: what they have, what they would have, and when."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.conf import settings
from django.db.models import Count, Max, QuerySet

from accounts.models import Membership
from billing.models import Subscription, SubscriptionMove
from billing.models.subscriptions import LIVE
from billing.plan_changes import is_worse
from billing.queries import plan_versions
from billing.queries import subscriptions as queries
from billing.queries.plan_versions import Has, Version
from config.kit.errors import InvalidInputError
from marketplace.models import Agreement, Plan, PlanVersion, SubscriptionTier

State: Final = Subscription.State
Planned: Final = SubscriptionMove.State.PLANNED
THERE_ALREADY: Final = "planned already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Who would be moved: a plan's subscribers on some of its versions, to a later one of it."""

    plan: Plan
    to: PlanVersion
    from_versions: tuple[PlanVersion, ...]
    notice_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A subscriber, before and after, and the period it would begin with; `problem` says why it cannot be moved."""

    subscription_id: int
    subscription: str
    customer: str
    customer_id: str
    seats: int
    today: Has
    then: Has | None
    tier_id: int | None
    worse: bool
    starts_at: dt.datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class Coming:
    """What a subscriber has, what it will have, and when, in the subscription's zone."""

    today: Has
    then: Has
    starts_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """What the notice of a move says."""

    subject: str
    customer: str
    name: str
    coming: Coming
    worse: bool
    url: str


def propose(*, plan: Plan, to: int | None, from_numbers: Iterable[int], notice_days: int) -> Proposal:
    """Read which versions are meant: to the latest, from all before it, unless they are named.

    Raises InvalidInputError for a version that the plan does not have, or one that is not before the other.
    """
    versions = {version.number: version for version in plan.versions.order_by("number")}
    target = versions.get(max(versions, default=0) if to is None else to)
    if target is None:
        raise InvalidInputError.of("to", "is not a version of the plan")
    earlier = {number: version for number, version in versions.items() if number < target.number}
    asked = sorted(set(from_numbers)) or list(earlier)
    if not asked or not set(asked) <= set(earlier):
        raise InvalidInputError.of("from", f"must be versions before version {target.number}")
    return Proposal(
        plan=plan,
        to=target,
        from_versions=tuple(earlier[number] for number in asked),
        notice_days=notice_days,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What is read once for all subscribers."""

    proposal: Proposal
    versions: dict[int, Version]
    tiers: dict[str, SubscriptionTier]
    planned: dict[int, SubscriptionMove]
    agreed: dict[int, list[Agreement]]
    members: dict[int, int]
    now: dt.datetime


def movers(*, proposal: Proposal, now: dt.datetime, only: int | None = None) -> list[Mover]:
    """List the live subscribers of the versions, those included who cannot be moved; `only` names one of them."""
    rows = list(_rows(proposal, only))
    tiers = {tier.name: tier for tier in proposal.to.tiers.all()}
    beside = _Beside(
        proposal=proposal,
        versions=plan_versions.versions(wanted=(*proposal.from_versions, proposal.to)),
        tiers=tiers,
        planned={move.subscription_id: move for move in _planned(rows)},
        agreed=_agreements(proposal.plan, rows),
        members=_members(rows) if any(tier.per_seat for tier in tiers.values()) else {},
        now=now,
    )
    return [_mover(row, beside) for row in rows]


def seats_on(*, tier: SubscriptionTier, subscription: Subscription, members: int) -> int:
    """Give the seats that a subscription has on a tier: its own, or one a member where there were none before."""
    if not tier.per_seat:
        return 1
    own = subscription.pending_quantity or subscription.quantity
    return own if subscription.tier.per_seat else max(own, members)


def first_start(*, subscription: Subscription, number: int, earliest: dt.datetime) -> dt.datetime:
    """Give when the first period begins that begins at a moment or later; `number` is that of the running one."""
    assert subscription.current_period_end is not None  # a constraint of what is live
    at = subscription.current_period_end
    while at < earliest:
        number += 1
        at = queries.stretch(subscription, number=number).end
    return at


def earliest(*, notice_days: int, version: PlanVersion, told_at: dt.datetime) -> dt.datetime:
    """Give the moment from which on a period may begin with a move: after its notice, under a version in force."""
    return max(told_at + dt.timedelta(days=notice_days), version.effective_from)


def coming(*, move: SubscriptionMove, told_at: dt.datetime) -> Coming:
    """Say what a move brings, when it is told of at a moment."""
    old, new, subscription = move.from_tier, move.tier, move.subscription
    said = plan_versions.versions(wanted=[old.version, new.version])
    seats = seats_on(tier=new, subscription=subscription, members=0)
    return Coming(
        today=plan_versions.has(version=said[old.version_id], tier=old, seats=subscription.quantity),
        then=plan_versions.has(version=said[new.version_id], tier=new, seats=seats),
        starts_at=_starts_at(move, told_at).astimezone(queries.zone(subscription)),
    )


def letter(*, move: SubscriptionMove, told_at: dt.datetime) -> Letter:
    """Give what the notice of a move says."""
    subscription = move.subscription
    name = queries.name(subscription, tier=move.from_tier)
    return Letter(
        subject=f"{name}: new terms",
        customer=subscription.customer.name,
        name=name,
        coming=coming(move=move, told_at=told_at),
        worse=move.notice_days > 0,
        url=f"{settings.SITE_URL}/subscriptions/{subscription.public_id}/",
    )


def planned_of(*, subscription: Subscription) -> SubscriptionMove | None:
    """Give the move that is planned for a subscription."""
    rows = SubscriptionMove.objects.filter(subscription=subscription, state=Planned)
    return rows.select_related(
        "subscription__tier", "from_tier__version__plan", "tier__version__plan"
    ).first()


def _starts_at(move: SubscriptionMove, told_at: dt.datetime) -> dt.datetime:
    number = queries.current(move.subscription).number
    at = earliest(notice_days=move.notice_days, version=move.tier.version, told_at=told_at)
    return first_start(subscription=move.subscription, number=number, earliest=at)


def _mover(row: Subscription, beside: _Beside) -> Mover:
    tier, own = beside.tiers.get(row.tier.name), beside.versions[row.version_id]
    today = plan_versions.has(version=own, tier=row.tier, seats=row.quantity)
    known = Mover(
        subscription_id=row.pk,
        subscription=row.public_id,
        customer=row.customer.name,
        customer_id=row.customer.public_id,
        seats=row.quantity,
        today=today,
        then=None,
        tier_id=None,
        worse=False,
        starts_at=None,
        problem=f"there is no tier {row.tier.name} any more",
    )
    return known if tier is None else _to(known, row, tier, beside)


def _to(known: Mover, row: Subscription, tier: SubscriptionTier, beside: _Beside) -> Mover:
    own, new = beside.versions[row.version_id], beside.versions[beside.proposal.to.pk]
    seats = seats_on(tier=tier, subscription=row, members=beside.members.get(row.customer_id, 0))
    worse = is_worse(today=own.sides[row.tier.name], then=new.sides[tier.name])
    at = earliest(
        notice_days=beside.proposal.notice_days if worse else 0,
        version=beside.proposal.to,
        told_at=beside.now,
    )
    begins = first_start(subscription=row, number=_number(row), earliest=at)
    return replace(
        known,
        seats=seats,
        then=plan_versions.has(version=new, tier=tier, seats=seats),
        tier_id=tier.pk,
        worse=worse,
        starts_at=begins,
        problem=next(_problems(row, tier, beside, begins), ""),
    )


def _problems(
    row: Subscription, tier: SubscriptionTier, beside: _Beside, begins: dt.datetime
) -> Iterator[str]:
    planned = beside.planned.get(row.pk)
    if planned is not None:
        yield THERE_ALREADY if planned.tier_id == tier.pk else "another move is planned"
    if row.state == State.PAUSED:
        yield "is paused"
    if row.cancel_at is not None:
        yield f"ends on {row.cancel_at:%Y-%m-%d}"
    if row.pending_tier_id is not None:
        yield "the customer has chosen another tier"
    if row.tier.price_usd.amount == 0 < tier.price_usd.amount:
        yield "costs nothing today: a fee needs the customer's own consent"
    for each in beside.agreed.get(row.customer_id, []):
        if each.starts_at <= begins < each.ends_at:
            yield f"has an agreement until {each.ends_at:%Y-%m-%d}"


def _rows(proposal: Proposal, only: int | None) -> QuerySet[Subscription]:
    rows = Subscription.objects.filter(version__in=proposal.from_versions, state__in=LIVE)
    rows = rows if only is None else rows.filter(pk=only)
    # A version that is none of the plan's own is nobody's here: tiers of an agent keep their agent.
    return (
        rows.filter(version__plan=proposal.plan)
        .select_related("customer", "tier", "agent")
        .annotate(number=Max("periods__number"))
        .order_by("customer__name", "pk")
    )


def _number(row: Subscription) -> int:
    number: int = row.number  # type: ignore[attr-defined]  # annotated above
    return number


def _planned(rows: list[Subscription]) -> QuerySet[SubscriptionMove]:
    return SubscriptionMove.objects.filter(subscription__in=[row.pk for row in rows], state=Planned)


def _agreements(plan: Plan, rows: list[Subscription]) -> dict[int, list[Agreement]]:
    found: dict[int, list[Agreement]] = {}
    for each in Agreement.objects.filter(plan=plan, customer_id__in=[row.customer_id for row in rows]):
        found.setdefault(each.customer_id, []).append(each)
    return found


def _members(rows: list[Subscription]) -> dict[int, int]:
    counted = Membership.objects.filter(customer_id__in=[row.customer_id for row in rows])
    return dict(counted.values_list("customer_id").annotate(count=Count("pk")).order_by())
