"""A state machine draws commands, the model foretells each answer, and after each the database is what it says.

The writers have the volume; this one shrinks what it finds to a few commands. Each history is rolled back.
"""

from typing import Final

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Membership
from billing.operations import posting
from tests.provers.books import Books
from tests.provers.catalogue import AGENTS, CREDIT
from tests.provers.commands import (
    Adjust,
    Allow,
    Balance,
    Bill,
    Bundle,
    Command,
    Decide,
    Dispute,
    Expire,
    Freeze,
    Log,
    Meter,
    PassOn,
    Post,
    Promise,
    Refund,
    Release,
    Report,
    Reserve,
    Sweep,
    TopUp,
    Usage,
    WriteOff,
)
from tests.provers.comparison import Accounts, Comparison, check_books
from tests.provers.funds import CENT_CASH
from tests.provers.market import START, Market, at, open_market
from tests.provers.model import Model
from tests.provers.system import System
from tests.support import runs
from wallets import books as proof

STEPS: Final = 25
CUSTOMERS: Final = 2
INSIDER: Final = 1

AMOUNTS = st.integers(1, 9) | st.integers(1, 300).map(lambda n: n * CREDIT) | st.integers(1, 300 * CREDIT)
SOON = st.integers(1, 60)
CUSTOMER = st.integers(0, CUSTOMERS - 1)
AGENT = st.integers(0, len(AGENTS) - 1)
NAMES = st.integers(0, 9).map(lambda n: f"cause{n}")
QUANTITIES = st.sampled_from([0, 500, 1000, 1000, 2000, 3333, 40_000_000])
METRICS = ("request", "input_tokens", "output_tokens", "compute_minute", "gb")
USAGE = st.dictionaries(st.sampled_from(METRICS), QUANTITIES, max_size=3).map(
    lambda read: tuple(sorted(read.items()))
)
# Which execution, counted back from the newest.
BACK = st.integers(0, 9)


@st.composite
def reports(draw: st.DrawFn) -> tuple[int | None, int | None, Report]:
    """Draw how far back the execution is that is settled (none: nobody reserved it), how long ago, and the report."""
    back = draw(st.none() | BACK)
    event, key = draw(st.none() | NAMES), draw(st.none() | NAMES)
    late = draw(st.none() | st.sampled_from([0, 60, 35 * 1440, 35 * 1440 + 1, -1]))
    success = draw(st.booleans() | st.just(True))
    said = (draw(AGENT), draw(CUSTOMER), draw(USAGE))
    return back, late, Report(None, *said, success, event, key, None)


class Ledger(RuleBasedStateMachine):
    """One history of two customers; it is rolled back when it is over."""

    market: Market
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        Ledger.examples += 1
        self.history = transaction.atomic()
        self.history.__enter__()
        self.before = Accounts.read(self.market)
        customers = [runs.make_customer(f"machine-{Ledger.examples}-{n}") for n in range(CUSTOMERS)]
        Membership.objects.create(user=self.market.insider, customer=customers[INSIDER], created_at=START)
        self.model = Model(CUSTOMERS, Books(), insiders=[INSIDER])
        self.system = System(self.market, customers)
        self.comparison = Comparison(self.system, self.model)
        self.now = 0
        self.payments = 0

    def do(self, command: Command) -> None:
        """Do a command to both, and compare the answers and all that is stored."""
        expected = self.model.apply(command, self.now)
        assert self.system.apply(command, self.now) == expected, (command, expected)
        self.comparison.check()
        self.comparison.check_passed_on()
        check_books(Accounts.read(self.market) - self.before, self.model.books)

    def teardown(self) -> None:
        """Prove the books, and forget all of it."""
        try:
            assert proof.violations(now=at(self.now)) == []
        finally:
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)

    def execution(self, back: int) -> int:
        """Give the number of an execution; there may be none."""
        return len(self.model.executions) - back if len(self.model.executions) > back else 10**6

    @initialize(cents=st.sampled_from([100, 101, 999]))
    def begin(self, cents: int) -> None:
        """Give the first customer something to spend."""
        self.do(TopUp(0, cents, 0, f"machine.{Ledger.examples}.first", 33))

    @rule(minutes=SOON)
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.now += minutes

    @rule(customer=CUSTOMER, cents=st.integers(100, 1000), bonus=st.just(0) | AMOUNTS, name=NAMES)
    def top_up(self, customer: int, cents: int, bonus: int, name: str) -> None:
        """Buy credits."""
        self.do(TopUp(customer, cents, bonus, f"machine.{Ledger.examples}.{name}", None))

    @rule(payment=st.just("first") | NAMES, part=st.integers(1, 3), over=st.integers(0, 1), name=NAMES)
    def refund(self, payment: str, part: int, over: int, name: str) -> None:
        """Give back what is left of a payment, a part of it, or a cent more."""
        named, purchases = f"machine.{Ledger.examples}.{payment}", self.model.purchases
        left = purchases[named].price - purchases[named].given_back if named in purchases else 0
        self.do(Refund(named, left // CENT_CASH // part + over, f"machine.{Ledger.examples}.{name}"))

    @rule(payment=st.just("first") | NAMES, part=st.integers(1, 3), name=NAMES)
    def dispute(self, payment: str, part: int, name: str) -> None:
        """Take what is left of a payment, or a part of it, as its bank does."""
        purchase = self.model.purchases.get(f"machine.{Ledger.examples}.{payment}")
        if purchase is not None:
            left = purchase.price - purchase.given_back - self.model.disputed_of(purchase)
            cents = left // CENT_CASH // part
            if cents:
                named = f"machine.{Ledger.examples}.{payment}"
                self.do(Dispute(named, cents, f"machine.{Ledger.examples}.{name}"))

    @precondition(lambda self: self.model.disputes)
    @rule(back=BACK, won=st.booleans())
    def decide(self, back: int, won: bool) -> None:
        """Decide a dispute."""
        self.do(Decide(self.case(back), won))

    @precondition(lambda self: self.model.disputes)
    @rule(back=BACK)
    def freeze(self, back: int) -> None:
        """Set aside what has come free for a dispute."""
        self.do(Freeze(self.case(back)))

    @precondition(lambda self: any(wallet.arrears for wallet in self.model.wallets.values()))
    @rule(customer=CUSTOMER)
    def write_off(self, customer: int) -> None:
        """Write off what a customer owes."""
        self.do(WriteOff(customer))

    @precondition(lambda self: self.model.recoveries)
    @rule()
    def pass_on(self) -> None:
        """Pass on what was paid of write-offs after all."""
        self.do(PassOn())

    def case(self, back: int) -> str:
        """Name a dispute, counted back from the newest."""
        known = list(self.model.disputes)
        return known[-1 - back % len(known)]

    @rule(customer=CUSTOMER, cents=st.integers(1, 99), extra=AMOUNTS, soon=SOON, plan=st.booleans())
    def buy_bundle(self, customer: int, cents: int, extra: int, soon: int, plan: bool) -> None:
        """Buy a bonus that expires, or a creator's plan."""
        self.payments += 1
        name = f"machine.{Ledger.examples}.b{self.payments}"
        self.do(Bundle(customer, cents, extra, "plan" if plan else "bonus", self.now + soon, name))

    @rule(customer=CUSTOMER, amount=AMOUNTS, soon=st.none() | SOON, name=NAMES)
    def promise(self, customer: int, amount: int, soon: int | None, name: str) -> None:
        """Give promotional credits."""
        self.do(Promise(customer, amount, None if soon is None else self.now + soon, name))

    @rule(customer=CUSTOMER, amount=st.just(0) | AMOUNTS | AMOUNTS.map(lambda n: -n), name=NAMES)
    def adjust(self, customer: int, amount: int, name: str) -> None:
        """Adjust a balance."""
        self.do(Adjust(customer, amount, name))

    @rule(customer=CUSTOMER, over=st.integers(0, 1), name=NAMES)
    def drain(self, customer: int, over: int, name: str) -> None:
        """Take back all that is available, or one micro more."""
        available = max(self.model.wallets[customer, None].available(self.now), 0)
        self.do(Adjust(customer, -(available + over), name))

    @rule(customer=CUSTOMER, limit=st.just(0) | AMOUNTS)
    def allow(self, customer: int, limit: int) -> None:
        """Let a customer go below zero."""
        self.do(Allow(customer, limit))

    @rule(customer=CUSTOMER, part=st.integers(1, 3), over=st.integers(0, 1), name=NAMES)
    def bill(self, customer: int, part: int, over: int, name: str) -> None:
        """Bill what is owed, a part of it, or a micro more."""
        debt = self.model.wallets[customer, None].debt
        self.do(
            Bill(
                customer,
                (debt.remaining if debt else 0) // part + over,
                f"machine.{Ledger.examples}.{name}",
            )
        )

    @rule(
        run=st.tuples(AGENT, CUSTOMER | st.just(99), st.none() | USAGE, st.none() | AMOUNTS, SOON),
        key=st.none() | NAMES,
    )
    def reserve(self, run: tuple[int, int, Usage | None, int | None, int], key: str | None) -> None:
        """Reserve a run."""
        self.do(Reserve(*run, key))

    @rule(agent=AGENT, customer=CUSTOMER, over=st.integers(0, 1), ttl=SOON)
    def reserve_all(self, agent: int, customer: int, over: int, ttl: int) -> None:
        """Reserve all that is available, or one micro more."""
        paying = self.model.paying(customer, AGENTS[agent])
        most = max(wallet.available(self.now) for wallet in paying)
        self.do(Reserve(agent, customer, None, max(most, 0) + over, ttl, None))

    @precondition(lambda self: self.model.executions)
    @rule(back=BACK, sequence=st.integers(0, 3), usage=USAGE)
    def meter(self, back: int, sequence: int, usage: Usage) -> None:
        """Read a run's meters."""
        self.do(Meter(self.execution(back), sequence, usage))

    @rule(sent=st.lists(reports(), min_size=1, max_size=4))
    def log(self, sent: list[tuple[int | None, int | None, Report]]) -> None:
        """Report what ran."""
        self.do(Log(tuple(self.settling(*each) for each in sent)))

    def settling(self, back: int | None, late: int | None, report: Report) -> Report:
        """Point a report at an execution and at a time."""
        execution = None if back is None else self.execution(back)
        return report._replace(execution=execution, occurred=None if late is None else self.now - late)

    @precondition(lambda self: self.model.executions)
    @rule(back=BACK)
    def release(self, back: int) -> None:
        """Give a hold back."""
        self.do(Release(self.execution(back)))

    @rule(agent=AGENT, customer=CUSTOMER)
    def balance(self, agent: int, customer: int) -> None:
        """Ask what is available."""
        self.do(Balance(agent, customer))

    @rule(customer=CUSTOMER)
    def expire(self, customer: int) -> None:
        """Expire due grants."""
        self.do(Expire(customer))

    @rule()
    def sweep(self) -> None:
        """Expire overdue runs."""
        self.do(Sweep())

    @rule()
    def post(self) -> None:
        """Post what was settled."""
        self.do(Post())


def prove(*, count: int, seed: int) -> str:
    """Draw that many commands; give the line that says so. Raises AssertionError with the shortest history found."""
    examples = max(count // STEPS, 1)
    Ledger.market = open_market()
    posting.post_splits(now=START)
    bounded = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(hypothesis_seed(seed)(Ledger), settings=bounded)
    return f"machine: {examples:,} histories of up to {STEPS} commands, seed {seed}; every answer and row foretold"
