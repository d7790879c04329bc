"""Debts: what a wallet is below zero by, how it is billed, and how far it may go."""

import datetime as dt
from typing import Final

from django.db.models import F, Sum

from wallets import calls, money
from wallets.ledger import Posted, Source
from wallets.models import WalletDebt

ACTOR: Final = "job:wallets.debts"


def owed(*, wallet_id: int) -> int:
    """Give what a wallet owes for what was burned below zero and is not billed yet, in micros of its unit."""
    open_debts = WalletDebt.objects.filter(wallet_id=wallet_id, kind=WalletDebt.Kind.OVERAGE, remaining__gt=0)
    return open_debts.aggregate(total=Sum("remaining"))["total"] or 0


def bill(
    *,
    wallet_id: int,
    amount: int,
    bill_cents: int,
    source: Source,
    now: dt.datetime,
    occurred_at: dt.datetime | None = None,
    actor: str = ACTOR,
    description: str = "",
) -> Posted:
    """Move an amount of overage to an invoice of so many cents, once per source: the balance comes up by it.

    Call it when the invoice is final, not when it is paid (ledger.md rule 7). Raises NotOwedError beyond what is owed.
    """
    found = calls.row(
        "SELECT o_transaction, o_replayed FROM wallets_debt_bill(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(wallet_id, amount, money.cents_to_micros(bill_cents), source.type, source.id),
            *(actor, description, occurred_at or now, now),
        ],
    )
    return Posted(*found)


def write_off(*, debt_id: int, amount: int) -> int:
    """Owe so much less of arrears, in the transaction that brings the wallet up; give what `receivable` carried.

    Raises NotOwedError beyond what is owed.
    """
    (carried,) = calls.row("SELECT wallets_arrears_write_off(%s, %s)", [debt_id, amount])
    return int(carried)


def set_overdraft(*, wallet_id: int, limit: int, now: dt.datetime) -> int:
    """Let a wallet go so far below zero, never less than it has gone already; give the limit that holds now."""
    (limit_now,) = calls.row("SELECT wallets_overdraft_set(%s, %s, %s)", [wallet_id, limit, now])
    return int(limit_now)


def unrecovered(*, wallet_id: int) -> int:
    """Give what was written off of a wallet's debts and not paid after all: what is bought next pays it first."""
    found = WalletDebt.objects.filter(wallet_id=wallet_id, written_off__gt=F("recovered"))
    return found.aggregate(total=Sum(F("written_off") - F("recovered")))["total"] or 0
