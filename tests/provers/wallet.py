"""The model of one wallet: its grants in burn order, its open holds, its statement. It knows nothing of SQL."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple

from tests.provers.catalogue import RANK, usd

FAR: Final = 1 << 62
CENT: Final = 10_000
ORDER: Final = attrgetter("order")


@dataclass(slots=True, eq=False)
class Grant:
    """A parcel of credits, and the cash paid for it in USD micros; `fee` and `price` are its payment's, in cents."""

    number: int
    funding_class: str
    amount: int
    cash: int
    expires: int | None
    fee: int = 0
    price: int = 1
    remaining: int = 0
    burned: int = 0
    expired: int = 0
    voided: int = 0
    cash_remaining: int = 0
    ends: int = 0
    order: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        self.remaining, self.cash_remaining = self.amount, self.cash
        self.ends = FAR if self.expires is None else self.expires
        self.order = (self.ends, RANK[self.funding_class], self.number)

    def take(self, amount: int) -> int:
        """Take credits out; the cash that leaves with them is in proportion, and the last credit takes all."""
        cash = self.cash_remaining * amount // self.remaining
        self.remaining -= amount
        self.cash_remaining -= cash
        return cash


class Drawn(NamedTuple):
    """What a charge took of one grant."""

    grant: Grant
    amount: int
    cash: int


class Paid(NamedTuple):
    """What a paid grant paid of a debt: the cash that left the grant, and what stood for that part of the debt."""

    kind: str
    cash: int
    carried: int


class Clawed(NamedTuple):
    """What a refund took: of each grant with its cash, and what went below zero with what is receivable for it."""

    parts: list[Drawn]
    below: int
    carried: int

    @property
    def amount(self) -> int:
        """Give all that was taken."""
        return self.below + sum([part.amount for part in self.parts])

    @property
    def cash(self) -> int:
        """Give the cash that was behind the credits."""
        return sum([part.cash for part in self.parts])


@dataclass(slots=True)
class Purchase:
    """A payment: its grants, its price, and what was given back and taken for it so far."""

    wallet: "Wallet"
    grants: list[Grant]
    price: int
    given_back: int = 0
    taken: int = 0


@dataclass(slots=True)
class Debt:
    """What is below zero: burned (overage) or taken by force (arrears). USD micros stand for what remains."""

    kind: str = "overage"
    amount: int = 0
    remaining: int = 0
    paid: int = 0
    billed: int = 0
    carried: int = 0

    def burn(self, amount: int) -> int:
        """Owe more for runs; give what stands for it."""
        carried = usd(self.amount + amount) - usd(self.amount)
        self.grow(amount, carried)
        return carried

    def grow(self, amount: int, carried: int) -> None:
        """Owe more, and let so much stand for it."""
        self.amount += amount
        self.remaining += amount
        self.carried += carried

    def shrink(self, amount: int) -> int:
        """Owe less; give what stood for it."""
        carried = self.carried * amount // self.remaining
        self.remaining -= amount
        self.carried -= carried
        return carried


@dataclass(slots=True)
class Hold:
    """A claim on the wallet."""

    amount: int
    opened: int


class Expired(NamedTuple):
    """What ran out, in credits and in cash."""

    amount: int
    cash: int


@dataclass(slots=True)
class Wallet:
    """A consumer's wallet."""

    balance: int = 0
    held: int = 0
    live: list[Grant] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    entries: list[tuple[int, int]] = field(default_factory=list)
    overdraft: int = 0
    # How far below zero it was forced; no new hold may lean on that.
    allowance: int = 0
    clawed: bool = False
    debts: list[Debt] = field(default_factory=list)

    @property
    def debt(self) -> Debt | None:
        """The open overage."""
        return self._open("overage")

    def _open(self, kind: str) -> Debt | None:
        for debt in reversed(self.debts):
            if debt.kind == kind:
                return debt if debt.remaining else None
        return None

    def available(self, now: int) -> int:
        """Give what a new hold may take once due grants have expired."""
        return self.balance - self.held + self.overdraft - sum(due for _, due in self._due(now))

    def credit(self, *grants: Grant) -> None:
        """Receive grants in one transaction."""
        for grant in grants:
            insort(self.live, grant, key=ORDER)
            self.grants.append(grant)
        self.enter(sum(grant.amount for grant in grants))

    def pay(self, grant: Grant) -> list[Paid]:
        """Pay what is owed with a paid grant, arrears first, unless not a micro of a dollar stands for any of it."""
        settled = []
        for kind in ("arrears", "overage") if self.debts else ():
            debt = self._open(kind)
            if debt is None or not grant.remaining:
                continue
            part = min(grant.remaining, debt.remaining)
            if (
                not grant.cash_remaining * part // grant.remaining
                and not debt.carried * part // debt.remaining
            ):
                continue
            settled.append(Paid(kind, grant.take(part), debt.shrink(part)))
            grant.burned += part
            debt.paid += part
        if settled:
            self._sort_out()
        return settled

    def claw(self, purchase: Purchase, usd: int, now: int) -> Clawed:
        """Take what so much given back stands for: the purchase's own, then other paid credits, then by force."""
        clawed = self._found(purchase, usd, now)
        purchase.given_back += usd
        purchase.taken += clawed.amount
        for grant, amount, _ in clawed.parts:
            grant.voided += amount
        if clawed.below:
            debt = self._open("arrears")
            if debt is None:
                debt = Debt("arrears")
                self.debts.append(debt)
            debt.grow(clawed.below, clawed.carried)
        self.allowance = max(self.allowance, self.held - (self.balance - clawed.amount) - self.overdraft)
        self.clawed = True
        if clawed.amount:
            self.enter(-clawed.amount)
        self._sort_out()
        return clawed

    def _found(self, purchase: Purchase, usd: int, now: int) -> Clawed:
        left, free = self._wanted(purchase, usd, now), max(self.balance - self.held, 0)
        parts = []
        for grant in sorted(self.live, key=lambda each: _claw_order(each, purchase)):
            own = grant in purchase.grants
            if grant.ends <= now or not (own or grant.funding_class == "paid"):
                continue
            amount = min(left, grant.remaining, FAR if own else free)
            if amount:
                parts.append(Drawn(grant, amount, grant.take(amount)))
                left -= amount
                free = max(free - amount, 0)
        covered = sum([part.cash for part in parts])
        return Clawed(parts, left, max(usd - covered, 0) if left else 0)

    def _wanted(self, purchase: Purchase, usd: int, now: int) -> int:
        """As many credits as dollars, in all; what would be left and is not worth a cent goes along."""
        bought = sum([grant.amount for grant in purchase.grants])
        wanted = min(bought * (purchase.given_back + usd) // purchase.price, bought) - purchase.taken
        wanted = max(wanted, 0)
        there = [grant for grant in purchase.grants if grant.remaining and grant.ends > now]
        rest, cash = sum([grant.remaining for grant in there]), sum([grant.cash_remaining for grant in there])
        if wanted < rest <= max(self.balance - self.held, 0) and cash - cash * wanted // rest < CENT:
            return rest
        return wanted

    def enter(self, amount: int) -> None:
        """Write a line of the statement."""
        self.balance += amount
        self.entries.append((amount, self.balance))

    def place(self, number: int, amount: int, now: int) -> None:
        """Reserve what is there."""
        self.holds[number] = Hold(amount, now)
        self.held += amount

    def close(self, number: int) -> Hold:
        """Take a hold off the wallet."""
        hold = self.holds.pop(number)
        self.held -= hold.amount
        return hold

    def burn(self, amount: int, opened: int) -> list[Drawn]:
        """Charge from grants in burn order; one that had expired when the hold was opened is not touched."""
        self.enter(-amount)
        drawn = list(self._take(amount, opened))
        for grant, part, _ in drawn:
            grant.burned += part
        below = amount - sum(part for _, part, _ in drawn)
        return [*drawn, self._owe(below)] if below else drawn

    def _owe(self, amount: int) -> Drawn:
        assert self.overdraft or self.debts or self.clawed, f"grants fall short of the balance by {amount}"
        debt = self.debt
        if debt is None:
            debt = Debt()
            self.debts.append(debt)
        return Drawn(Grant(0, "overage", amount, 1, None), amount, debt.burn(amount))

    def void(self, amount: int, now: int) -> list[Drawn]:
        """Take credits back in burn order."""
        self.enter(-amount)
        drawn = list(self._take(amount, now))
        for grant, part, _ in drawn:
            grant.voided += part
        assert sum(part for _, part, _ in drawn) == amount, "grants fall short of what is available"
        return drawn

    def expire(self, now: int) -> list[Expired]:
        """Expire what is due and not leaned on; each grant's part is a transaction of its own."""
        gone = []
        for grant, due in list(self._due(now)):
            cash = grant.take(due)
            grant.expired += due
            self.enter(-due)
            gone.append(Expired(due, cash))
        if gone:
            self._sort_out()
        return gone

    def _due(self, now: int) -> Iterator[tuple[Grant, int]]:
        """Find what is due. Holds opened before a grant's expiry lean on grants in burn order."""
        if not self.live or self.live[0].ends > now:
            return
        left, ahead = max(self.balance - self.held, 0), 0
        for grant in self.live:
            if grant.ends > now:
                return
            leaning = sum(hold.amount for hold in self.holds.values() if hold.opened < grant.ends)
            due = min(grant.remaining - min(grant.remaining, max(leaning - ahead, 0)), left)
            ahead += grant.remaining - due
            left -= due
            if due:
                yield grant, due

    def _take(self, amount: int, opened: int) -> Iterator[Drawn]:
        left = amount
        for grant in self.live:
            if grant.ends <= opened:
                continue
            part = min(grant.remaining, left)
            cash = grant.take(part)
            left -= part
            yield Drawn(grant, part, cash)
            if not left:
                break
        self._sort_out()

    def _sort_out(self) -> None:
        self.live = [grant for grant in self.live if grant.remaining]


def _claw_order(grant: Grant, purchase: Purchase) -> tuple[bool, bool, int, int]:
    return (grant not in purchase.grants, grant.funding_class != "bonus", grant.ends, grant.number)
