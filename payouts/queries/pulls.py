"""What creators would give back of single runs, each in turn, by the one policy (`wallets.pulling`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from billing.models import CreatorPull
from marketplace.models import Creator
from payouts.queries import standing
from wallets import chart, pulling
from wallets.pulling import Pull

# From where a pull came, in the order of `wallets.pulling`; what it could not take was the platform's loss.
COLUMNS: Final = {
    chart.PENDING: "from_pending",
    chart.PAYABLE: "from_payable",
    chart.RESERVE: "from_reserve",
    chart.DEBT: "to_debt",
    "loss": "to_loss",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one creator had earned of one run, and is to give back."""

    creator_id: int
    execution_id: int
    agent_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class CreatorPart:
    """What one creator gives back for one run, and from where."""

    creator_id: int
    execution_id: int
    agent_id: int
    pull: Pull


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a creator bears in all, by name."""

    name: str
    pull: Pull


@dataclass(frozen=True, slots=True)
class Piece:
    """Credits that come back, and to whom: a creator's wallet of some kind, the platform's own part, or its loss."""

    kind: str
    amount: int
    pull: CreatorPull | None = None


def pieces(*, pull: CreatorPull) -> Iterator[Piece]:
    """Say from where a pull came, in the order in which it was taken."""
    for kind, column in COLUMNS.items():
        yield Piece(kind, getattr(pull, column), pull)


def parts(*, wanted: Iterable[Wanted]) -> Iterator[CreatorPart]:
    """Pull each part in turn, from what the pulls before have left its creator."""
    left: dict[int, Pull] = {}
    for each in wanted:
        there = left.get(each.creator_id) or _there(each.creator_id)
        pull = pulling.pull(
            pending=there.pending,
            payable=there.payable,
            reserve=there.reserve,
            debt=there.debt,
            cap=pulling.debt_cap(),
            amount=each.amount,
        )
        left[each.creator_id] = replace(
            there,
            pending=there.pending - pull.pending,
            payable=there.payable - pull.payable,
            reserve=there.reserve - pull.reserve,
            debt=there.debt + pull.debt,
        )
        yield CreatorPart(each.creator_id, each.execution_id, each.agent_id, pull)


def as_part(*, pull: CreatorPull) -> CreatorPart:
    """Read what a creator gave back of a run."""
    found = Pull(pull.from_pending, pull.from_payable, pull.from_reserve, pull.to_debt, pull.to_loss)
    return CreatorPart(pull.creator_id, pull.execution_id or 0, pull.agent_id or 0, found)


def bearers(*, parts: Iterable[CreatorPart]) -> list[Bearer]:
    """Add up what each creator bears."""
    sums: dict[int, Pull] = {}
    for part in parts:
        before = sums.get(part.creator_id, Pull(0, 0, 0, 0, 0))
        sums[part.creator_id] = Pull(
            pending=before.pending + part.pull.pending,
            payable=before.payable + part.pull.payable,
            reserve=before.reserve + part.pull.reserve,
            debt=before.debt + part.pull.debt,
            loss=before.loss + part.pull.loss,
        )
    names = dict(Creator.objects.filter(pk__in=sums).values_list("pk", "display_name"))
    return [Bearer(names[creator_id], pull) for creator_id, pull in sums.items()]


def _there(creator_id: int) -> Pull:
    """Give what a creator has; what a payout has promised is not there to be pulled."""
    purse = standing.purse(creator_id=creator_id)
    promised = standing.promised(creator_id=creator_id)
    return Pull(purse.pending, purse.payable - promised, purse.reserve, -purse.debt, 0)
