"""What may be asked of the ledger: the words that the model and the system both understand.

Times are whole minutes, amounts are micros, readings are thousandths; agents, customers and creators are numbers of
the catalogue, executions are numbered as they are opened. So a command says the same to both, and prints in one line.
"""

from dataclasses import dataclass
from typing import NamedTuple

Usage = tuple[tuple[str, int], ...]
Answer = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class TopUp:
    """A payment that came in; `fee` is what the processor kept, in cents, when it is known."""

    customer: int
    cents: int
    bonus: int
    payment: str
    fee: int | None


@dataclass(frozen=True, slots=True)
class Refund:
    """Staff give so many cents of a payment back, spent or not."""

    payment: str
    cents: int
    reference: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A bank takes so many cents of a payment back."""

    payment: str
    cents: int
    reference: str


@dataclass(frozen=True, slots=True)
class Decide:
    """A bank decides a dispute."""

    reference: str
    won: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """Let the sweeper set aside what has come free for a dispute."""

    reference: str


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Staff write off what a customer has to pay back."""

    customer: int


@dataclass(frozen=True, slots=True)
class PassOn:
    """Pass on what was paid of write-offs after all."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Credits bought with a bonus that expires soon, or a creator's plan: `funding_class` of the second part."""

    customer: int
    cents: int
    extra: int
    funding_class: str
    expires: int
    payment: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Promotional credits."""

    customer: int
    amount: int
    expires: int | None
    reference: str


@dataclass(frozen=True, slots=True)
class Adjust:
    """A staff adjustment, up or down."""

    customer: int
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Allow:
    """Let a customer go so far below zero."""

    customer: int
    limit: int


@dataclass(frozen=True, slots=True)
class Bill:
    """Move overage to an invoice."""

    customer: int
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Reserve:
    """A check with reserve."""

    agent: int
    customer: int
    usage: Usage | None
    max_charge: int | None
    ttl: int
    key: str | None


@dataclass(frozen=True, slots=True)
class Meter:
    """A cumulative reading."""

    execution: int
    sequence: int
    usage: Usage


class Report(NamedTuple):
    """What a run came to: of an execution, or of one that nobody reserved. `occurred` is when, as the router says."""

    execution: int | None
    agent: int
    customer: int
    usage: Usage
    success: bool
    event: str | None
    key: str | None
    occurred: int | None

    def said(self) -> tuple[object, ...]:
        """Give all that makes it the same report again; its key does not."""
        run = (None, None) if self.execution is not None else (self.agent, self.customer)
        return (self.execution, run, self.usage, self.success, self.event, self.occurred)


@dataclass(frozen=True, slots=True)
class Log:
    """Reports sent in one call."""

    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Give a hold back."""

    execution: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Ask what a customer could spend on an agent."""

    agent: int
    customer: int


@dataclass(frozen=True, slots=True)
class Expire:
    """Let the sweeper expire a customer's due grants."""

    customer: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Expire overdue executions."""


@dataclass(frozen=True, slots=True)
class Post:
    """Post what was settled."""


Command = (
    TopUp
    | Refund
    | Dispute
    | Decide
    | Freeze
    | WriteOff
    | PassOn
    | Bundle
    | Promise
    | Adjust
    | Allow
    | Bill
    | Reserve
    | Meter
    | Log
    | Release
    | Balance
    | Expire
    | Sweep
    | Post
)
