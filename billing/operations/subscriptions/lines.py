"""A subscription's lines on invoices: fees of periods, and what a change gives back or takes."""

import datetime as dt
from decimal import Decimal
from typing import Final

from billing.models.invoices import Invoice, InvoiceLine
from billing.models.subscriptions import AddedSeats, Subscription, SubscriptionPeriod
from billing.operations.invoices import drafting
from billing.operations.invoices.drafting import LineIn
from billing.periods import Period
from billing.proration import Line
from billing.queries import subscriptions as queries
from wallets import money

Kind = InvoiceLine.Kind
CENTS: Final = 100


def charge_fee(*, period: SubscriptionPeriod, now: dt.datetime, invoice: Invoice | None = None) -> Invoice:
    """Put a period's fee on an invoice: on the customer's draft, unless one is named."""
    subscription = period.subscription
    found = invoice or drafting.draft(customer_id=subscription.customer_id, period=_stretch(period), now=now)
    seats = period.quantity if period.tier.per_seat else 1
    line = LineIn(
        kind=Kind.FEE,
        text=fee_text(period=period),
        source=f"fee:{queries.period_ref(period)}",
        amount_micros=money.cents_to_micros(period.amount_cents),
        subscription_id=subscription.pk,
        period_id=period.pk,
        agent_id=subscription.agent_id,
        quantity=Decimal(seats),
        rate=Decimal(period.amount_cents) / CENTS / seats,
    )
    drafting.add_line(invoice=found, line=line, now=now)
    return found


def charge_seats(*, added: AddedSeats, line: Line, invoice: Invoice, now: dt.datetime) -> None:
    """Put seats that were added to a period on an invoice; they come with its payment."""
    told = LineIn(
        kind=Kind.SEATS,
        text=f"{queries.name(added.period.subscription)}, {line.text}",
        source=queries.added_ref(added),
        amount_micros=money.cents_to_micros(line.amount_cents),
        subscription_id=added.period.subscription_id,
        period_id=added.period_id,
        added_id=added.pk,
    )
    drafting.add_line(invoice=invoice, line=told, now=now)


def give_back(
    *, subscription: Subscription, line: Line, source: str, invoice: Invoice, now: dt.datetime
) -> None:
    """Put what a change gives back or takes on an invoice."""
    if line.amount_cents == 0:
        return
    told = LineIn(
        kind=Kind.PRORATION,
        text=line.text,
        source=f"proration:{source}",
        amount_micros=money.cents_to_micros(line.amount_cents),
        subscription_id=subscription.pk,
        agent_id=subscription.agent_id,
    )
    drafting.add_line(invoice=invoice, line=told, now=now)


def fee_text(*, period: SubscriptionPeriod) -> str:
    """Say what a period's fee is for, with its days in the subscription's zone."""
    return f"{queries.name(period.subscription, tier=period.tier)}{_seats(period)}, {_days(period)}"


def _seats(period: SubscriptionPeriod) -> str:
    return f", {period.quantity} seats" if period.tier.per_seat and period.quantity > 1 else ""


def _days(period: SubscriptionPeriod) -> str:
    zone = queries.zone(period.subscription)
    first, last = (at.astimezone(zone) for at in (period.starts_at, period.ends_at))
    return f"{first:%-d %b %Y} to {last:%-d %b %Y}"


def _stretch(period: SubscriptionPeriod) -> Period:
    return Period(period.starts_at, period.ends_at)
