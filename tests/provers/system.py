"""The system under proof: commands carried out by the product's own operations, answers in the model's words."""

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from accounts.models import Customer
from billing.operations import executions, posting, settlement
from billing.queries import payers
from billing.runs import Allowed, Opening, Outcome, Settled
from billing.runs import Report as RunReport
from config.kit.errors import DomainError
from payouts.operations import recoveries
from tests.provers.catalogue import AGENTS, CREDIT
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
    Usage,
    WriteOff,
)
from tests.provers.market import Market, at, minute
from tests.provers.till import Till
from wallets import grants

ROUTER: Final = "key:prover"


class Numbers:
    """Numbers executions in the order in which they are first seen, as the model does."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()

    def of(self, public_id: str) -> int:
        """Give an execution's number, the next one when it is new."""
        with self._lock:
            if public_id not in self._numbers:
                self.ids.append(public_id)
                self._numbers[public_id] = len(self.ids)
            return self._numbers[public_id]

    def id(self, number: int) -> str:
        """Give the public id behind a number; there is none behind one that was never given."""
        return self.ids[number - 1] if number <= len(self.ids) else f"exe_nobody{number}"


class System(Till):
    """The product, spoken to by one writer."""

    def __init__(self, market: Market, customers: list[Customer], numbers: Numbers | None = None) -> None:
        super().__init__(market, customers)
        self.numbers = numbers or Numbers()
        self._doing: dict[type, Callable[[Any, dt.datetime], Answer]] = {
            Reserve: self._reserve,
            Log: self._log,
            Meter: self._meter,
            Release: self._release,
            TopUp: self.top_up,
            Refund: self.refund,
            Dispute: self.dispute,
            Decide: self.decide,
            Freeze: self.freeze,
            WriteOff: self.write_off,
            PassOn: lambda _, now: ("passed_on", recoveries.pass_on_due(now=now)),
            Bundle: self.bundle,
            Promise: self.promise,
            Adjust: self.adjust,
            Allow: self.allow,
            Bill: self.bill,
            Balance: self._balance,
            Expire: self._expire,
            Sweep: lambda _, now: ("swept", executions.expire_due(now=now)),
            Post: lambda _, now: ("posted", posting.post_splits(now=now)),
        }

    def apply(self, command: Command, now: int) -> Answer:
        """Do a command; give what the product answered."""
        try:
            return self._doing[type(command)](command, at(now))
        except DomainError as error:
            return _refusal(error)

    def _meter(self, asked: Meter, now: dt.datetime) -> Answer:
        execution, usage = self.numbers.id(asked.execution), _usage(asked.usage)
        found = executions.meter(execution=execution, sequence=asked.sequence, usage=usage, now=now)
        return ("metered", found.metered, found.remaining, found.stop)

    def _log(self, asked: Log, now: dt.datetime) -> Answer:
        reports = [self._report(report) for report in asked.reports]
        return tuple(map(self._settled, settlement.settle_many(reports=reports, now=now)))

    def _balance(self, asked: Balance, now: dt.datetime) -> Answer:
        creator = self.market.creators[AGENTS[asked.agent].owner].public_id
        return ("available", payers.available(caller=self._caller(asked.customer), creator=creator, now=now))

    def _expire(self, asked: Expire, now: dt.datetime) -> Answer:
        return ("expired", grants.expire_due(wallet_id=self.wallets[asked.customer].pk, now=now))

    # Runs

    def _reserve(self, asked: Reserve, now: dt.datetime) -> Answer:
        opening = Opening(
            agent=_agent(asked.agent),
            caller=self._caller(asked.customer),
            principal=ROUTER,
            usage=None if asked.usage is None else _usage(asked.usage),
            max_charge=asked.max_charge,
            ttl_seconds=asked.ttl * 60,
            key=asked.key,
            fingerprint=sha256(repr(asked).encode()).digest() if asked.key else None,
        )
        found = executions.reserve(opening=opening, now=now)
        if not isinstance(found, Allowed):
            return ("blocked", found.gate.value, found.required, found.available)
        assert found.execution is not None
        word = "replayed" if found.replayed else "reserved"
        held, ends = found.hold is not None, minute(found.expires_at)
        return (word, self.numbers.of(found.execution), found.estimate, found.available, held, ends)

    def _report(self, report: Report) -> RunReport:
        direct = report.execution is None
        return RunReport(
            principal=ROUTER,
            usage=_usage(report.usage),
            execution=None if report.execution is None else self.numbers.id(report.execution),
            agent=_agent(report.agent) if direct else "",
            caller=self._caller(report.customer) if direct else "",
            outcome=Outcome.SUCCESS if report.success else Outcome.FAILED,
            event_id=report.event,
            key=report.key,
            occurred_at=None if report.occurred is None else at(report.occurred),
        )

    def _settled(self, found: Settled | DomainError) -> Answer:
        if isinstance(found, DomainError):
            return _refusal(found)
        word = "replayed" if found.replayed else "settled"
        money_of = (found.cost, found.charged, found.released, found.unbilled, found.available)
        return (
            word,
            self.numbers.of(found.execution),
            found.state,
            *money_of,
            found.platform,
            found.processing,
        )

    def _release(self, asked: Release, now: dt.datetime) -> Answer:
        executions.release(execution=self.numbers.id(asked.execution), reason="a prover", now=now)
        return ("released", asked.execution)

    def _caller(self, customer: int) -> str:
        return self.customers[customer].public_id if customer < len(self.customers) else "cst_nobody"


def _agent(number: int) -> str:
    return f"prover-{AGENTS[number].name}" if number < len(AGENTS) else "nobodys-agent"


def _usage(usage: Usage) -> dict[str, Decimal]:
    return {metric: Decimal(quantity) / 1000 for metric, quantity in usage}


def _refusal(error: DomainError) -> Answer:
    extra: dict[str, Any] = error.extra
    if "execution_status" in extra:
        return ("refused", error.code, extra["execution_status"])
    if "required" in extra:
        return (
            "refused",
            error.code,
            *(_micros(extra[name]["credits"]) for name in ("required", "available")),
        )
    return ("refused", error.code)


def _micros(text: str) -> int:
    return int(Decimal(text) * CREDIT)
