"""How the API tells a subscription and a change of one."""

import datetime as dt

import msgspec

from billing.models.subscriptions import Subscription
from billing.operations.subscriptions.changing import Change
from billing.operations.subscriptions.periods import worth
from billing.queries import subscriptions as queries
from wallets import money
from wallets.money import Amount


class PendingAnswer(msgspec.Struct):
    """What the next period brings instead."""

    plan: str | None
    tier: str
    quantity: int


class SubscriptionAnswer(msgspec.Struct):
    """A subscription; its fee is in USD, a period's; the tax is that of its first payment, beside the fee."""

    id: str
    status: str
    name: str
    plan: str | None
    agent: str | None
    tier: str
    quantity: int
    overage: bool
    interval: str
    fee: str
    tax: str
    credits: Amount
    current_period: dict[str, str] | None
    paid: bool
    trial_end: str | None
    cancel_at: str | None
    pending: PendingAnswer | None
    checkout_url: str | None
    failure: str | None
    created_at: str


class ChangeLine(msgspec.Struct):
    """A line of a change; what is given back is negative."""

    text: str
    amount: str


class ChangeAnswer(msgspec.Struct):
    """What a change would do: due is collected at once, of it tax; fee is what each later period costs; in USD."""

    effective_at: str
    lines: list[ChangeLine]
    tax: str
    due: str
    fee: str
    credits: Amount
    quantity: int


def subscription(row: Subscription) -> SubscriptionAnswer:
    """Tell a subscription."""
    waiting = row.state == Subscription.State.INCOMPLETE
    begun = row.started_at is not None
    return SubscriptionAnswer(
        id=row.public_id,
        status=row.state,
        name=queries.name(row),
        plan=row.version.plan.slug,
        agent=row.agent.slug if row.agent else None,
        tier=row.tier.name,
        quantity=row.quantity,
        overage=row.overage,
        interval=row.tier.interval,
        fee=_usd(worth(tier=row.tier, quantity=row.quantity).fee_cents),
        tax=_usd(row.tax_cents),
        credits=money.amount(row.credits),
        current_period=_period(row) if begun else None,
        paid=begun and queries.is_paid(queries.current(row)),
        trial_end=_time(row.trial_end),
        cancel_at=_time(row.cancel_at),
        pending=_pending(row),
        checkout_url=row.checkout_url or None if waiting else None,
        failure=row.failure or None,
        created_at=_time(row.created_at) or "",
    )


def change(planned: Change) -> ChangeAnswer:
    """Tell what a change would do."""
    return ChangeAnswer(
        effective_at=_time(planned.effective_at) or "",
        lines=[ChangeLine(line.text, _usd(line.amount_cents)) for line in planned.lines],
        tax=_usd(planned.tax.cents),
        due=_usd(planned.due_cents),
        fee=_usd(planned.fee_cents),
        credits=money.amount(planned.credits),
        quantity=planned.quantity,
    )


def _pending(row: Subscription) -> PendingAnswer | None:
    if row.pending_tier is None and row.pending_quantity is None:
        return None
    tier = row.pending_tier or row.tier
    return PendingAnswer(tier.version.plan.slug, tier.name, row.pending_quantity or row.quantity)


def _period(row: Subscription) -> dict[str, str]:
    return {"from": _time(row.current_period_start) or "", "to": _time(row.current_period_end) or ""}


def _usd(cents: int) -> str:
    return money.usd_text(money.cents_to_micros(cents) * money.MICRO)


def _time(at: dt.datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
