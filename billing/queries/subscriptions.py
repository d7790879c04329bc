"""A subscription's rhythm and its periods."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum

from accounts.models import Customer, Membership
from billing.models.subscriptions import LIVE, AddedSeats, Subscription, SubscriptionPeriod
from billing.periods import Alignment, Cycle, Interval, Period
from marketplace.models import SubscriptionTier
from wallets.models import CreditGrant


def cycle(subscription: Subscription, *, tier: SubscriptionTier | None = None) -> Cycle:
    """Give the rhythm of a subscription that has begun."""
    assert subscription.anchor is not None  # a constraint of what is live
    return Cycle(
        anchor=subscription.anchor,
        interval=Interval((tier or subscription.tier).interval),
        alignment=Alignment(subscription.alignment),
        zone=subscription.zone,
    )


def stretch(subscription: Subscription, *, number: int) -> Period:
    """Give the stretch of time of a period by its number."""
    return cycle(subscription).period(number - subscription.anchor_number)


def good_until(period: SubscriptionPeriod, *, now: dt.datetime) -> dt.datetime:
    """Give when what a period brings ends: with it; paid when it was over, as long after the payment as it lasts."""
    return period.ends_at if period.ends_at > now else _anew(period, now).period(0).end


def end_of_next(period: SubscriptionPeriod, *, now: dt.datetime) -> dt.datetime:
    """Give the end of the period after this one, counted from its payment when it was over by then."""
    subscription = period.subscription
    if period.ends_at <= now:
        return _anew(period, now).period(1).end
    if period.number < subscription.anchor_number:
        return stretch(subscription, number=subscription.anchor_number).end
    return stretch(subscription, number=period.number + 1).end


def _anew(period: SubscriptionPeriod, now: dt.datetime) -> Cycle:
    return Cycle(anchor=now, interval=Interval(period.tier.interval), zone=period.subscription.zone)


def period_ref(period: SubscriptionPeriod) -> str:
    """Name a period wherever it is the cause of something."""
    return f"{period.subscription.public_id}:{period.number}"


def causes(period: SubscriptionPeriod) -> list[str]:
    """Name all that a period brings, wherever it is the cause of a grant: itself, what rolls over, added seats."""
    ref = period_ref(period)
    return [ref, f"{ref}:rollover", *(added_ref(added) for added in period.added.all())]


def added_ref(added: AddedSeats) -> str:
    """Name seats added to a period wherever they are the cause of something."""
    return f"{period_ref(added.period)}:seats:{added.number}"


def granted_seats(period: SubscriptionPeriod) -> list[AddedSeats]:
    """Give the seats that were added to a period and are paid for."""
    return list(period.added.exclude(granted_at=None).order_by("number"))


def paid_cents(period: SubscriptionPeriod) -> int:
    """Give what was paid for a period, added seats included."""
    if period.granted_at is None:
        return 0
    return period.amount_cents + sum(added.amount_cents for added in granted_seats(period))


def is_paid(period: SubscriptionPeriod) -> bool:
    """Tell whether nothing of a period waits for its payment; nobody pays what was given up."""
    waiting = period.added.filter(granted_at=None, invoice_line__invoice__state__in=["draft", "open"])
    return period.granted_at is not None and not waiting.exists()


def is_trial(period: SubscriptionPeriod) -> bool:
    """Tell whether a period is a trial, in which nothing costs anything."""
    trial_end = period.subscription.trial_end
    return trial_end is not None and period.starts_at < trial_end


def consents(period: SubscriptionPeriod) -> bool:
    """Tell whether use above what a period includes goes on and is paid for; a trial costs nothing."""
    return period.subscription.overage and not is_trial(period)


def stretch_of(period: SubscriptionPeriod) -> Period:
    """Give a period's stretch of time."""
    return Period(period.starts_at, period.ends_at)


def current(subscription: Subscription) -> SubscriptionPeriod:
    """Give the period that a subscription which has begun is in."""
    return subscription.periods.select_related("tier", "subscription").order_by("-number")[0]


def _whole_end(subscription: Subscription, at: dt.datetime) -> dt.datetime | None:
    """Give when the period that a subscription was left in would have ended, if that is still to come."""
    number = current(subscription).number
    assert subscription.anchor is not None  # it has begun
    rested = number < subscription.anchor_number
    ends_at = subscription.anchor if rested else stretch(subscription, number=number).end
    return ends_at if ends_at > at else None


def left(period: SubscriptionPeriod) -> int:
    """Give the credits of a period that are not burned, what rolls over included."""
    # The first periods there were are named by their payment.
    named = Q(source_type="subscription_period", source_id__in=causes(period))
    if period.payment_intent_id:
        named |= Q(source_type="payment_intent", source_id=period.payment_intent_id)
    granted = CreditGrant.objects.filter(named, funding_class=CreditGrant.FundingClass.PLAN)
    return granted.aggregate(left=Sum("remaining"))["left"] or 0


def rest_until(*, subscription: Subscription, at: dt.datetime) -> dt.datetime | None:
    """Give the end of the month of a free plan that its customer left before and comes back to; None without one.

    What it brings was given when that month began: left and begun again, it is not given a second time.
    """
    if subscription.tier.price_usd.amount or subscription.agent_id is not None:
        return None
    earlier = Subscription.objects.filter(
        customer=subscription.customer_id,
        version__plan=subscription.version.plan_id,
        started_at__isnull=False,
    ).exclude(pk=subscription.pk)
    last = earlier.select_related("tier").order_by("-started_at", "-pk").first()
    return _whole_end(last, at) if last else None


def is_rest(period: SubscriptionPeriod) -> bool:
    """Tell whether a period is what was left of the month of a free plan that was left before."""
    subscription = period.subscription
    return period.number < subscription.anchor_number and subscription.trial_end is None


def live(*, customer_id: int, agent_id: int | None) -> Subscription | None:
    """Give a customer's live subscription to an agent, or to a plan of the platform."""
    rows = Subscription.objects.filter(customer_id=customer_id, state__in=LIVE)
    rows = rows.filter(agent=None) if agent_id is None else rows.filter(agent_id=agent_id)
    return rows.select_related("tier", "version__plan", "customer", "agent").first()


def name(subscription: Subscription, *, tier: SubscriptionTier | None = None) -> str:
    """Name what is subscribed to: an agent's tier, or a plan with its tier where the two differ."""
    chosen = tier or subscription.tier
    owner = chosen.version.plan.name if subscription.agent is None else subscription.agent.name
    return owner if chosen.name.casefold() in {owner.casefold(), "standard"} else f"{owner}, {chosen.name}"


def fee_cents(subscription: Subscription) -> int:
    """Give what a whole period costs, all seats included."""
    tier = subscription.tier
    return int(tier.price_usd.amount * 100) * (subscription.quantity if tier.per_seat else 1)


def members(*, customer_id: int) -> int:
    """Count the members of a customer's team."""
    return Membership.objects.filter(customer_id=customer_id).count()


def zone(subscription: Subscription) -> ZoneInfo:
    """Give the zone that a subscription's days are told in."""
    return ZoneInfo(subscription.zone)


def of(*, customer: Customer) -> QuerySet[Subscription]:
    """Give a customer's subscriptions, those included that wait for their payment."""
    rows = Subscription.objects.filter(customer=customer)
    return rows.select_related(
        "agent", "tier__version__plan", "version__plan", "pending_tier__version__plan", "customer"
    )
