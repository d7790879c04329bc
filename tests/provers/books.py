"""The model of the books: the platform's accounts and creators' earnings, and how settled runs are posted to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from tests.provers.catalogue import Cell, usd
from tests.provers.lots import Clawed, Drawn, Expired, Paid, Recovered

MINUTES_A_DAY: Final = 1_440
# Minute 0 is noon.
NOON: Final = 720
BATCH_MAX: Final = 1_000


@dataclass(slots=True)
class Charge:
    """A settled charge that is to be posted."""

    minute: int
    number: int
    amount: int
    cash: int
    earned: dict[int, int]
    unpaid: int
    overage: int = 0

    @property
    def day(self) -> int:
        """Give its UTC day."""
        return (self.minute + NOON) // MINUTES_A_DAY


@dataclass(slots=True)
class Books:
    """Balances of the platform's accounts by (unit, kind), and of creators' pending earnings."""

    accounts: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    pending: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def credit(self, unit: str, **amounts: int) -> None:
        """Add to accounts of a unit; `__` stands for a dot."""
        for kind, amount in amounts.items():
            self.accounts[unit, kind.replace("__", ".")] += amount

    def expired(self, gone: Iterable[Expired]) -> None:
        """Book what ran out."""
        for amount, cash in gone:
            self.credit("CREDITS", breakage=amount)
            self.credit("USD", deferred=-cash, breakage=cash)

    def voided(self, drawn: Iterable[Drawn]) -> None:
        """Book what was taken back: the cash paid for it is earned."""
        for grant, amount, cash in drawn:
            self.accounts["CREDITS", f"issued.{grant.funding_class}"] += amount
            self.credit("USD", deferred=-cash, revenue=cash)

    def paid(self, settled: Iterable[Paid]) -> None:
        """Book what paid grants paid of debts: their cash is earned, and what stood for the debt is gone."""
        for kind, cash, carried in settled:
            stood = {"receivable" if kind == "arrears" else "unbilled": carried}
            self.credit("USD", deferred=-cash, revenue=cash - carried, **stood)

    def clawed(self, usd: int, clawed: Clawed, account: str = "stripe_cash") -> None:
        """Book what left an account, with the credits that went along."""
        for grant, amount, _ in clawed.parts:
            self.accounts["CREDITS", f"issued.{grant.funding_class}"] += amount
        self.credit("CREDITS", issued__paid=clawed.below)
        self.accounts["USD", account] += usd
        self.credit("USD", deferred=-clawed.cash, receivable=-clawed.carried)
        self.credit("USD", revenue=clawed.cash + clawed.carried - usd)

    def recovered(self, paid: Iterable[Recovered]) -> None:
        """Book what paid grants paid of what had been written off."""
        for _, amount, cash in paid:
            self.credit("CREDITS", loss=amount)
            self.credit("USD", deferred=-cash, loss=cash)

    def earn(self, amounts: dict[int, int], account: str) -> None:
        """Let creators have more, or less; an account bears what they are owed for it, whole micros of each."""
        for creator, amount in amounts.items():
            image = usd(self.pending[creator] + amount) - usd(self.pending[creator])
            self.pending[creator] += amount
            assert self.pending[creator] >= 0, "a creator gives back what it never had"
            self.credit("USD", owed=image)
            self.accounts["USD", account] -= image

    def add(self, other: "Books") -> None:
        """Add other books of the same creators: what these are owed is counted of all they have."""
        for name, amount in other.accounts.items():
            self.accounts[name] += amount
        for creator, amount in other.pending.items():
            self.pending[creator] += amount
        apart = sum(map(usd, self.pending.values())) - self.accounts["USD", "owed"]
        self.credit("USD", owed=apart, revenue=-apart)

    def post(self, charges: list[Charge]) -> int:
        """Post all that is settled, oldest day first, a thousand at a time; give how many."""
        ordered = sorted(charges, key=attrgetter("minute", "number"))
        for _, of_day in groupby(ordered, key=attrgetter("day")):
            day = list(of_day)
            for start in range(0, len(day), BATCH_MAX):
                self._post_batch(day[start : start + BATCH_MAX])
        return len(charges)

    def _post_batch(self, batch: list[Charge]) -> None:
        earned: defaultdict[int, int] = defaultdict(int)
        for charge in batch:
            for creator, amount in charge.earned.items():
                earned[creator] += amount
        self.earn(earned, "revenue")
        charged, cash = sum(charge.amount for charge in batch), sum(charge.cash for charge in batch)
        unpaid = usd(sum(charge.unpaid for charge in batch))
        overage = sum(charge.overage for charge in batch)
        self.credit("CREDITS", clearing=-charged, platform_share=charged - sum(earned.values()))
        self.credit("USD", deferred=-cash, unbilled=-overage, promo_expense=-unpaid)
        self.credit("USD", revenue=cash + overage + unpaid)


def earnings(cells: Iterable[Cell]) -> dict[int, int]:
    """Sum the cells of each creator that earns something."""
    sums: defaultdict[int, int] = defaultdict(int)
    for _, creator, amount in cells:
        if creator is not None:
            sums[creator] += amount
    return {creator: amount for creator, amount in sums.items() if amount}
