"""Stripe's own account of our money: its balance transactions."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import stripe

from billing.stripe.client import client
from billing.stripe.errors import translated

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One balance transaction."""

    stripe_id: str
    type: str
    source_id: str
    currency: str
    amount_cents: int
    fee_cents: int
    net_cents: int
    created_at: dt.datetime
    available_on: dt.datetime


def line(transaction: stripe.BalanceTransaction) -> BalanceLine:
    """Read one balance transaction of the SDK's."""
    source = transaction.source
    return BalanceLine(
        stripe_id=transaction.id,
        type=transaction.type,
        source_id=source if isinstance(source, str) else str(getattr(source, "id", "") or ""),
        currency=transaction.currency,
        amount_cents=transaction.amount,
        fee_cents=transaction.fee,
        net_cents=transaction.net,
        created_at=dt.datetime.fromtimestamp(transaction.created, dt.UTC),
        available_on=dt.datetime.fromtimestamp(transaction.available_on, dt.UTC),
    )


def lines_since(*, since: dt.datetime) -> Iterator[BalanceLine]:
    """List what was booked at Stripe since then, newest first; raise as errors.translated does."""
    with translated():
        page = client().v1.balance_transactions.list(
            {"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE}
        )
        for transaction in page.auto_paging_iter():
            yield line(transaction)
