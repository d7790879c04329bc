"""A pure model of wallets, grants and holds: what the ledger must answer, predicted without a database.

It knows nothing of SQL and keeps everything in plain lists; the driver asks both and compares.
"""

import copy
from dataclasses import dataclass, field
from typing import Final

RANK: Final = {"plan": 0, "promo": 1, "bonus": 2, "adjustment": 3, "paid": 4}
FAR: Final = 1 << 62


@dataclass
class Grant:
    """A parcel of credits; times are whole minutes, amounts are micros."""

    number: int
    funding_class: str
    amount: int
    cash: int
    expires: int | None
    remaining: int = 0
    burned: int = 0
    expired: int = 0
    voided: int = 0
    cash_remaining: int = 0

    def __post_init__(self) -> None:
        self.remaining, self.cash_remaining = self.amount, self.cash

    @property
    def order(self) -> tuple[int, int, int]:
        """Where it stands in the burn order."""
        return (FAR if self.expires is None else self.expires, RANK[self.funding_class], self.number)

    def take(self, amount: int) -> int:
        """Take credits out; the cash that leaves with them is in proportion, and the last credit takes all."""
        cash = self.cash_remaining * amount // self.remaining
        self.remaining -= amount
        self.cash_remaining -= cash
        return cash


@dataclass
class Hold:
    """A claim on the wallet."""

    amount: int
    opened: int
    state: str = "open"


@dataclass
class Wallet:
    """One consumer's wallet and the books it leads to."""

    grants: list[Grant] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    deferred: int = 0
    breakage: int = 0
    revenue: int = 0
    clearing: int = 0

    @property
    def balance(self) -> int:
        """All credits, reserved or not."""
        return sum(grant.remaining for grant in self.grants)

    @property
    def held(self) -> int:
        """What open holds have reserved."""
        return sum(hold.amount for hold in self.holds.values() if hold.state == "open")

    @property
    def available(self) -> int:
        """What a new hold may take."""
        return self.balance - self.held

    def add(self, grant: Grant) -> None:
        """Receive a grant."""
        self.grants.append(grant)
        self.deferred += grant.cash

    def place(self, number: int, amount: int, now: int) -> bool:
        """Reserve; say whether the wallet covers it. A refusal changes nothing."""
        if self._available_at(now) < amount:
            return False
        self.expire(now)
        self.holds[number] = Hold(amount, now)
        return True

    def close(self, number: int, state: str, now: int) -> bool:
        """Close a hold without a charge; say whether this call did it."""
        hold = self.holds[number]
        if hold.state != "open":
            return False
        hold.state = state
        self.expire(now)
        return True

    def capture(self, amount: int, number: int | None, now: int) -> str:
        """Charge; answer ok, closed or refused."""
        hold = self.holds[number] if number is not None else None
        if hold and hold.state != "open":
            return "closed"
        if hold is None and self._available_at(now) < amount:
            return "refused"
        if hold is None:
            self.expire(now)
        claimed, opened = (hold.amount, hold.opened) if hold else (0, now)
        if amount > claimed and self.available + claimed < amount:
            return "refused"
        if hold:
            hold.state = "settled"
        # The cash of what was burned stays deferred until the run is posted from clearing.
        self._burn(amount, opened)
        self.clearing += amount
        self.expire(now)
        return "ok"

    def void(self, amount: int, now: int) -> bool:
        """Take credits back; say whether that much was available."""
        if self._available_at(now) < amount:
            return False
        self.expire(now)
        left, cash = amount, 0
        for grant in self._usable(now):
            part = min(grant.remaining, left)
            cash += grant.take(part)
            grant.voided += part
            left -= part
            if not left:
                break
        self.deferred -= cash
        self.revenue += cash
        return True

    def expire(self, now: int) -> None:
        """Expire what is due and not leaned on by holds that were open before."""
        ahead = 0
        available = max(self.available, 0)
        for grant in sorted(self.grants, key=lambda g: g.order):
            if grant.remaining and grant.expires is not None and grant.expires <= now:
                due = min(grant.remaining - self._leaned(grant, ahead), available)
                if due:
                    available -= due
                    cash = grant.take(due)
                    grant.expired += due
                    self.deferred -= cash
                    self.breakage += due
            ahead += grant.remaining

    def _available_at(self, now: int) -> int:
        """What would be available once due grants have expired."""
        after = copy.deepcopy(self)
        after.expire(now)
        return after.available

    def _leaned(self, grant: Grant, ahead: int) -> int:
        before = sum(
            hold.amount
            for hold in self.holds.values()
            if hold.state == "open" and grant.expires is not None and hold.opened < grant.expires
        )
        return min(grant.remaining, max(before - ahead, 0))

    def _usable(self, opened: int) -> list[Grant]:
        usable = [g for g in self.grants if g.remaining and (g.expires is None or g.expires > opened)]
        return sorted(usable, key=lambda g: g.order)

    def _burn(self, amount: int, opened: int) -> None:
        left = amount
        for grant in self._usable(opened):
            if not left:
                break
            part = min(grant.remaining, left)
            grant.take(part)
            grant.burned += part
            left -= part
        assert left == 0, "grants fall short of the balance"
