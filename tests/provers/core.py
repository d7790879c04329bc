"""The core without a database: the model against its own invariants, and the product's pure calculators against it.

What is compared at each step: every split with `marketplace.splits`, every price with `billing.rating`, and every
conversion to dollars with `wallets.money`; and after each step the identities of the ledger must hold.
"""

import random
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from billing import rating
from marketplace.defaults import CLASS_RATES_BP
from marketplace.splits import split
from marketplace.terms import PriceModel, PriceTerms, Share
from tests.provers.books import Books
from tests.provers.catalogue import AGENTS, CREDIT, PRICE_UNIT, Cell, Priced, usd
from tests.provers.commands import Command, Log, PassOn, Post, Reserve, Sweep, Usage, WriteOff
from tests.provers.driver import ACCEPTED_MIN, Tally, failure, progress
from tests.provers.generator import Generator
from tests.provers.model import Execution, Model
from tests.provers.wallet import Wallet
from wallets import money
from wallets.money import Micros

# A world is left for a new one after so many commands: a wallet that is a year old has no other corners.
WORLD: Final = 600
CUSTOMERS: Final = 3
INSIDER: Final = 2
SWEEP_EVERY: Final = 23
POST_EVERY: Final = 61
PASS_ON_EVERY: Final = 59
# Exact fractions are slow: of the charges, those that this divides.
FRACTION_EVERY: Final = 7


def prove(*, count: int, seed: int) -> str:
    """Do that many operations; give the line that says so. Raises AssertionError naming the world to run again."""
    tally = Tally()
    number = seed
    while tally.operations < count:
        number += 1
        world = World(number)
        try:
            world.run(tally)
        except AssertionError as error:
            # The core does fifty operations for each of N: one is enough to come to this world again.
            raise failure("core", seed=number - 1, count=1, command=world.command, error=error) from error
        progress("core", tally.operations, count)
    tally.check()
    return f"core: {tally}, {number - seed:,} worlds, seed {seed}; at least {ACCEPTED_MIN:.0%} accepted, no difference"


class World:
    """One model from its beginning, with what is drawn for it from its own seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.model = Model(CUSTOMERS, Books(), insiders=[INSIDER])
        self.generator = Generator(seed, self.model)
        self.step = 0
        self.now = 0
        self.command: Command = Sweep()
        self.compared = 0

    def run(self, tally: Tally) -> None:
        """Live through all of it."""
        for self.step in range(1, WORLD + 1):
            self.now += self.random.randint(0, 3)
            self.command = self._next()
            tally.add(self.command, self.model.apply(self.command, self.now))
            self._check()
        self._check_books()

    def _next(self) -> Command:
        if self.step % SWEEP_EVERY == 0:
            return Sweep()
        if self.step % PASS_ON_EVERY == 0:
            return PassOn()
        return Post() if self.step % POST_EVERY == 0 else self.generator.command(self.now)

    def _check(self) -> None:
        for wallet in self.model.wallets.values():
            check_wallet(wallet)
        match self.command:
            case Log():
                self._check_splits()
            case Reserve():
                check_price(self.command.agent, self.command.usage or ())
            case Post() | PassOn() | WriteOff():
                self._check_books()
            case _:
                pass

    def _check_splits(self) -> None:
        """Compare each split that came of this command."""
        for charge in self.model.unposted[self.compared :]:
            execution = self.model.executions[charge.number]
            check_split(execution, self.model.shares(execution))
        self.compared = len(self.model.unposted)

    def _check_books(self) -> None:
        self.compared = len(self.model.unposted)
        model, accounts = self.model, self.model.books.accounts
        grants = [grant for wallet in model.wallets.values() for grant in wallet.grants]
        for grant in grants:
            there = grant.remaining + grant.frozen
            assert grant.amount == there + grant.burned + grant.expired + grant.voided, "a grant leaks"
            assert there or not grant.cash_remaining, "an empty grant keeps cash"
        balances = sum(wallet.balance for wallet in model.wallets.values())
        pending = model.books.pending.values()
        credits = sum(amount for (unit, _), amount in accounts.items() if unit == "CREDITS")
        assert credits + balances + sum(pending) == 0, "credits come from nothing"
        assert sum(amount for (unit, _), amount in accounts.items() if unit == "USD") == 0, (
            "cash from nothing"
        )
        unposted = sum(charge.cash for charge in model.unposted)
        cash = sum(grant.cash_remaining for grant in grants)
        assert accounts["USD", "deferred"] == cash + unposted, (
            "deferred is not the cash of what is not earned"
        )
        open_cases = [case for case in model.disputes.values() if case.state == "open"]
        assert accounts["CREDITS", "disputed"] == sum(grant.frozen for grant in grants), "frozen credits leak"
        assert -accounts["USD", "disputes"] == sum(case.usd for case in open_cases), "disputed cash leaks"
        debts = [debt for wallet in model.wallets.values() for debt in wallet.debts]
        carried = sum(debt.carried for debt in debts if debt.kind == "overage")
        receivable = sum(debt.carried for debt in debts if debt.kind == "arrears")
        overage = sum(charge.overage for charge in model.unposted)
        assert -accounts["USD", "unbilled"] == carried - overage, "unbilled is not what open debts carry"
        assert -accounts["USD", "receivable"] == receivable, "receivable is not what arrears carry"
        assert accounts["CREDITS", "clearing"] == sum(charge.amount for charge in model.unposted)
        assert accounts["USD", "owed"] == sum(money.credits_to_usd(amount) for amount in pending)
        for amount in pending:
            assert usd(amount) == money.credits_to_usd(amount)


def check_wallet(wallet: Wallet) -> None:
    """Assert the identities of one wallet."""
    owed = sum([debt.remaining for debt in wallet.debts])
    assert wallet.balance == sum([grant.remaining for grant in wallet.live]) - owed, (
        "grants and debts do not make the balance"
    )
    for debt in wallet.debts:
        assert debt.amount == debt.remaining + debt.paid + debt.billed + debt.written_off, "a debt leaks"
        assert debt.recovered <= debt.written_off, "more comes back than was written off"
        assert debt.remaining or not debt.carried, "a debt that is paid still stands for dollars"
    assert wallet.held == sum([hold.amount for hold in wallet.holds.values()]), (
        "holds do not make what is held"
    )
    assert 0 <= wallet.held <= wallet.balance + wallet.overdraft + wallet.allowance, (
        "more is held than there is"
    )


def check_split(execution: Execution, shares: tuple[tuple[int, int], ...]) -> None:
    """Compare a split with the product's."""
    amounts, cells, fixed = execution.burned, execution.cells, execution.agent.flat > 0
    found = split(
        amounts=list(amounts.items()),
        shares=_shares(shares, fixed),
        class_rates=CLASS_RATES_BP,
        cost=execution.cost,
    )
    if amounts and sum(amounts.values()) % FRACTION_EVERY == 0:
        check_parts(amounts, shares, cells, execution.agent.whole(execution.cost))
    told = [(cell.funding_class, cell.payee, cell.amount) for cell in found]
    assert told == cells, f"{amounts} by {shares} is split as {told}, not as {cells}"
    assert sum([part for _, _, part in cells]) == sum(amounts.values()), "a split loses or makes credits"


def check_parts(
    amounts: dict[str, int], shares: tuple[tuple[int, int], ...], cells: list[Cell], whole: int
) -> None:
    """Assert that each cell is less than a micro off its exact part."""
    share_of = dict(shares)
    creators = sum(share_of.values())
    for name, creator, part in cells:
        weight = whole - creators * Fraction(CLASS_RATES_BP[name], 10_000)
        if creator is not None:
            weight = share_of[creator] * Fraction(CLASS_RATES_BP[name], 10_000)
        assert abs(part - amounts[name] * weight / whole) < 1, (
            f"{part} of {amounts[name]} is not {weight} in {whole}"
        )


def check_price(agent: int, usage: Usage) -> None:
    """Compare a price with the product's."""
    if agent >= len(AGENTS):
        return
    priced = AGENTS[agent]
    found = rating.rate(
        prices=_prices(priced),
        usage={metric: Decimal(quantity) / 1000 for metric, quantity in usage},
        minimum=priced.minimum,
        quantum=priced.quantum,
    )
    assert found.amount == priced.rated(usage), f"{priced.name} of {usage} costs {found.amount}"
    assert sum(line.amount for line in found.lines) == found.amount, "lines do not make the price"


@lru_cache
def _shares(shares: tuple[tuple[int, int], ...], fixed: bool) -> list[Share]:
    if fixed:
        return [Share(creator, fixed=Micros(price)) for creator, price in shares]
    return [Share(creator, bp) for creator, bp in shares]


@lru_cache
def _prices(agent: Priced) -> tuple[PriceTerms, ...]:
    if agent.flat:
        return (PriceTerms(PriceModel.FLAT, "run", Decimal(agent.flat) / CREDIT),)
    return tuple(
        PriceTerms(PriceModel.PER_UNIT, metric, Decimal(price) / PRICE_UNIT) for metric, price in agent.prices
    )
