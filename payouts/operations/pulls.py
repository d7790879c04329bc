"""Take from creators' wallets what they give back of runs, and put it back: the locks, the legs, and their rows."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from billing.models import CreatorPull
from payouts.queries import standing
from payouts.queries.pulls import COLUMNS, CreatorPart, Piece
from wallets import chart, debts, pulling
from wallets.ledger import Leg, Source
from wallets.models import Wallet
from wallets.operations import open_wallet

KINDS: Final = (chart.PENDING, chart.PAYABLE, chart.RESERVE, chart.DEBT)


def lock(*, creator_ids: Iterable[int], wallet_ids: Iterable[int], now: dt.datetime) -> None:
    """Lock creators' wallets and some others, in the order in which the ledger takes them."""
    touched = [_purse(creator_id, kind, now) for creator_id in creator_ids for kind in KINDS]
    list(Wallet.objects.select_for_update(no_key=True).filter(pk__in=[*touched, *wallet_ids]).order_by("pk"))


def legs(*, parts: Iterable[CreatorPart], now: dt.datetime) -> list[Leg]:
    """Give what leaves creators' wallets; their debts may go as far as the cap from here on."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for part in parts:
        pull = part.pull
        for kind, amount in zip(KINDS, (pull.pending, pull.payable, pull.reserve, pull.debt), strict=True):
            sums[part.creator_id, kind] += amount
    for (creator_id, kind), amount in sums.items():
        if kind == chart.DEBT and amount:
            # The database refuses what is beyond it.
            debts.set_overdraft(wallet_id=_purse(creator_id, kind, now), limit=pulling.debt_cap(), now=now)
    return [
        Leg(_purse(creator_id, kind, now), -amount) for (creator_id, kind), amount in sums.items() if amount
    ]


def keep(*, parts: Iterable[CreatorPart], cause: Source, transaction_id: int, now: dt.datetime) -> None:
    """Write down what each creator gave back of each run, for a cause."""
    merged: dict[tuple[int, int], CreatorPull] = {}
    for part in parts:
        row = merged.setdefault(
            (part.creator_id, part.execution_id),
            CreatorPull(
                creator_id=part.creator_id,
                cause_type=cause.type,
                cause_id=cause.id,
                agent_id=part.agent_id,
                execution_id=part.execution_id,
                transaction_id=transaction_id,
                created_at=now,
            ),
        )
        row.from_pending += part.pull.pending
        row.from_payable += part.pull.payable
        row.from_reserve += part.pull.reserve
        row.to_debt += part.pull.debt
        row.to_loss += part.pull.loss
    CreatorPull.objects.bulk_create(merged.values())


def back(*, pieces: Iterable[Piece], cause: Source, now: dt.datetime) -> list[CreatorPull]:
    """Write pulls with the other sign, under the locks of their wallets.

    What a creator has paid of its debt meanwhile goes to payable.
    """
    pulled = [(piece, piece.pull) for piece in pieces if piece.pull is not None]
    owed = _owed({pull.creator_id for _, pull in pulled}, now)
    found: dict[int, CreatorPull] = {}
    for piece, pull in pulled:
        row = found.setdefault(pull.pk, _reversed(pull, cause))
        still = min(piece.amount, owed[row.creator_id]) if piece.kind == chart.DEBT else piece.amount
        if piece.kind == chart.DEBT:
            owed[row.creator_id] -= still
        _take(row, piece.kind, still)
        _take(row, chart.PAYABLE, piece.amount - still)
    return list(found.values())


def legs_back(*, rows: Iterable[CreatorPull], now: dt.datetime) -> list[Leg]:
    """Give what creators' wallets have back."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        for kind in KINDS:
            sums[row.creator_id, kind] -= getattr(row, COLUMNS[kind])
    return [
        Leg(_purse(creator_id, kind, now), amount) for (creator_id, kind), amount in sums.items() if amount
    ]


def keep_back(*, rows: Iterable[CreatorPull], transaction_id: int, now: dt.datetime) -> None:
    """Write down what each creator has back of each run."""
    kept = list(rows)
    for row in kept:
        row.transaction_id, row.created_at = transaction_id, now
    CreatorPull.objects.bulk_create(kept)


def _owed(creator_ids: set[int], now: dt.datetime) -> dict[int, int]:
    """Lock the creators' wallets in the ledger's order; give what each creator owes."""
    lock(creator_ids=creator_ids, wallet_ids=[], now=now)
    return {creator_id: -standing.purse(creator_id=creator_id).debt for creator_id in creator_ids}


def _reversed(pull: CreatorPull, cause: Source) -> CreatorPull:
    return CreatorPull(
        creator_id=pull.creator_id,
        cause_type=cause.type,
        cause_id=cause.id,
        agent_id=pull.agent_id,
        execution_id=pull.execution_id,
    )


def _take(row: CreatorPull, kind: str, amount: int) -> None:
    setattr(row, COLUMNS[kind], getattr(row, COLUMNS[kind]) - amount)


def _purse(creator_id: int, kind: str, now: dt.datetime) -> int:
    return open_wallet(owner_type="creator", owner_id=creator_id, kind=kind, now=now).pk
