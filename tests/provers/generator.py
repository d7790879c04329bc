"""Commands at random, from a seed: mostly such as are accepted, often right at an edge, sometimes nonsense."""

import random
from typing import Final

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
    Promise,
    Refund,
    Release,
    Report,
    Reserve,
    TopUp,
    Usage,
    WriteOff,
)
from tests.provers.funds import CENT_CASH, CENT_CREDITS
from tests.provers.model import Execution, Model

NOBODY: Final = 999
# A thousandth of one of its input tokens costs a micro: any cost can be hit.
TOKENS: Final = 1
AGENTS_DRAWN: Final = (0, TOKENS, TOKENS, TOKENS, 2, 3, 4, 5)
AROUND: Final = (-1, 0, 0, 1)
TOGETHER: Final = 20
TTL_MAX: Final = 120
METRICS: Final = ("request", "input_tokens", "output_tokens", "compute_minute", "gb")
# How often each kind is drawn.
WEIGHTS: Final = {
    "top_up": 2,
    "refund": 4,
    "dispute": 4,
    "decide": 3,
    "freeze": 2,
    "write_off": 2,
    "bundle": 6,
    "promise": 8,
    "adjust": 6,
    "allow": 3,
    "bill": 4,
    "reserve": 34,
    "meter": 8,
    "log": 34,
    "release": 5,
    "balance": 3,
    "expire": 3,
}
# Minutes: the last two are too many, and none at all.
LATE: Final = (0, 5, 1_440, 35 * 1_440, 35 * 1_440 + 1, -1)
BATCH: Final = (1, 1, 1, 2, 3, 8, 20)


class Generator:
    """Draws the next command for a model; `name` keeps its keys apart from other writers'."""

    def __init__(self, seed: int, model: Model, name: str = "w0", *, batch: tuple[int, ...] = BATCH) -> None:
        self.random = random.Random(seed)
        # Its integers and choices take several times as long as its fractions.
        self.draw = self.random.random
        self.model = model
        self.name = name
        self.batch = batch
        self.number = 0
        self.customers = len(model.wallets)
        self.reports: list[Report] = []
        self.asked: list[Reserve] = []
        # What this call's reports have settled already.
        self.picked: set[int] = set()
        self.kinds = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]

    def command(self, now: int) -> Command:
        """Draw one."""
        self.number += 1
        kind = self.kinds[int(self.draw() * len(self.kinds))]
        command: Command = getattr(self, f"_{kind}")(now)
        return command

    def _one_in(self, chances: int) -> bool:
        return self.draw() * chances < 1

    def _customer(self) -> int:
        return int(self.draw() * self.customers)

    def _amount(self, top: int) -> int:
        kind = int(self.draw() * 4)
        if kind == 0:
            return 1 + int(self.draw() * 9)
        return (1 + int(self.draw() * top)) * CREDIT if kind == 1 else 1 + int(self.draw() * top * CREDIT)

    def _soon(self, now: int) -> int:
        """Draw an expiry; many at the same moments, so that several grants fall due together."""
        soon = now + 1 + int(self.draw() * 90)
        return soon if self._one_in(3) else soon - soon % -TOGETHER

    def _label(self) -> str:
        """Name a cause; one in ten is used again."""
        number = self.number if not self._one_in(10) else self.random.randint(1, self.number)
        return f"{self.name}.{number}"

    def _top_up(self, now: int) -> Command:
        cents = self.random.choice([5, 7, 30, 101])
        bonus = self.random.choice([0, 0, self._amount(300)])
        fee = self.random.choice([None, 1 + cents * 29 // 1000])
        return TopUp(self._customer(), cents, bonus, self._label(), fee)

    def _refund(self, now: int) -> Command:
        """Give back what is left of a payment, a part of it, a cent more, or what nobody paid."""
        known = list(self.model.purchases)
        if not known or self._one_in(20):
            return Refund(f"{self.name}.nobody", 1, self._label())
        payment = self.random.choice(known[-8:])
        purchase = self.model.purchases[payment]
        left = (purchase.price - purchase.given_back) // CENT_CASH
        cents = self.random.choice([left, left // 2, 1, left + 1])
        return Refund(payment, cents, self._label())

    def _dispute(self, now: int) -> Command:
        """Dispute what is left of a payment, or a part of it."""
        known = list(self.model.purchases)
        if not known or self._one_in(20):
            return Dispute(f"{self.name}.nobody", 1, self._label())
        payment = self.random.choice(known[-4:])
        purchase = self.model.purchases[payment]
        left = (purchase.price - purchase.given_back - self.model.disputed_of(purchase)) // CENT_CASH
        if not left:
            return self._top_up(now)
        return Dispute(payment, self.random.choice([left, max(left // 2, 1), 1]), self._label())

    def _decide(self, now: int) -> Command:
        """Decide a dispute that is open, mostly."""
        cases = self.model.disputes
        known = [name for name in list(cases)[-40:] if cases[name].state == "open" or self._one_in(20)]
        return Decide(self.random.choice(known), self._one_in(2)) if known else self._dispute(now)

    def _freeze(self, now: int) -> Command:
        """Look for what has come free for a dispute, where there may be something, mostly."""
        recent = list(self.model.disputes.items())[-40:]
        known = [name for name, case in recent if case.wants_more or self._one_in(20)]
        return Freeze(self.random.choice(known)) if known else self._dispute(now)

    def _write_off(self, now: int) -> Command:
        """Write off what somebody owes; who was let off buys again."""
        owing = [n for n in range(self.customers) if self.model.wallets[n, None].arrears]
        if not owing and not self._one_in(8):
            return self._top_up(now)
        return WriteOff(self.random.choice(owing or range(self.customers)))

    def _bundle(self, now: int) -> Command:
        funding_class = self.random.choice(["bonus", "plan"])
        cents = self.random.choice([1, 7, 33])
        label = f"{self.name}.b{self.number}"
        return Bundle(self._customer(), cents, self._amount(400), funding_class, self._soon(now), label)

    def _promise(self, now: int) -> Command:
        expires = self.random.choice([None, self._soon(now), self._soon(now)])
        return Promise(self._customer(), self._amount(200), expires, self._label())

    def _adjust(self, now: int) -> Command:
        customer = self._customer()
        amount = self._amount(300)
        if self.random.random() < 0.6:
            amount = -self._near(customer, now)
        return Adjust(customer, amount, self._label())

    def _allow(self, now: int) -> Command:
        limit = self.random.choice([0, self._amount(100), self._amount(400)])
        return Allow(self._customer(), limit)

    def _bill(self, now: int) -> Command:
        """Bill all that is owed, its whole cents, a part of it, or a micro more."""
        customer = self._customer()
        debt = self.model.wallets[customer, None].debt
        owed = debt.remaining if debt else 0
        amount = self.random.choice([owed, owed - owed % CENT_CREDITS, owed // 3, owed + 1])
        return Bill(customer, amount, self._label())

    def _near(self, customer: int, now: int) -> int:
        """Draw an amount at, around or below what is available."""
        available = max(self.model.wallets[customer, None].available(now), 0)
        return max(self.random.choice([available, available + 1, available // 2, available // 7, 1]), 1)

    def _usage(self, agent: int, edge: int = 0) -> Usage:
        """Read out a run: what the agent charges for, now and then something else; or what costs just the edge."""
        if agent == TOKENS and edge and self._one_in(2):
            return (("input_tokens", max(edge + self.random.choice(AROUND), 0)),)
        if agent >= len(AGENTS):
            return (("request", 1000),)
        metrics = [metric for metric, _ in AGENTS[agent].prices]
        if self._one_in(8):
            metrics = [metric for metric in METRICS if metric in metrics or self._one_in(3)]
        return tuple((metric, self._quantity(metric)) for metric in metrics if not self._one_in(12))

    def _quantity(self, metric: str) -> int:
        if "tokens" in metric:
            return int(self.draw() * 60_000) * 1000
        kind = int(self.draw() * 5)
        return (0, 1000, 1000, 2000, int(self.draw() * 9_000))[kind]

    def _reserve(self, now: int) -> Command:
        if self.asked and self._one_in(12):
            again = self.random.choice(self.asked[-50:])
            if self._one_in(3):
                return Reserve(
                    again.agent, again.customer, again.usage, again.max_charge, again.ttl + 1, again.key
                )
            return again
        agent = self._agent()
        customer = NOBODY if self._one_in(60) else self._customer()
        usage = None if self._one_in(5) else self._usage(agent)
        most = None
        if self._one_in(2):
            most = self._near(customer, now) if customer != NOBODY and self._one_in(2) else self._amount(120)
        key = f"{self.name}.{self.number}" if self._one_in(2) else None
        asked = Reserve(agent, customer, usage, most, self._ttl(), key)
        if key is not None:
            self.asked.append(asked)
        return asked

    def _ttl(self) -> int:
        """Draw how long a hold lives: mostly short, so that some expire before they are settled."""
        return 1 + int(self.draw() ** 3 * TTL_MAX)

    def _agent(self) -> int:
        return NOBODY if self._one_in(80) else self.random.choice(AGENTS_DRAWN)

    def _execution(self) -> Execution | None:
        """Pick one that is open, mostly, or that has expired; else any of late."""
        kind, every = self.draw(), self.model.executions
        chosen = self.model.open if kind < 0.45 else self.model.expired if kind < 0.8 else None
        if chosen:
            return self.random.choice(list(chosen.values()))
        return every[self.random.randint(max(len(every) - 60, 1), len(every))] if every else None

    def _meter(self, now: int) -> Command:
        execution = self._execution()
        if execution is None or self._one_in(60):
            return Meter(NOBODY * NOBODY, 1, ())
        sequence = max(execution.sequence + self.random.choice([-1, 0, 1, 1, 1, 5]), 0)
        return Meter(execution.number, sequence, self._usage(AGENTS.index(execution.agent)))

    def _release(self, now: int) -> Command:
        execution = self._execution()
        return Release(execution.number if execution and not self._one_in(60) else NOBODY * NOBODY)

    def _log(self, now: int) -> Command:
        self.picked = set()
        return Log(tuple(self._report(n, now) for n in range(self.random.choice(self.batch))))

    def _report(self, place: int, now: int) -> Report:
        if self.reports and self._one_in(12):
            return self._repeated(self.random.choice(self.reports[-50:]))
        # A large batch of reserved runs would leave none open: what follows the first is mostly direct.
        reserved = self._one_in(6) if place else not self._one_in(3)
        execution = self._execution() if reserved else None
        if execution is not None and execution.number in self.picked and not self._one_in(6):
            execution = None
        if execution is not None:
            self.picked.add(execution.number)
        agent = self._agent() if execution is None else AGENTS.index(execution.agent)
        customer = NOBODY if self._one_in(60) else self._customer()
        usage = self._usage(agent, self._edge(execution, customer, agent, now))
        named = f"{self.name}.{self.number}.{place}"
        event = None if self._one_in(3) else f"e{named}"
        key = f"k{named}" if self._one_in(6) or (event is None and execution is None) else None
        number = None if execution is None else execution.number
        if self._one_in(100):
            event = key = None
            number = number and NOBODY * NOBODY
        late = self.random.choice(LATE)
        occurred = now - late if self._one_in(10) else None
        success = not self._one_in(8)
        report = Report(number, agent, customer, usage, success, event, key, occurred)
        self.reports.append(report)
        return report

    def _edge(self, execution: Execution | None, customer: int, agent: int, now: int) -> int:
        """Give a cost at which the answer turns: the hold, the hold and all that is available, or that alone."""
        if agent != TOKENS:
            return 0
        if execution is None:
            if customer == NOBODY:
                return 0
            return max([wallet.available(now) for wallet in self.model.paying(customer, AGENTS[agent])])
        available = max(execution.wallet.available(now), 0)
        if execution.state == "expired":
            return execution.held + available
        return execution.held + available * int(self.draw() * 2)

    def _repeated(self, report: Report) -> Report:
        """Send a report again, or another one under its keys, or one under the keys of two."""
        kind = int(self.draw() * 4)
        if kind == 0:
            return report._replace(success=not report.success)
        return report if kind > 1 else report._replace(key=self.random.choice(self.reports[-50:]).key)

    def _balance(self, now: int) -> Command:
        return Balance(self.random.randrange(len(AGENTS)), self._customer())

    def _expire(self, now: int) -> Command:
        return Expire(self._customer())
