"""Stripe's fees: booked from its balance transactions, each once; they may come later than the payment."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import Max

from billing.cash_lines import FEE_TYPES, FLOAT_TYPES
from billing.models.invoice_payments import InvoicePayment
from billing.models.stripe import BalanceTransaction
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.stripe import balance
from billing.stripe.balance import BalanceLine
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

# What a dispute takes and gives back; its fee is a cost of its own (ledger.md, dispute opened).
DISPUTE_CATEGORIES: Final = frozenset({"dispute", "dispute_reversal"})
OVERLAP: Final = dt.timedelta(hours=1)
FIRST_LOOK: Final = dt.timedelta(days=30)


def record(*, line: BalanceLine, now: dt.datetime) -> BalanceTransaction:
    """Mirror a balance transaction and book its fee, once."""
    with transaction.atomic():
        row, created = BalanceTransaction.objects.get_or_create(
            stripe_id=line.stripe_id,
            defaults={
                "type": line.type,
                "category": line.category,
                "source_id": line.source_id,
                "currency": line.currency,
                "amount_cents": line.amount_cents,
                "fee_cents": line.fee_cents,
                "net_cents": line.net_cents,
                "created_at": line.created_at,
                "available_on": line.available_on,
                "origin_id": line.origin_id,
            },
        )
        if line.origin_id and not row.origin_id:
            BalanceTransaction.objects.filter(pk=row.pk).update(origin_id=line.origin_id)
        if created:
            _book(row, now)
            _move(row, now)
        # Outside the `if`: the line may have come before the payment was credited.
        _tell(row)
    return row


def sweep(*, now: dt.datetime) -> int:
    """Record what Stripe booked since the last line we know, and return how many lines were looked at."""
    newest = BalanceTransaction.objects.aggregate(newest=Max("created_at"))["newest"]
    since = newest - OVERLAP if newest else now - FIRST_LOOK
    # All pages first: no transaction is open while Stripe is asked. Then the oldest first: the newest line we know
    # is where the next sweep begins, so a kill between two lines must leave only newer ones behind.
    lines = list(balance.lines(since=since))
    for line in reversed(lines):
        record(line=line, now=now)
    return len(lines)


def _book(row: BalanceTransaction, now: dt.datetime) -> None:
    cost_cents = row.fee_cents - (row.amount_cents if row.type in FEE_TYPES else 0)
    if cost_cents == 0:
        return
    cost = money.cents_to_micros(cost_cents)
    account = chart.DISPUTE_FEES if row.category in DISPUTE_CATEGORIES else chart.STRIPE_FEES
    posted = ledger.post(
        kind="stripe_fee",
        source=Source("balance_transaction", row.stripe_id),
        actor="job:billing.sweep_fees",
        legs=[Leg(account, -cost), Leg(chart.STRIPE_CASH, cost)],
        now=now,
        occurred_at=row.created_at,
        description=f"Stripe's fee on {row.source_id or row.stripe_id}",
    )
    BalanceTransaction.objects.filter(pk=row.pk).update(transaction_id=posted.transaction_id)


def _move(row: BalanceTransaction, now: dt.datetime) -> None:
    if row.type not in FLOAT_TYPES or row.amount_cents == 0:
        return
    cash = money.cents_to_micros(row.amount_cents)
    ledger.post(
        kind="float",
        source=Source("balance_transaction", row.stripe_id),
        actor="job:billing.sweep_fees",
        legs=[Leg(chart.STRIPE_CASH, -cash), Leg(chart.BANK, cash)],
        now=now,
        occurred_at=row.created_at,
        description=f"Between bank and Stripe: {row.type} {row.source_id}",
    )


def _tell(row: BalanceTransaction) -> None:
    for purchases in (TopUp.objects, Subscription.objects, InvoicePayment.objects):
        untold = purchases.filter(charge_id=row.source_id, fee_cents=None).exclude(charge_id="")
        untold.update(fee_cents=row.fee_cents)
