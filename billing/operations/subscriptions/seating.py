"""Seats added within a period: their part of what is left of it is paid, and comes with the payment."""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from billing.operations.invoices import drafting, finalising
from billing.operations.plan_fees import Paid
from billing.operations.subscriptions import allowances, lines, periods, states
from billing.proration import Line, more_seats, time_left
from billing.queries import subscriptions as queries
from wallets import chart
from wallets.ledger import Source


@dataclass(frozen=True, slots=True)
class Adding:
    """Seats to add: how many, for which part of a whole period, at what."""

    seats: int
    share: Fraction
    line: Line


def price(*, period: SubscriptionPeriod, seats: int, now: dt.datetime) -> Adding:
    """Price more seats for what is left of a period; in a trial they are free, as the first ones are."""
    subscription = period.subscription
    place = period.number - subscription.anchor_number
    whole = queries.cycle(subscription).share(place) if place >= 0 else Fraction(1)
    share = whole * time_left(period=queries.stretch_of(period), now=now)
    fee_cents = 0 if queries.is_trial(period) else periods.worth(tier=period.tier, quantity=1).fee_cents
    return Adding(seats, share, more_seats(seat_cents=fee_cents, seats=seats, share=share))


def add(*, subscription: Subscription, adding: Adding, actor: str, now: dt.datetime) -> None:
    """Add seats to the running period of a subscription that was locked, and have them collected at once."""
    period = queries.current(subscription)
    # Stripe charges no less than some cents: what is below is granted now, and waits for the next invoice.
    later = 0 < adding.line.amount_cents < finalising.CHARGE_CENTS_MIN
    added = _write(period, adding, 0 if later else adding.line.amount_cents, now)
    states.note(
        subscription,
        reason=f"{adding.line.text} asked by {actor}",
        now=now,
        quantity=subscription.quantity + adding.seats,
        credits=periods.worth(tier=subscription.tier, quantity=subscription.quantity + adding.seats).credits,
        pending_tier=None,
        pending_quantity=None,
    )
    if added.amount_cents:
        _charge(added, adding.line, now)
        return
    source = Source("subscription_period", queries.added_ref(added))
    nothing = Paid(cents=0, account=chart.RECEIVABLE, source=source, at=now)
    periods.grant_added(added=added, paid=nothing, payment_intent_id="", now=now)
    if later:
        stretch = queries.stretch_of(period)
        draft = drafting.draft(customer_id=subscription.customer_id, period=stretch, now=now)
        ref = queries.added_ref(added)
        lines.give_back(subscription=subscription, line=adding.line, source=ref, invoice=draft, now=now)


def _write(period: SubscriptionPeriod, adding: Adding, amount_cents: int, now: dt.datetime) -> AddedSeats:
    brings = periods.worth(tier=period.tier, quantity=adding.seats).part(adding.share)
    return AddedSeats.objects.create(
        period=period,
        number=period.added.count() + 1,
        seats=adding.seats,
        amount_cents=amount_cents,
        credits=brings.credits,
        included=allowances.of_seats(period=period, seats=adding.seats, share=adding.share),
        added_at=now,
    )


def _charge(added: AddedSeats, line: Line, now: dt.datetime) -> None:
    period = added.period
    invoice = drafting.single(
        customer_id=period.subscription.customer_id, period=queries.stretch_of(period), now=now
    )
    lines.charge_seats(added=added, line=line, invoice=invoice, now=now)
    drafting.finish(invoice=invoice, now=now)
