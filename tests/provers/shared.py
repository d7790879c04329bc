"""Wallets that all writers use at once: no answer can be foretold, but together they must make sense.

Every acknowledged answer is kept; at the end each cause must have happened once, its replays must have said the same,
and balance, holds and runs must be what the answers make them. Credits are bought at par and charged by whole
thousandths, so that no rounding depends on who came first.
"""

import random
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from accounts.models import Customer
from tests.provers.books import Books, Charge, earnings
from tests.provers.catalogue import AGENTS, CREDIT, split
from tests.provers.commands import Adjust, Answer, Command, Log, Release, Report, Reserve, TopUp
from tests.provers.funds import CENT_CASH, CENT_CREDITS
from tests.provers.market import Market
from tests.provers.system import Numbers, System

CENTS: Final = 90
ADJUSTMENT: Final = 77 * CREDIT
FOR_EVER: Final = 10**6
# Of so many causes writers pick the same ones.
RECENT: Final = 5
AGENT: Final = 0


@dataclass
class Shared:
    """The customers that all share, and every answer about them."""

    market: Market
    customers: list[Customer]
    numbers: Numbers = field(default_factory=Numbers)
    lock: threading.Lock = field(default_factory=threading.Lock)
    answers: defaultdict[Command | Report, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    opened: list[int] = field(default_factory=list)

    def tell(self, command: Command, answer: Answer) -> None:
        """Keep what was answered; each report of a call is told by itself."""
        with self.lock:
            if isinstance(command, Log):
                for report, each in zip(command.reports, answer, strict=True):
                    self.answers[report].append(each)  # type: ignore[arg-type]
                return
            self.answers[command].append(answer)
            if isinstance(command, Reserve) and answer[0] == "reserved":
                self.opened.append(int(str(answer[1])))

    def check(self, system: System, books: Books) -> None:
        """Raise AssertionError unless the answers make sense; add what they charged to the books."""
        for command, answers in self.answers.items():
            check_once(command, answers)
        settled = {a[1]: a for answers in self.answers.values() for a in answers if a[0] == "settled"}
        charges = [a for answers in self.answers.values() for a in answers if a[0] == "settled"]
        assert len(charges) == len(settled), "an execution was settled twice"
        assert not self._released() & set(settled), "an execution was released and settled"
        self._check_wallets(system, settled)
        self._book(books, settled)

    def _check_wallets(self, system: System, settled: dict[object, Answer]) -> None:
        for number, wallet in enumerate(system.wallets):
            wallet.refresh_from_db()
            assert (wallet.balance, wallet.held) == self._expected(number, settled), (
                f"shared wallet {number} has {wallet.balance}, {wallet.held} held;"
                f" the answers make {self._expected(number, settled)}"
            )

    def _expected(self, customer: int, settled: dict[object, Answer]) -> tuple[int, int]:
        """Give balance and holds as the answers make them."""
        balance, holds, runs = 0, {}, set()
        for command, answers in self.answers.items():
            done = [a for a in answers if a[0] in {"done", "reserved", "settled"}]
            if getattr(command, "customer", customer) != customer or not done:
                continue
            match command:
                case TopUp():
                    balance += CENTS * CENT_CREDITS
                case Adjust():
                    balance += command.amount
                case Reserve():
                    holds[done[0][1]] = int(str(command.max_charge))
                    runs.add(done[0][1])
                case Report() if command.execution is None:
                    runs.add(done[0][1])
        released = self._released()
        balance -= sum(int(str(facts[4])) for number, facts in settled.items() if number in runs)
        return balance, sum(amount for n, amount in holds.items() if n not in settled and n not in released)

    def _released(self) -> set[object]:
        return {
            command.execution
            for command, answers in self.answers.items()
            if isinstance(command, Release) and ("released", command.execution) in answers
        }

    def _book(self, books: Books, settled: dict[object, Answer]) -> None:
        for command, answers in self.answers.items():
            if isinstance(command, TopUp) and ("done",) in answers:
                books.accounts["CREDITS", "issued.paid"] -= CENTS * CENT_CREDITS
                books.credit("USD", stripe_cash=-CENTS * CENT_CASH, deferred=CENTS * CENT_CASH)
            if isinstance(command, Adjust) and ("done",) in answers:
                cash = -command.amount // 1000
                books.accounts["CREDITS", "issued.paid"] -= command.amount
                books.credit("USD", deferred=-cash, revenue=cash)
        for number, facts in settled.items():
            charged = int(str(facts[4]))
            books.accounts["CREDITS", "clearing"] += charged
            if charged:
                cells = split({"paid": charged}, AGENTS[AGENT].shares)
                assert cells[0][2] == facts[8], f"execution {number} is split as {facts}"
                books.post([Charge(0, 0, charged, charged // 1000, earnings(cells), 0)])


def check_once(command: Command | Report, answers: list[Answer]) -> None:
    """Raise AssertionError unless a cause happened at most once and was told the same way each time."""
    told = {
        answer[1:]
        for answer in answers
        if answer[0] in {"reserved", "settled", "replayed"} and len(answer) > 1
    }
    first = [answer for answer in answers if answer[0] in {"reserved", "settled"}]
    assert len(told) <= 1, f"{command} was answered in different ways: {told}"
    assert len(first) <= 1, f"{command} happened {len(first)} times"
    if isinstance(command, Adjust):
        assert answers.count(("done",)) <= 1, f"{command} happened more than once"


class SharedGenerator:
    """Draws what one writer does to the shared customers."""

    def __init__(self, seed: int, shared: Shared) -> None:
        self.random = random.Random(seed)
        self.shared = shared

    def command(self, turn: int) -> Command:
        """Draw a command; writers at the same turn draw the same causes."""
        kind = self.random.choices(["reserve", "log", "release", "top_up", "adjust"], [8, 12, 2, 2, 1])[0]
        number = max(turn - self.random.randrange(RECENT), 0)
        customer = number % len(self.shared.customers)
        match kind:
            case "reserve":
                key = f"shared.{number}"
                most = 50 * CREDIT * (1 + number % 3)
                return Reserve(AGENT, customer, (("request", 1000),), most, FOR_EVER, key)
            case "log":
                return Log(tuple(self._report(turn) for _ in range(self.random.choice([1, 2, 6]))))
            case "release":
                execution = self._execution()
                return Release(execution) if execution else self._top_up(number, customer)
            case "top_up":
                return self._top_up(number, customer)
            case _:
                return Adjust(customer, -ADJUSTMENT, f"shared.{number}")

    def _top_up(self, number: int, customer: int) -> TopUp:
        return TopUp(customer, CENTS, 0, f"shared.{number}", None)

    def _execution(self) -> int | None:
        recent = self.shared.opened[-RECENT:]
        return self.random.choice(recent) if recent else None

    def _report(self, turn: int) -> Report:
        execution = self._execution()
        if execution is not None and self.random.random() < 0.6:
            usage = (("request", 500 + execution % 5 * 500),)
            return Report(execution, AGENT, 0, usage, True, f"shared.x{execution}", None, None)
        number = max(turn - self.random.randrange(RECENT), 0)
        customer = number % len(self.shared.customers)
        usage = (("request", 1 + number % 1500),)
        return Report(None, AGENT, customer, usage, True, f"shared.e{number}", None, None)
