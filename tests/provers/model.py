"""The model: every answer of the ledger and of the run path, predicted without a database.

`Model.apply` takes a command and answers as the system must: ok with all its figures, refused and why, replayed, or the
key reused. What it keeps are plain objects that the comparison reads.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.provers.books import Books, Charge, earnings
from tests.provers.catalogue import AGENTS, SELF, Cell, Priced, split
from tests.provers.commands import (
    Adjust,
    Allow,
    Answer,
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
    WriteOff,
)
from tests.provers.funds import DAY, refused
from tests.provers.lots import Drawn
from tests.provers.wallet import Wallet
from tests.provers.write_offs import WriteOffs

LATE_MAX: Final = 35 * DAY
SETTLEABLE: Final = frozenset({"reserved", "running", "expired"})
OPEN: Final = frozenset({"reserved", "running"})


@dataclass(slots=True)
class Execution:
    """A run; `settled` is the report that closed it, `facts` what was answered to it."""

    number: int
    agent: Priced
    customer: int
    wallet: Wallet
    estimate: int
    max_charge: int | None
    opened: int
    expires: int
    available: int
    held: int = 0
    state: str = "reserved"
    sequence: int = -1
    metered: int = 0
    settled: tuple[object, ...] | None = None
    facts: Answer = ()
    burned: dict[str, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    cash: int = 0
    overage: int = 0
    unpaid: int = 0
    cost: int = 0


@dataclass(slots=True)
class Reserved:
    """What stands under an Idempotency-Key of a reserve."""

    said: tuple[object, ...]
    answer: Answer


def closed(state: str) -> Answer:
    """Answer that an execution is closed, and how."""
    return ("refused", "execution_closed", state)


class Model(WriteOffs):
    """Some customers, their runs, and the books these lead to."""

    def __init__(self, customers: int, books: Books, *, insiders: Iterable[int] = ()) -> None:
        super().__init__(range(customers), books)
        # Customers that share a member with the creator SELF, who earns nothing from them.
        self.insiders = frozenset(insiders)
        self.executions: dict[int, Execution] = {}
        self.open: dict[int, Execution] = {}
        self.expired: dict[int, Execution] = {}
        self.reserved: dict[str, Reserved] = {}
        self.logged: dict[tuple[str, str], tuple[tuple[object, ...], int]] = {}
        self._doing: dict[type, Callable[[Any, int], Answer]] = {
            Reserve: self._reserve,
            Log: self._log_all,
            Meter: self._meter,
            Release: self._release,
            TopUp: self.top_up,
            Refund: self.refund,
            Dispute: self.dispute,
            Decide: self.decide,
            Freeze: self.freeze,
            WriteOff: self.write_off,
            PassOn: lambda *_: ("passed_on", self.pass_on()),
            Bundle: self.bundle,
            Promise: self.promise,
            Adjust: self.adjust,
            Allow: self.allow,
            Bill: self.bill,
            Balance: self._balance,
            Expire: self.expire_grants,
            Sweep: lambda _, now: ("swept", self.sweep(now)),
            Post: lambda *_: ("posted", self.post()),
        }

    def apply(self, command: Command, now: int) -> Answer:
        """Do a command; give the answer that the system must give."""
        return self._doing[type(command)](command, now)

    def shares(self, execution: Execution) -> tuple[tuple[int, int], ...]:
        """Give who earns from a run: nobody earns from itself, the platform has that part."""
        shares = execution.agent.shares
        if execution.customer not in self.insiders:
            return shares
        return tuple([each for each in shares if each[0] != SELF])

    def sweep(self, now: int) -> int:
        """Expire overdue executions."""
        due = [execution for execution in self.open.values() if execution.expires <= now]
        for execution in due:
            self._close(execution, "expired", now)
            self.expired[execution.number] = execution
        return len(due)

    # An execution until it settles

    def _reserve(self, asked: Reserve, now: int) -> Answer:
        said = (asked.agent, asked.customer, asked.usage, asked.max_charge, asked.ttl)
        known = self.reserved.get(asked.key) if asked.key is not None else None
        if known is not None:
            return (
                ("replayed", *known.answer[1:]) if known.said == said else refused("idempotency_key_reused")
            )
        if asked.agent >= len(AGENTS):
            return refused("agent_not_found")
        agent = AGENTS[asked.agent]
        quoted = _quoted(asked, agent)
        if quoted is None:
            return refused("invalid_input")
        if (asked.customer, None) not in self.wallets:
            return refused("customer_not_found")
        estimate, hold = quoted
        wallets = self.paying(asked.customer, agent)
        most = self._most(wallets, now)
        if hold and most < hold:
            return ("blocked", "wallet", hold, most)
        number = len(self.executions) + 1
        execution = Execution(
            number, agent, asked.customer, wallets[-1], estimate, asked.max_charge, now, now + asked.ttl, most
        )
        if hold:
            self._place(execution, wallets, hold, now)
        self.executions[number] = self.open[number] = execution
        answer = ("reserved", number, estimate, execution.available, bool(hold), execution.expires)
        if asked.key is not None:
            self.reserved[asked.key] = Reserved(said, answer)
        return answer

    def _place(self, execution: Execution, wallets: list[Wallet], hold: int, now: int) -> None:
        for wallet in wallets:
            self.expire(wallet, now)
            if wallet.balance - wallet.held + wallet.overdraft >= hold:
                wallet.place(execution.number, hold, now)
                execution.wallet, execution.held = wallet, hold
                execution.available = wallet.balance - wallet.held + wallet.overdraft
                return
        raise AssertionError("what was available is gone")

    def _balance(self, asked: Balance, now: int) -> Answer:
        return ("available", self._most(self.paying(asked.customer, AGENTS[asked.agent]), now))

    def _most(self, wallets: list[Wallet], now: int) -> int:
        return max(wallet.available(now) for wallet in wallets)

    def _meter(self, reading: Meter, now: int) -> Answer:
        execution = self.executions.get(reading.execution)
        if execution is None:
            return refused("execution_not_found")
        if execution.state in OPEN and execution.sequence < reading.sequence:
            execution.state, execution.sequence = "running", reading.sequence
            execution.metered = execution.agent.rated(reading.usage)
        if execution.state != "running":
            return closed(execution.state)
        remaining = max(execution.held - execution.metered, 0)
        return ("metered", execution.metered, remaining, execution.metered > 0 and not remaining)

    def _release(self, release: Release, now: int) -> Answer:
        execution = self.executions.get(release.execution)
        if execution is None:
            return refused("execution_not_found")
        if execution.state in OPEN:
            self._close(execution, "released", now)
        refuses = execution.state in {"settled", "unbilled"}
        return closed(execution.state) if refuses else ("released", execution.number)

    def _close(self, execution: Execution, state: str, now: int) -> None:
        execution.state = state
        del self.open[execution.number]
        if execution.held:
            execution.wallet.close(execution.number)
            self.expire(execution.wallet, now)

    # Settlement

    def _log_all(self, log: Log, now: int) -> Answer:
        return tuple([self._log(report, now) for report in log.reports])

    def _log(self, report: Report, now: int) -> Answer:
        problem = self._unreadable(report, now)
        if problem is not None:
            return refused(problem)
        said = report.said()
        keys = [pair for pair in (("event", report.event), ("key", report.key)) if pair[1] is not None]
        seen = [self.logged[kind, str(name)] for kind, name in keys if (kind, name) in self.logged]
        if seen:
            if any(each != said for each, _ in seen):
                return refused("idempotency_key_reused")
            return self._replayed(self.executions[seen[0][1]])
        if report.execution is None:
            execution = self._open_direct(report, now)
            if not isinstance(execution, Execution):
                return execution
        else:
            execution = self.executions[report.execution]
            if execution.state not in SETTLEABLE:
                same = execution.settled == said
                return self._replayed(execution) if same else closed(execution.state)
        self._settle(execution, report, said, now)
        for kind, name in keys:
            self.logged[kind, str(name)] = (said, execution.number)
        return execution.facts

    def _unreadable(self, report: Report, now: int) -> str | None:
        if report.occurred is not None and not now - LATE_MAX <= report.occurred <= now:
            return "occurred_at_out_of_range"
        if report.execution is not None:
            return None if report.execution in self.executions else "execution_not_found"
        if report.agent >= len(AGENTS):
            return "agent_not_found"
        return "invalid_input" if report.event is None and report.key is None else None

    def _replayed(self, execution: Execution) -> Answer:
        return ("replayed", *execution.facts[1:])

    def _open_direct(self, report: Report, now: int) -> Execution | Answer:
        if (report.customer, None) not in self.wallets:
            return refused("customer_not_found")
        agent = AGENTS[report.agent]
        wallets = self.paying(report.customer, agent)
        cost = agent.cost(report.usage)
        due = cost if report.success or agent.charges_failures else 0
        wallet = next((each for each in wallets if due and each.available(now) >= due), None)
        if due and wallet is None:
            return ("refused", "insufficient_credits", due, self._most(wallets, now))
        number = len(self.executions) + 1
        payer = wallet or wallets[-1]
        execution = Execution(number, agent, report.customer, payer, cost, None, now, now, 0)
        self.executions[number] = self.open[number] = execution
        return execution

    def _settle(self, execution: Execution, report: Report, said: tuple[object, ...], now: int) -> None:
        cost = execution.agent.cost(report.usage)
        charges = report.success or execution.agent.charges_failures
        due = cost if charges else 0
        if report.execution is None:
            charged = due
        else:
            if execution.max_charge is not None:
                due = min(due, execution.max_charge)
            charged = _chargeable(execution, due, now)
        drawn = self._capture(execution, charged, now)
        available = execution.wallet.available(now)
        self.open.pop(execution.number, None)
        self.expired.pop(execution.number, None)
        execution.state = _outcome(charges=charges, charged=charged, cost=cost)
        execution.settled, execution.cost = said, cost
        self._share(execution, charged, drawn, now)
        execution.facts = (
            "settled",
            execution.number,
            execution.state,
            cost,
            charged,
            max(execution.held - charged, 0),
            cost - charged if charges else 0,
            available,
            sum(part for _, creator, part in execution.cells if creator is None),
            sum(cash * grant.fee // grant.price for grant, _, cash in drawn),
        )

    def _capture(self, execution: Execution, charged: int, now: int) -> list[Drawn]:
        wallet, opened = execution.wallet, now
        if execution.held and execution.state != "expired":
            opened = wallet.close(execution.number).opened
        elif charged:
            self.expire(wallet, now)
        else:
            return []
        drawn = wallet.burn(charged, opened) if charged else []
        self.expire(wallet, now)
        return drawn

    def _share(self, execution: Execution, charged: int, drawn: list[Drawn], now: int) -> None:
        amounts: defaultdict[str, int] = defaultdict(int)
        unpaid: defaultdict[str, int] = defaultdict(int)
        for grant, amount, cash in drawn:
            amounts[grant.funding_class] += amount
            unpaid[grant.funding_class] += 0 if grant.cash else amount
            if grant.funding_class == "overage":
                execution.overage += cash
            else:
                execution.cash += cash
        execution.burned = dict(amounts)
        whole = execution.agent.whole(execution.cost)
        execution.cells = split(execution.burned, self.shares(execution), whole)
        self.burn(execution.number, drawn, execution.cells)
        if charged:
            self.books.accounts["CREDITS", "clearing"] += charged
            execution.unpaid = sum(
                [
                    part * unpaid[name] // amounts[name]
                    for name, creator, part in execution.cells
                    if creator is not None
                ]
            )
            earned = earnings(execution.cells)
            self.unposted.append(
                Charge(
                    now,
                    execution.number,
                    charged,
                    execution.cash,
                    earned,
                    execution.unpaid,
                    execution.overage,
                )
            )


def _quoted(asked: Reserve, agent: Priced) -> tuple[int, int] | None:
    """Give the estimate and what to hold; None when nothing says how much."""
    if agent.free:
        return 0, 0
    unknown = asked.usage is None and not agent.flat
    rated = None if unknown else agent.cost(asked.usage or ())
    named = (asked.max_charge, rated, agent.default_hold)
    hold = next((amount for amount in named if amount is not None), None)
    return None if hold is None else (hold if rated is None else rated, hold)


def _chargeable(execution: Execution, due: int, now: int) -> int:
    """Above the hold all or only the hold; after expiry what the hold had been and available still covers."""
    if execution.state == "expired":
        return min(due, execution.held, max(execution.wallet.available(now), 0))
    if due <= execution.held:
        return due
    return due if execution.wallet.available(now) >= due - execution.held else execution.held


def _outcome(*, charges: bool, charged: int, cost: int) -> str:
    if not charges:
        return "released"
    return "unbilled" if cost and not charged else "settled"
