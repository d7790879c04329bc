"""What a wallet is made of: grants and what was burned of them, debts, holds; and what is told of their changes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.provers.catalogue import RANK, Cell, usd

if TYPE_CHECKING:
    from tests.provers.wallet import Wallet

FAR: Final = 1 << 62


@dataclass(slots=True, eq=False)
class Burn:
    """What one run burned of a grant, and how much of that was written off; later burns have higher numbers."""

    number: int
    run: int
    funding_class: str
    amount: int
    cells: list[Cell]
    borne: int = 0


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
    frozen: int = 0
    # How many disputes are open over it.
    disputed: int = 0
    cash_remaining: int = 0
    ends: int = 0
    order: tuple[int, int, int] = (0, 0, 0)
    burns: list[Burn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remaining, self.cash_remaining = self.amount, self.cash
        self.ends = FAR if self.expires is None else self.expires
        self.order = (self.ends, RANK[self.funding_class], self.number)

    def take(self, amount: int) -> int:
        """Take credits out; the cash that leaves with them is in proportion, and the last credit takes all."""
        cash = self.worth(amount)
        self.remaining -= amount
        self.cash_remaining -= cash
        return cash

    def worth(self, amount: int) -> int:
        """Give the cash behind some of its credits; what is frozen has its own."""
        return self.cash_remaining * amount // (self.remaining + self.frozen)


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

    @property
    def disputed(self) -> bool:
        """Tell whether a dispute about it is open."""
        return any(grant.disputed for grant in self.grants)

    def share(self, usd: int) -> int:
        """Give the credits that so much of its price stands for."""
        return sum([grant.amount for grant in self.grants]) * min(usd, self.price) // self.price


@dataclass(slots=True, eq=False)
class Debt:
    """What is below zero: burned (overage) or taken by force (arrears). USD micros stand for what remains."""

    kind: str = "overage"
    amount: int = 0
    remaining: int = 0
    paid: int = 0
    billed: int = 0
    written_off: int = 0
    recovered: int = 0
    carried: int = 0
    # What was taken by force, claw by claw, and of which purchase.
    claws: list[tuple["Purchase", int]] = field(default_factory=list)

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


class Recovered(NamedTuple):
    """What was paid of written-off arrears after all, and the cash that left the grant."""

    debt: Debt
    amount: int
    cash: int


@dataclass(slots=True)
class Hold:
    """A claim on the wallet."""

    amount: int
    opened: int


class Expired(NamedTuple):
    """What ran out, in credits and in cash."""

    amount: int
    cash: int
