"""Periods of a subscription: opened one after the other, granted once each when paid or free."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from billing.operations import plan_fees
from billing.operations.plan_fees import Paid
from billing.operations.subscriptions import allowances
from billing.periods import Cycle, Period
from billing.queries import subscriptions as queries
from config.kit.errors import InvalidInputError
from marketplace.models import SubscriptionTier
from wallets import chart
from wallets.ledger import Source

CENTS: Final = 100
HALF: Final = Fraction(1, 2)
WHOLE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a whole period of a tier costs and grants."""

    fee_cents: int
    credits: int

    def part(self, share: Fraction) -> "Worth":
        """Give what a part of it costs (half up) and grants (down)."""
        return Worth(int((self.fee_cents * share + HALF) // 1), int(self.credits * share // 1))


def require_seats(*, customer_id: int, tier_per_seat: bool, quantity: int) -> None:
    """Raise InvalidInputError for fewer seats than the team has members."""
    members = queries.members(customer_id=customer_id) if tier_per_seat else 0
    if quantity < members:
        raise InvalidInputError.of("quantity", f"must be at least the {members} members of the team")


def worth(*, tier: SubscriptionTier, quantity: int) -> Worth:
    """Tell what a period of a tier costs and grants, for all of its seats."""
    seats = quantity if tier.per_seat else 1
    return Worth(int(tier.price_usd.amount * CENTS) * seats, tier.credits_per_month * seats)


def first_worth(*, tier: SubscriptionTier, quantity: int, cycle: Cycle) -> Worth:
    """Tell what a first period costs and grants: by the calendar, its part of the month or year."""
    return worth(tier=tier, quantity=quantity).part(cycle.share(0))


def open_period(
    *, subscription: Subscription, number: int, stretch: Period, worth: Worth, now: dt.datetime
) -> SubscriptionPeriod:
    """Open a period, and grant it when it costs nothing."""
    period = SubscriptionPeriod.objects.create(
        subscription=subscription,
        number=number,
        tier=subscription.tier,
        quantity=subscription.quantity,
        starts_at=stretch.start,
        ends_at=stretch.end,
        credits=worth.credits,
        amount_cents=worth.fee_cents,
    )
    if not worth.fee_cents:
        grant_free(period=period, now=now)
    return period


def grant(*, period: SubscriptionPeriod, paid: Paid, payment_intent_id: str, now: dt.datetime) -> bool:
    """Book a period's fee and give what it brings, in the caller's transaction; say whether this call did it."""
    waiting = SubscriptionPeriod.objects.filter(pk=period.pk, granted_at=None)
    # Two words of one payment at once: the row lets one of them grant.
    if waiting.update(granted_at=now, payment_intent_id=payment_intent_id) != 1:
        return False
    period.granted_at, period.payment_intent_id = now, payment_intent_id
    plan_fees.grant(period=period, paid=paid, now=now)
    allowances.grant(period=period, now=now)
    return True


def grant_added(*, added: AddedSeats, paid: Paid, payment_intent_id: str, now: dt.datetime) -> None:
    """Book what was paid for added seats and give what they bring, once, in the caller's transaction."""
    waiting = AddedSeats.objects.filter(pk=added.pk, granted_at=None)
    if waiting.update(granted_at=now, payment_intent_id=payment_intent_id) == 1:
        plan_fees.grant_added(added=added, paid=paid, now=now)
        allowances.grant_added(added=added, now=now)


def grant_free(*, period: SubscriptionPeriod, now: dt.datetime) -> None:
    """Give what a period brings that nobody pays for."""
    source = Source("subscription_period", queries.period_ref(period))
    nothing = Paid(cents=0, account=chart.STRIPE_CASH, source=source, at=period.starts_at)
    grant(period=period, paid=nothing, payment_intent_id="", now=now)
