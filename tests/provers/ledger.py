"""The ledger under writers: each has wallets of its own, whose every answer it foretells, and all share some.

Writers run round by round on one clock. Between rounds overdue executions are expired and everything is compared;
during a round a poster and a sealer are at work, as the workers are.
"""

import datetime as dt
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError, connections

from accounts.models import Membership
from billing.operations import executions, posting
from payouts.operations import recoveries
from tests.provers.books import Books
from tests.provers.commands import Command, Sweep
from tests.provers.comparison import Accounts, Comparison, nonzero, same
from tests.provers.driver import Tally, agree, failure, progress
from tests.provers.generator import TTL_MAX, Generator
from tests.provers.market import START, Market, at, open_market
from tests.provers.model import Model
from tests.provers.shared import Shared, SharedGenerator
from tests.provers.system import System
from tests.support import runs
from wallets import books as proof
from wallets import seals

WRITERS: Final = 8
CUSTOMERS: Final = 3
INSIDER: Final = 2
SHARED: Final = 2
ROUND_MINUTES: Final = 60
ROUND_OPERATIONS: Final = 100
# One command in so many is on a shared wallet.
SHARED_EVERY: Final = 6
# After so many no hold of a writer is left.
OVERDUE_ROUNDS: Final = 1 + TTL_MAX // ROUND_MINUTES
PAUSE_SECONDS: Final = 0.05


def prove(*, count: int, seed: int) -> str:
    """Do that many operations; give the line that says so. Raises AssertionError naming the seed to run again."""
    market = open_market()
    posting.post_splits(now=START)
    before = Accounts.read(market)
    shared = Shared(market, [runs.make_customer(f"shared-{seed}-{n}") for n in range(SHARED)])
    writers = [Writer(seed * WRITERS + number, market, shared) for number in range(WRITERS)]
    tally = Tally()
    rounds = 0
    while tally.operations < count:
        _round(writers, rounds, seed)
        rounds += 1
        tally = sum((writer.tally for writer in writers), Tally())
        progress("ledger", tally.operations, count)
    tally.check()
    _sweep(writers, rounds + OVERDUE_ROUNDS, seed)
    _check_end(writers, shared, before, at((rounds + OVERDUE_ROUNDS) * ROUND_MINUTES))
    return f"ledger: {tally}, {WRITERS} writers, {rounds} rounds, seed {seed}; every answer foretold, books clean"


class Writer:
    """One writer: what it does to its own wallets is known beforehand."""

    def __init__(self, seed: int, market: Market, shared: Shared) -> None:
        self.random = random.Random(seed)
        customers = [runs.make_customer(f"writer-{seed}-{number}") for number in range(CUSTOMERS)]
        Membership.objects.create(user=market.insider, customer=customers[INSIDER], created_at=START)
        self.model = Model(CUSTOMERS, Books(), insiders=[INSIDER])
        self.system = System(market, customers)
        self.generator = Generator(seed, self.model, f"w{seed}")
        self.comparison = Comparison(self.system, self.model)
        self.shared = shared
        self.shared_system = System(market, shared.customers, shared.numbers)
        self.shared_generator = SharedGenerator(seed, shared)
        self.tally = Tally()
        self.now = 0
        self.steps = 0
        self.command: Command = Sweep()

    def round(self, number: int) -> None:
        """Do a round's commands, then compare everything."""
        start = number * ROUND_MINUTES
        self.now = start
        enough = self.tally.operations + ROUND_OPERATIONS
        while self.tally.operations < enough:
            self.steps += 1
            self.now = min(self.now + self.random.randint(0, 3), start + ROUND_MINUTES - 1)
            self._step()
        self.comparison.check()

    def _step(self) -> None:
        if self.steps % SHARED_EVERY == 0:
            self.command = self.shared_generator.command(self.steps)
            answer = self.shared_system.apply(self.command, self.now)
            self.shared.tell(self.command, answer)
        else:
            self.command = self.generator.command(self.now)
            expected = self.model.apply(self.command, self.now)
            answer = self.system.apply(self.command, self.now)
            agree(answer, expected)
        self.tally.add(self.command, answer)


def _round(writers: list[Writer], number: int, seed: int) -> None:
    over = threading.Event()
    with ThreadPoolExecutor(max_workers=WRITERS + 1) as pool:
        worker = pool.submit(_work, over, number * ROUND_MINUTES)
        done = [pool.submit(_alone, writer, number) for writer in writers]
        try:
            for writer, future in zip(writers, done, strict=True):
                try:
                    future.result()
                except (AssertionError, DatabaseError) as error:
                    count = sum(each.tally.operations for each in writers)
                    raise failure(
                        "ledger", seed=seed, count=count, command=writer.command, error=error
                    ) from error
        finally:
            over.set()
        worker.result()
    _sweep(writers, number, seed)


def _alone(writer: Writer, number: int) -> None:
    try:
        writer.round(number)
    finally:
        connections.close_all()


def _work(over: threading.Event, minute: int) -> None:
    """Post, seal and pass recoveries on while the writers write."""
    try:
        while not over.is_set():
            posting.post_splits(now=at(minute))
            seals.seal_waiting(now=at(minute))
            recoveries.pass_on_due(now=at(minute))
            time.sleep(PAUSE_SECONDS)
    finally:
        connections.close_all()


def _sweep(writers: list[Writer], number: int, seed: int) -> None:
    """Expire what is overdue as of some time in the round, best the very minute at which a hold ends.

    What falls due later stays open for the next round, overdue.
    """
    ends = [execution.expires for writer in writers for execution in writer.model.open.values()]
    edges = [minute for minute in ends if minute // ROUND_MINUTES == number]
    any_time = range(number * ROUND_MINUTES, (number + 1) * ROUND_MINUTES)
    minute = random.Random(seed + number).choice(edges or any_time)
    expected = sum(writer.model.sweep(minute) for writer in writers)
    swept = executions.expire_due(now=at(minute))
    assert swept == expected, f"{swept} executions expired at minute {minute}, expected {expected}"


def _check_end(writers: list[Writer], shared: Shared, before: Accounts, now: dt.datetime) -> None:
    for writer in writers:
        writer.comparison.check()
    posting.post_splits(now=now)
    recoveries.pass_on_due(now=now)
    seals.seal_waiting(now=now)
    books = Books()
    shared.check(writers[0].shared_system, books)
    for writer in writers:
        writer.model.post()
        writer.model.pass_on()
        writer.comparison.check_passed_on()
        books.add(writer.model.books)
    found = Accounts.read(shared.market) - before
    # How runs fell into batches decides where a micro of promotions is rounded; revenue is what is left.
    name = ("USD", "promo_expense")
    apart = abs(found.accounts.get(name, 0) - books.accounts[name])
    assert apart <= found.postings, f"promotions cost {apart} micros more or less than they should"
    same("accounts", _merged(found.accounts), _merged(books.accounts))
    same("earnings", found.pending, nonzero(books.pending))
    broken = proof.violations(now=now, timely=True)
    assert broken == [], f"the books are broken: {broken}"


def _merged(accounts: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Take what rounding may fall to together: who came first with a creator decides it."""
    merged = dict(accounts)
    for account in ("promo_expense", "loss"):
        apart = merged.pop(("USD", account), 0)
        merged["USD", "revenue"] = merged.get(("USD", "revenue"), 0) + apart
    return nonzero(merged)
