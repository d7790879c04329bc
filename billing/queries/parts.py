"""Who has what of a charge: each payee, and each class of the credits that paid. Read from what was fixed at settle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.models.executions import Execution
from marketplace.models import Creator


@dataclass(frozen=True, slots=True)
class PayeePart:
    """What a creator earned of a run."""

    creator: str
    name: str
    own: bool
    amount: int


@dataclass(frozen=True, slots=True)
class ClassPart:
    """What credits of one class paid, and what creators earned of that: of a bonus credit it is half a share."""

    funding_class: str
    charged: int
    creators: int

    @property
    def platform(self) -> int:
        """Give what the platform has of it."""
        return self.charged - self.creators


def by_payee(*, run: Execution) -> list[PayeePart]:
    """List who earned of a run, the agent's own creator first."""
    earned = [(row.creator_id, row.amount) for row in run.earnings.order_by("id")]
    creators = Creator.objects.in_bulk([creator_id for creator_id, _ in earned])
    found = [
        PayeePart(
            creators[creator_id].public_id,
            creators[creator_id].display_name,
            creator_id == run.agent.creator_id,
            amount,
        )
        for creator_id, amount in earned
    ]
    return sorted(found, key=lambda part: not part.own)


def by_class(*, cells: Sequence[Sequence[Any]] | None, creator_id: int | None = None) -> list[ClassPart]:
    """Sum the cells of a split by class; of one creator where it is said whose part is asked for."""
    sums: dict[str, list[int]] = {}
    for funding_class, payee, amount in cells or ():
        found = sums.setdefault(funding_class, [0, 0])
        found[0] += amount
        earns = payee is not None if creator_id is None else payee == creator_id
        found[1] += amount if earns else 0
    return [ClassPart(name, charged, creators) for name, (charged, creators) in sums.items()]
