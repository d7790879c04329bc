"""Another tier or another number of seats: what it costs is shown first, more begins now, less with the next period."""

import datetime as dt
from dataclasses import dataclass, replace

from django.db import transaction

from billing.models.subscriptions import Subscription, SubscriptionPeriod
from billing.operations.invoices import drafting
from billing.operations.subscriptions import (
    allowances,
    ending,
    leaving,
    lines,
    periods,
    renewing,
    seating,
    states,
)
from billing.operations.subscriptions.seating import Adding
from billing.operations.subscriptions.states import SubscriptionStateError
from billing.periods import Interval, Period
from billing.proration import Line
from billing.queries import subscriptions as queries
from billing.queries import tax_quotes
from billing.taxes import Tax
from config.kit.errors import InvalidInputError
from marketplace.models import SubscriptionTier

State = Subscription.State
QUANTITY_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """What a change does: when, what it takes and gives back line by line, and what each later period costs."""

    tier: SubscriptionTier
    quantity: int
    now: bool
    effective_at: dt.datetime
    lines: tuple[Line, ...]
    fee_cents: int
    credits: int
    tax: Tax
    adding: Adding | None = None

    @property
    def total_cents(self) -> int:
        """Give what the lines come to; below zero it comes off the next invoice."""
        return sum(line.amount_cents for line in self.lines)

    @property
    def due_cents(self) -> int:
        """Give what is collected at once, tax included."""
        return max(self.total_cents, 0) + self.tax.cents


def preview(
    *,
    subscription: Subscription,
    tier_id: int,
    quantity: int | None,
    now: dt.datetime,
    with_next: bool = False,
) -> Change:
    """Show what a change would do, writing nothing; raise as change does."""
    states.require_live(subscription)
    tier = _tier(subscription, tier_id)
    seats = _seats(subscription, tier, quantity)
    period = queries.current(subscription)
    whole = periods.worth(tier=tier, quantity=seats)
    if with_next or not _is_more(subscription, tier, seats):
        return _planned(subscription, tier, seats, (), at=period.ends_at, begins=False)
    _require_paid(subscription, period)
    if tier.pk == subscription.tier_id:
        adding = seating.price(period=period, seats=seats - subscription.quantity, now=now)
        planned = _planned(subscription, tier, seats, (adding.line,), at=now, begins=True)
        return replace(planned, adding=adding)
    fee = Line(_told(subscription, tier, seats), whole.fee_cents)
    back = leaving.given_back(period=period, now=now)
    shown = (back, fee) if back.amount_cents else (fee,)
    return _planned(subscription, tier, seats, shown, at=now, begins=True)


def change(
    *,
    subscription_id: int,
    tier_id: int,
    quantity: int | None,
    actor: str,
    now: dt.datetime,
    with_next: bool = False,
) -> Subscription:
    """Change a live subscription: more begins now and is collected at once, less waits for the next period.

    `with_next` has more wait as well: who pays for use when the period has ended pays nothing twice.
    Raises InvalidInputError (not a tier on sale, too few seats) and SubscriptionStateError (not live, not paid).
    """
    with transaction.atomic():
        subscription = states.locked(subscription_id=subscription_id)
        planned = preview(
            subscription=subscription, tier_id=tier_id, quantity=quantity, now=now, with_next=with_next
        )
        if planned.adding:
            seating.add(subscription=subscription, adding=planned.adding, actor=actor, now=now)
        elif planned.now:
            _begin(subscription, planned, actor, now)
        else:
            _plan(subscription, planned, actor, now)
        return subscription


def _planned(
    subscription: Subscription,
    tier: SubscriptionTier,
    seats: int,
    shown: tuple[Line, ...],
    *,
    at: dt.datetime,
    begins: bool,
) -> Change:
    whole = periods.worth(tier=tier, quantity=seats)
    total = sum(line.amount_cents for line in shown)
    tax = tax_quotes.quote(customer_id=subscription.customer_id, base_cents=total)
    return Change(tier, seats, begins, at, shown, whole.fee_cents, whole.credits, tax)


def _plan(subscription: Subscription, planned: Change, actor: str, now: dt.datetime) -> None:
    same_tier = planned.tier.pk == subscription.tier_id
    same_seats = planned.quantity == subscription.quantity
    states.note(
        subscription,
        reason=f"from the next period on: {_told(subscription, planned.tier, planned.quantity)}, asked by {actor}",
        now=now,
        pending_tier=None if same_tier else planned.tier,
        pending_quantity=None if same_seats else planned.quantity,
    )


def _begin(subscription: Subscription, planned: Change, actor: str, now: dt.datetime) -> None:
    left = queries.current(subscription)
    stretch = queries.stretch_of(left)
    drafting.lock(customer_id=subscription.customer_id)
    starts_at = ending.close_period(period=left, at=now, now=now)
    allowances.withdraw(subscription=subscription, now=now)
    back = leaving.take_back(period=left, stretch=stretch, now=now)
    states.note(
        subscription,
        reason=f"changed to {_told(subscription, planned.tier, planned.quantity)} by {actor}",
        now=now,
        pending_tier=planned.tier,
        pending_quantity=planned.quantity,
        cancel_at=None,
        trial_end=None,
    )
    period = renewing.begin_next(
        subscription=subscription, starts_at=starts_at, now=now, afresh=True, charge=False
    )
    _charge(subscription, period, back, f"{queries.period_ref(left)}:unused", now)


def _charge(
    subscription: Subscription, period: SubscriptionPeriod, back: Line, source: str, now: dt.datetime
) -> None:
    """Put the new fee and what was given back on an invoice of their own, which is collected at once."""
    stretch = Period(period.starts_at, period.ends_at)
    invoice = drafting.single(customer_id=subscription.customer_id, period=stretch, now=now)
    lines.charge_fee(period=period, now=now, invoice=invoice)
    here = replace(back, amount_cents=max(back.amount_cents, -period.amount_cents))
    lines.give_back(subscription=subscription, line=here, source=source, invoice=invoice, now=now)
    rest = replace(back, amount_cents=back.amount_cents - here.amount_cents)
    if rest.amount_cents:
        # More comes back than the new fee takes: the rest comes off the next invoice.
        later = drafting.draft(customer_id=subscription.customer_id, period=stretch, now=now)
        lines.give_back(subscription=subscription, line=rest, source=f"{source}:rest", invoice=later, now=now)
    drafting.finish(invoice=invoice, now=now)


def _tier(subscription: Subscription, tier_id: int) -> SubscriptionTier:
    rows = SubscriptionTier.objects.select_related("version__plan")
    found = rows.filter(pk=tier_id).first()
    if found is None or found.version.plan.agent_id != subscription.agent_id:
        raise InvalidInputError.of("tier", "is not a tier that this subscription could have")
    return found


def _seats(subscription: Subscription, tier: SubscriptionTier, quantity: int | None) -> int:
    seats = subscription.quantity if quantity is None and tier.per_seat else quantity or 1
    if not 1 <= seats <= QUANTITY_MAX or (seats > 1 and not tier.per_seat):
        raise InvalidInputError.of("quantity", f"must be from 1 to {QUANTITY_MAX if tier.per_seat else 1}")
    periods.require_seats(customer_id=subscription.customer_id, tier_per_seat=tier.per_seat, quantity=seats)
    return seats


def _is_more(subscription: Subscription, tier: SubscriptionTier, seats: int) -> bool:
    return _a_year(tier, seats) > _a_year(subscription.tier, subscription.quantity)


def _a_year(tier: SubscriptionTier, seats: int) -> int:
    fee_cents = periods.worth(tier=tier, quantity=seats).fee_cents
    return fee_cents * 12 // Interval(tier.interval).months


def _require_paid(subscription: Subscription, period: SubscriptionPeriod) -> None:
    if subscription.state != State.ACTIVE or not queries.is_paid(period):
        raise SubscriptionStateError("What is not paid yet is paid before it is changed.")


def _told(subscription: Subscription, tier: SubscriptionTier, seats: int) -> str:
    counted = f", {seats} seats" if tier.per_seat and seats > 1 else ""
    return f"{queries.name(subscription, tier=tier)}{counted}"
