"""Who gets back what when a written-off debt is paid after all: the write-off, walked from its end."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Sum

from billing.models import CreatorPull
from payouts.models import WriteOff, WriteOffPart, WriteOffRecovery
from payouts.queries.pulls import Piece, pieces
from wallets.models import DebtRecovery


@dataclass(frozen=True, slots=True)
class Plan:
    """How one recovery is passed on."""

    write_off: WriteOff
    recovery: DebtRecovery
    pieces: list[Piece] = field(default_factory=list)

    def of(self, kind: str) -> int:
        """Sum the pieces of a kind."""
        return sum(piece.amount for piece in self.pieces if piece.kind == kind)

    @property
    def returned(self) -> int:
        """What creators get back."""
        return self.recovery.amount - self.of("own") - self.of("loss")


def waiting() -> list[DebtRecovery]:
    """List what was paid of write-offs and not passed on, the oldest first."""
    done = WriteOffRecovery.objects.filter(recovery=OuterRef("pk"))
    return list(DebtRecovery.objects.filter(~Exists(done)).order_by("pk"))


def plan(*, recovery: DebtRecovery) -> Plan:
    """Say who gets a recovery: who bore the last of the write-off first, after what came back before it."""
    write_off = WriteOff.objects.get(debt=recovery.debt_id)
    before = DebtRecovery.objects.filter(debt=recovery.debt_id, pk__lt=recovery.pk)
    skip = before.aggregate(total=Sum("amount"))["total"] or 0
    left, found = recovery.amount, []
    for piece in reversed(list(_borne(write_off))):
        passed = min(skip, piece.amount)
        skip -= passed
        amount = min(piece.amount - passed, left)
        left -= amount
        if amount:
            found.append(Piece(piece.kind, amount, piece.pull))
    return Plan(write_off, recovery, found)


def _borne(write_off: WriteOff) -> Iterator[Piece]:
    """List who bore it, run by run, in the order in which it was written off."""
    amounts: dict[int, int] = defaultdict(int)
    for part in WriteOffPart.objects.filter(write_off=write_off).order_by("pk"):
        amounts[part.execution_id] += part.amount
    pulls = CreatorPull.objects.filter(cause_type="write_off", cause_id=write_off.public_id).order_by("pk")
    for run, amount in amounts.items():
        own = amount
        for pull in (pull for pull in pulls if pull.execution_id == run):
            for piece in pieces(pull=pull):
                yield piece
                own -= piece.amount
        yield Piece("own", own)
    yield Piece("loss", write_off.amount - sum(amounts.values()))
