"""What a receipt says beyond its execution: which grants paid."""

from dataclasses import dataclass

from billing.models.executions import Execution
from wallets.models import GrantDrawdown


@dataclass(frozen=True, slots=True)
class Drawn:
    """A grant's part of a charge."""

    grant: str
    funding_class: str
    amount: int


def drawn(*, execution: Execution) -> list[Drawn]:
    """List the grants that a charge burned, in burn order."""
    if execution.settlement_id is None:
        return []
    rows = GrantDrawdown.objects.filter(transaction_id=execution.settlement_id).select_related("grant")
    return [Drawn(row.grant.public_id, row.grant.funding_class, row.amount) for row in rows.order_by("id")]


def drawn_by_class(*, execution: Execution) -> dict[str, int]:
    """Sum what a charge burned by funding class, in burn order."""
    sums: dict[str, int] = {}
    for part in drawn(execution=execution):
        sums[part.funding_class] = sums.get(part.funding_class, 0) + part.amount
    return sums
