"""A payout's statement as its creator reads it: from what was carried in to what is paid, by agent."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from config.kit.errors import NotFoundError
from payouts.models import Payout, PayoutItem, Statement, StatementDocument
from payouts.queries import statements

Kind = PayoutItem.Kind

# The order in which a statement adds up; earnings stand by agent.
AROUND: Final = (
    Kind.CARRIED_IN,
    Kind.EARNINGS,
    Kind.REFUNDS,
    Kind.RESERVE_HELD,
    Kind.RESERVE_RELEASED,
    Kind.DISPUTE_HELD,
    Kind.DISPUTE_RELEASED,
    Kind.DEBT,
    Kind.GIVEN_BACK,
    Kind.CARRIED_OUT,
)


@dataclass(frozen=True)
class Line:
    """One line: an agent's gross earnings, or what is added to them or taken off. Credit micros."""

    kind: str
    label: str
    amount: int
    agent: str = ""
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True)
class Sheet:
    """A statement: its lines add up to `net`."""

    payout: str
    creator: str
    number: int
    first: dt.date
    last: dt.date
    scheduled_for: dt.date
    lines: tuple[Line, ...]
    net: int
    net_cents: int
    previous: str
    hash: str
    made_at: dt.datetime


def of(*, payout: Payout) -> Sheet | None:
    """Show a payout's statement; None for one of before statements were sealed."""
    statement = Statement.objects.filter(payout=payout).first()
    if statement is None:
        return None
    return Sheet(
        payout=payout.public_id,
        creator=payout.creator.display_name,
        number=statement.number,
        first=payout.period_start,
        last=payout.last_day,
        scheduled_for=payout.scheduled_for,
        lines=tuple(_lines(payout)),
        net=payout.amount,
        net_cents=payout.amount_cents,
        previous=statement.previous,
        hash=statement.hash,
        made_at=statement.made_at,
    )


def document(*, payout: Payout) -> str:
    """Say how a statement's PDF stands: none, waiting, ready, or absent where the system cannot draw one."""
    found = StatementDocument.objects.filter(statement__payout=payout).first()
    if found is None:
        return "none"
    if found.made_at is None:
        return "waiting"
    return "ready" if found.body is not None else "absent"


def pdf(*, payout: Payout) -> bytes:
    """Give a statement's PDF; raise NotFoundError without one."""
    found = StatementDocument.objects.filter(statement__payout=payout).first()
    if found is None or found.body is None:
        raise NotFoundError("There is no PDF of this statement.")
    return bytes(found.body)


def verify(*, payout: Payout) -> tuple[str, ...]:
    """Recompute a payout's statement; give what does not fit, nothing when it verifies."""
    statement = Statement.objects.filter(payout=payout).first()
    return tuple(statements.problems(statement=statement)) if statement else ("It has none.",)


def _lines(payout: Payout) -> list[Line]:
    items = list(PayoutItem.objects.filter(payout=payout).select_related("agent").order_by("day", "id"))
    lines: list[Line] = []
    for kind in AROUND:
        of_kind = [item for item in items if item.kind == kind]
        if kind == Kind.EARNINGS:
            lines += _by_agent(of_kind)
        elif of_kind:
            lines.append(Line(kind, kind.label, sum(item.amount for item in of_kind)))
    return lines


def _by_agent(items: list[PayoutItem]) -> list[Line]:
    grouped: dict[int | None, list[PayoutItem]] = defaultdict(list)
    for item in items:
        grouped[item.agent_id].append(item)
    return [
        Line(
            Kind.EARNINGS,
            found[0].agent.name if found[0].agent else "",
            sum(item.amount for item in found),
            found[0].agent.slug if found[0].agent else "",
            found[0].day,
            found[-1].day,
        )
        for found in grouped.values()
    ]
