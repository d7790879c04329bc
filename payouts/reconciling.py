"""Judge Stripe's account of our cash against ours: two lists in, matches and discrepancies out. Pure.

Both sides name a movement by its key (`billing/cash_lines.py` says which). What is younger than the grace is pending:
booking and mirroring are two jobs, and each may be late.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from payouts.calendar import utc_day

GRACE: Final = dt.timedelta(minutes=15)
# Stripe stamps a payment and the line it makes one after the other: midnight may lie between the two.
MIDNIGHT_SLACK: Final = dt.timedelta(minutes=5)


class Kind(StrEnum):
    """What may be wrong with one key."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    ACCOUNT = "account"
    TIMING = "timing"
    EXTRA = "extra"


class Line(NamedTuple):
    """One movement as one side tells of it: USD micros, as they change the balance at Stripe."""

    key: str
    account: str
    amount: int
    at: dt.datetime
    ref: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A key on which the two sides do not agree; `amount` is what is missing in our books (negative: too much)."""

    kind: Kind
    key: str
    amount: int
    at: dt.datetime
    said: tuple[Line, ...] = ()
    booked: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of comparing: keys that agree, keys that are too young to tell, and what is wrong."""

    matched: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def judge(
    *,
    said: Iterable[Line],
    booked: Iterable[Line],
    now: dt.datetime,
    closed: Collection[dt.date] = frozenset(),
) -> Judgement:
    """Compare every key of both sides; days that are `closed` take no more bookings, so those may be later."""
    theirs, ours = _by_key(said), _by_key(booked)
    found = Judgement()
    for key in theirs.keys() | ours.keys():
        there, here = theirs.get(key, []), ours.get(key, [])
        kind = _kind(there, here, closed)
        if kind is None:
            found.matched.append(key)
        elif max(line.at for line in (*there, *here)) > now - GRACE:
            found.pending.append(key)
        else:
            found.findings.append(_finding(kind, key, there, here))
    found.findings.sort(key=lambda finding: (finding.at, finding.key))
    return found


def _by_key(lines: Iterable[Line]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.key].append(line)
    return groups


def _kind(there: Sequence[Line], here: Sequence[Line], closed: Collection[dt.date]) -> Kind | None:
    if len(there) == 1 == len(here) and there[0][:4] == here[0][:4]:
        return None
    owed, had = _by_account(there), _by_account(here)
    if not owed or not had:
        # What was booked and taken back again is nothing, and so is what Stripe took back itself.
        return None if owed == had else (Kind.MISSING_HERE if owed else Kind.MISSING_THERE)
    if owed.keys() != had.keys():
        return Kind.ACCOUNT
    if owed != had:
        more = _total(here) - _total(there)
        return Kind.EXTRA if len(here) > 1 and any(line.amount == more for line in here) else Kind.AMOUNT
    return Kind.TIMING if _other_day(there, here, closed) else None


def _other_day(there: Sequence[Line], here: Sequence[Line], closed: Collection[dt.date]) -> bool:
    said, booked = min(line.at for line in there), min(line.at for line in here)
    if abs(said - booked) <= MIDNIGHT_SLACK or utc_day(at=said) == utc_day(at=booked):
        return False
    return not (utc_day(at=said) in closed and booked > said)


def _finding(kind: Kind, key: str, there: Sequence[Line], here: Sequence[Line]) -> Finding:
    first = min(line.at for line in (there or here))
    missing = _total(there) - (0 if kind is Kind.ACCOUNT else _total(here))
    return Finding(kind, key, missing, first, tuple(there), tuple(here))


def _by_account(lines: Sequence[Line]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for line in lines:
        totals[line.account] += line.amount
    return {account: amount for account, amount in totals.items() if amount}


def _total(lines: Sequence[Line]) -> int:
    return sum(line.amount for line in lines)
