"""What a receipt says beyond its execution: which grants paid, and what no grant covered."""

from dataclasses import dataclass
from typing import Final

from billing.models.executions import Execution
from wallets.models import GrantDrawdown, Transaction

OVERAGE: Final = "overage"
UNDO: Final = "undo"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A grant's part of a charge; no grant: it was burned below zero, and is billed with the next invoice."""

    grant: str
    funding_class: str
    amount: int


def drawn(*, execution: Execution) -> list[Drawn]:
    """List what a charge burned, in burn order."""
    if execution.settlement_id is None:
        return []
    rows = GrantDrawdown.objects.filter(transaction_id=execution.settlement_id).select_related("grant")
    return [
        Drawn(row.grant.public_id, row.grant.funding_class, row.amount)
        if row.grant
        else Drawn("", OVERAGE, row.amount)
        for row in rows.order_by("id")
    ]


def undoing_of(*, execution: Execution) -> str:
    """Name the transaction that undid a run; empty when none did."""
    found = Transaction.objects.filter(kind=UNDO, source_type="execution", source_id=execution.public_id)
    return found.values_list("public_id", flat=True).first() or ""


def drawn_by_class(*, execution: Execution) -> dict[str, int]:
    """Sum what a charge burned by funding class, in burn order."""
    sums: dict[str, int] = {}
    for part in drawn(execution=execution):
        sums[part.funding_class] = sums.get(part.funding_class, 0) + part.amount
    return sums
