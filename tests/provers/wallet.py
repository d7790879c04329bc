"""The model of one wallet: its grants in burn order, its open holds, its statement. It knows nothing of SQL."""

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from tests.provers.lots import FAR, Clawed, Debt, Drawn, Expired, Grant, Hold, Paid, Purchase, Recovered

CENT: Final = 10_000
ORDER: Final = attrgetter("order")


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
            if not grant.worth(part) and not debt.carried * part // debt.remaining:
                continue
            settled.append(Paid(kind, grant.take(part), debt.shrink(part)))
            grant.burned += part
            debt.paid += part
        if settled:
            self._sort_out()
        return settled

    @property
    def arrears(self) -> Debt | None:
        """Give the open arrears."""
        return self._open("arrears")

    def recover(self, grant: Grant) -> list[Recovered]:
        """Pay what was written off with a paid grant, as far as no hold needs it."""
        paid = []
        for debt in self.debts:
            part = min(grant.remaining, self.balance - self.held, debt.written_off - debt.recovered)
            if part <= 0:
                continue
            paid.append(Recovered(debt, part, grant.take(part)))
            grant.burned += part
            debt.recovered += part
            self.enter(-part)
        self._sort_out()
        return paid

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
            debt.claws.append((purchase, clawed.below))
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
            if grant.ends <= now or not (own or (grant.funding_class == "paid" and not grant.disputed)):
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
        wanted = max(purchase.share(purchase.given_back + usd) - purchase.taken, 0)
        there = [grant for grant in purchase.grants if grant.remaining and grant.ends > now]
        rest, cash = sum([grant.remaining for grant in there]), sum([grant.cash_remaining for grant in there])
        if wanted < rest <= max(self.balance - self.held, 0) and cash - cash * wanted // rest < CENT:
            return rest
        return wanted

    def freeze(self, purchase: Purchase, most: int, now: int) -> list[tuple[Grant, int]]:
        """Set aside what no hold leans on of a purchase, its bonus first."""
        frozen = []
        for grant, loose in sorted(
            self._loose(purchase, now), key=lambda each: _claw_order(each[0], purchase)
        ):
            amount = min(loose, most)
            if amount:
                grant.remaining -= amount
                grant.frozen += amount
                most -= amount
                frozen.append((grant, amount))
        if frozen:
            self.enter(-sum([amount for _, amount in frozen]))
            self._sort_out()
        return frozen

    def _loose(self, purchase: Purchase, now: int) -> Iterator[tuple[Grant, int]]:
        """Find what is free of a purchase: holds lean on what burns first."""
        leaning, free = self.held, max(self.balance - self.held, 0)
        for grant in self.live:
            loose, leaning = max(grant.remaining - leaning, 0), max(leaning - grant.remaining, 0)
            if grant in purchase.grants and grant.ends > now:
                loose = min(loose, free)
                free -= loose
                yield grant, loose

    def thaw(self, frozen: Iterable[tuple[Grant, int]]) -> int:
        """Give back what was set aside; give how much that is."""
        thawed = 0
        for grant, amount in frozen:
            if not grant.remaining:
                insort(self.live, grant, key=ORDER)
            grant.remaining += amount
            grant.frozen -= amount
            thawed += amount
        if thawed:
            self.enter(thawed)
        return thawed

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
