"""The model of write-offs: who earned from what was spent bears it, each once, and has it back when it is paid.

No payday comes in these worlds: what creators earned of a run that is posted is pending, so they can give it back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.provers.books import Books
from tests.provers.catalogue import Cell
from tests.provers.commands import Answer, WriteOff
from tests.provers.disputes import Disputes
from tests.provers.funds import refused
from tests.provers.lots import Burn, Debt, Drawn

PLATFORM: Final = -1
LOSS: Final = -2


@dataclass(slots=True)
class Borne:
    """What of one run's burn is written off, and what of it its creators had earned."""

    run: int
    funding_class: str
    amount: int
    earned: dict[int, int]


@dataclass(slots=True)
class Written:
    """A write-off: what it was, who bore which part of it, and how much of it came back."""

    debt: Debt
    amount: int
    carried: int
    borne: list[Borne] = field(default_factory=list)
    passed_on: int = 0

    @property
    def pulled(self) -> int:
        """Give what creators bear."""
        return sum([sum(each.earned.values()) for each in self.borne])

    @property
    def lost(self) -> int:
        """Give what no run stands for."""
        return self.amount - sum([each.amount for each in self.borne])

    @property
    def own(self) -> int:
        """Give the platform's part of the runs."""
        return self.amount - self.lost - self.pulled

    def bearers(self) -> Iterator[tuple[int, int]]:
        """Tell who bore how much, run by run: its creators, then the platform; what no run stands for comes last."""
        runs: dict[int, list[Borne]] = defaultdict(list)
        for each in self.borne:
            runs[each.run].append(each)
        for parts in runs.values():
            earned: dict[int, int] = defaultdict(int)
            for each in parts:
                for creator, amount in each.earned.items():
                    earned[creator] += amount
            yield from earned.items()
            yield PLATFORM, sum([each.amount for each in parts]) - sum(earned.values())
        yield LOSS, self.lost


class WriteOffs(Disputes):
    """Some customers' wallets, and what nobody waits for any more."""

    def __init__(self, customers: Iterable[int], books: Books) -> None:
        super().__init__(customers, books)
        self.written: list[Written] = []
        # What was written off so far of each run's class of credits.
        self.taken: dict[tuple[int, str], int] = defaultdict(int)
        self.burned = 0
        # Of each payment that was passed on, in their order: all of it, and what creators, platform and nobody had.
        self.passed_on: list[tuple[int, int, int, int]] = []

    def burn(self, run: int, drawn: Iterable[Drawn], cells: list[Cell]) -> None:
        """Remember what a run burned, and who earned of it."""
        for grant, amount, _ in drawn:
            self.burned += 1
            grant.burns.append(Burn(self.burned, run, grant.funding_class, amount, cells))

    def write_off(self, asked: WriteOff, _now: int) -> Answer:
        """Write a customer's arrears off."""
        wallet = self.wallets[asked.customer, None]
        debt = wallet.arrears
        if debt is None:
            return refused("nothing_owed")
        # Who has nothing of a run yet has nothing to give back of it: what is settled is posted first.
        self.post()
        written = Written(debt, debt.remaining, debt.carried, list(self._borne(debt)))
        self.written.append(written)
        debt.remaining = debt.carried = 0
        debt.written_off += written.amount
        wallet.enter(written.amount)
        for each in written.borne:
            self.books.earn({creator: -amount for creator, amount in each.earned.items()}, "loss")
        self.books.credit("CREDITS", platform_share=-written.own, loss=-written.lost)
        self.books.credit("USD", receivable=written.carried, loss=-written.carried)
        return ("written_off", written.amount, written.pulled, written.own, written.lost)

    def pass_on(self) -> int:
        """Give what was paid of write-offs after all to those who bore them, the last first; give how many payments."""
        due, self.recoveries = self.recoveries, []
        for paid in due:
            (written,) = [each for each in self.written if each.debt is paid.debt]
            skip, left = written.passed_on, paid.amount
            written.passed_on += paid.amount
            parts: dict[int, int] = defaultdict(int)
            for bearer, borne in reversed(list(written.bearers())):
                passed = min(skip, borne)
                part = min(borne - passed, left)
                skip, left = skip - passed, left - part
                parts[bearer] += part
                self._give(bearer, part)
            own, lost = parts.pop(PLATFORM, 0), parts.pop(LOSS, 0)
            self.passed_on.append((paid.amount, sum(parts.values()), own, lost))
        return len(due)

    def _give(self, bearer: int, amount: int) -> None:
        if bearer == LOSS:
            return
        self.books.credit("CREDITS", loss=-amount)
        if bearer == PLATFORM:
            self.books.credit("CREDITS", platform_share=amount)
        else:
            self.books.earn({bearer: amount}, "loss")

    def _borne(self, debt: Debt) -> Iterator[Borne]:
        """Walk the claws, the newest first, and of each purchase the newest burn that nobody has borne."""
        left = debt.remaining
        for purchase, below in reversed(debt.claws):
            wanted = min(left, below)
            burns = [burn for grant in purchase.grants for burn in grant.burns]
            for burn in sorted(burns, key=lambda each: -each.number):
                amount = min(wanted, burn.amount - burn.borne)
                if amount:
                    burn.borne += amount
                    wanted -= amount
                    left -= amount
                    yield Borne(burn.run, burn.funding_class, amount, self._earned(burn, amount))

    def _earned(self, burn: Burn, amount: int) -> dict[int, int]:
        """Part what is borne among who earned of that class of the run: all of it borne, it is all they earned.

        Of a micro that rounding gave to another class nobody has earned anything.
        """
        start = self.taken[burn.run, burn.funding_class]
        end = self.taken[burn.run, burn.funding_class] = start + amount
        cells = [(creator, part) for name, creator, part in burn.cells if name == burn.funding_class]
        whole = sum([part for _, part in cells])
        earned = [(creator, part) for creator, part in cells if creator is not None and part]
        parts = {creator: part * end // whole - part * start // whole for creator, part in earned}
        return {creator: part for creator, part in parts.items() if part}
