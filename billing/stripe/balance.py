"""Stripe's own account of our money: its balance transactions."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import stripe

from billing.stripe.client import client
from billing.stripe.errors import translated

PAGE_SIZE: Final = 100
LISTED: Final = ["data.source"]


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One balance transaction; its origin is the PaymentIntent of a charge, refund or dispute, or the transfer of a
    reversal, where Stripe told.
    """

    stripe_id: str
    type: str
    source_id: str
    currency: str
    amount_cents: int
    fee_cents: int
    net_cents: int
    created_at: dt.datetime
    available_on: dt.datetime
    origin_id: str = ""
    # What kind of adjustment it is, where the type does not tell.
    category: str = ""


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
        origin_id=_origin(source),
        category=transaction.reporting_category,
    )


def lines(*, since: dt.datetime, until: dt.datetime | None = None) -> Iterator[BalanceLine]:
    """List what was booked at Stripe since then, newest first; raise as errors.translated does."""
    created: Any = {"gte": int(since.timestamp())}
    if until is not None:
        created["lt"] = int(until.timestamp())
    with translated():
        page = client().v1.balance_transactions.list(
            {"created": created, "limit": PAGE_SIZE, "expand": LISTED}
        )
        for transaction in page.auto_paging_iter():
            yield line(transaction)


def _origin(source: Any) -> str:
    if isinstance(source, stripe.Charge | stripe.Refund | stripe.Dispute):
        return _id(source.payment_intent)
    if isinstance(source, stripe.Reversal):
        return _id(source.transfer)
    return ""


def _id(named: Any) -> str:
    return named if isinstance(named, str) else str(getattr(named, "id", "") or "")
