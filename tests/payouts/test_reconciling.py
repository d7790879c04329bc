"""The judge alone: every seeded error is found with its kind, and clean books raise no alarm."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from payouts.calendar import utc_day
from payouts.reconciling import GRACE, Finding, Kind, Line, judge

NOW: Final = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
CASH: Final = "stripe_cash usd"
DAY: Final = dt.timedelta(days=1)
PREFIXES: Final = ("pi_", "re_", "dp_", "tr_", "trr_", "txn_", "po_")
Sides = tuple[list[Line], list[Line]]


def clean(dice: random.Random, count: int) -> Sides:
    """Make movements that both sides tell of alike, in orders of their own."""
    said, booked = [], []
    for number in range(count):
        key = f"{dice.choice(PREFIXES)}{number}"
        at = NOW - dt.timedelta(seconds=dice.randint(1_000, 40 * 86_400))
        cents = dice.choice((1, -1)) * dice.randint(1, 10_000_000)
        line = Line(key, CASH, cents * 10_000, at, f"txn_{number}")
        said.append(line)
        booked += part(dice, line._replace(ref=f"ltx_{number}"))
    dice.shuffle(booked)
    return said, booked


def part(dice: random.Random, line: Line) -> list[Line]:
    """Book one in ten in two transactions, as a fee and its tax are."""
    tax = line.amount // 5
    if dice.random() > 0.1 or not tax:
        return [line]
    return [line._replace(amount=line.amount - tax), line._replace(amount=tax, ref=f"{line.ref}t")]


def whole(key: str, at: dt.datetime, amount: int = 10_000_000) -> Sides:
    line = Line(key, CASH, amount, at, f"txn_{key}")
    return [line], [line._replace(ref=f"ltx_{key}")]


def not_booked(line: Line, dice: random.Random) -> Sides:
    return [line], []


def not_said(line: Line, dice: random.Random) -> Sides:
    return [], [line]


def off_by_one(line: Line, dice: random.Random) -> Sides:
    return [line], [line._replace(amount=line.amount + dice.choice((10_000, -10_000, 1, -1)))]


def in_another_account(line: Line, dice: random.Random) -> Sides:
    return [line], [line._replace(account=dice.choice(("bank usd", "suspense usd", "stripe_cash eur")))]


def on_another_day(line: Line, dice: random.Random) -> Sides:
    return [line], [line._replace(at=line.at + dice.choice((DAY, -DAY, 3 * DAY)))]


def twice(line: Line, dice: random.Random) -> Sides:
    return [line], [line, line._replace(ref=f"{line.ref}b")]


ERRORS: Final[dict[Callable[[Line, random.Random], Sides], Kind]] = {
    not_booked: Kind.MISSING_HERE,
    not_said: Kind.MISSING_THERE,
    off_by_one: Kind.AMOUNT,
    in_another_account: Kind.ACCOUNT,
    on_another_day: Kind.TIMING,
    twice: Kind.EXTRA,
}


def seeded(dice: random.Random, count: int) -> tuple[Sides, dict[str, Kind]]:
    """Make movements each of which is wrong in one way, and say in which."""
    said, booked, expected = [], [], {}
    for number in range(count):
        make = dice.choice(list(ERRORS))
        at = NOW - dt.timedelta(seconds=dice.randint(4 * 86_400, 40 * 86_400))
        line = Line(f"{dice.choice(PREFIXES)}wrong{number}", CASH, dice.randint(2, 900) * 10_000, at, "x")
        there, here = make(line, dice)
        said += there
        booked += here
        expected[line.key] = ERRORS[make]
    return (said, booked), expected


def test_it_finds_a_thousand_of_a_thousand_errors_and_raises_no_false_alarm() -> None:
    dice = random.Random(20_261_122)
    said, booked = clean(dice, 100_000)
    (wrong_said, wrong_booked), expected = seeded(dice, 1_000)
    found = judge(said=[*said, *wrong_said], booked=[*wrong_booked, *booked], now=NOW)

    assert {finding.key: finding.kind for finding in found.findings} == expected
    assert set(Counter(expected.values())) == set(Kind)
    assert (len(found.matched), found.pending) == (100_000, [])


@pytest.mark.parametrize("make", ERRORS)
def test_what_is_young_is_pending_and_not_wrong(make: Callable[[Line, random.Random], Sides]) -> None:
    young = Line("pi_1", CASH, 10_000_000, NOW - GRACE + dt.timedelta(seconds=1), "txn_1")
    there, here = make(young, random.Random(1))

    found = judge(said=there, booked=here, now=NOW)

    # A day's error is another day: of the two moments the later one counts.
    assert (found.pending, found.findings) == (["pi_1"], [])


def one(said: list[Line], booked: list[Line], closed: frozenset[dt.date] = frozenset()) -> Finding | None:
    found = judge(said=said, booked=booked, now=NOW, closed=closed).findings
    assert len(found) <= 1
    return found[0] if found else None


def test_a_second_before_and_after_midnight_is_the_same_moment() -> None:
    midnight = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
    said, booked = whole("pi_1", midnight)

    assert one(said, [booked[0]._replace(at=midnight - dt.timedelta(seconds=1))]) is None
    assert one(said, [booked[0]._replace(at=midnight - dt.timedelta(minutes=6))]) is not None


def test_a_booking_that_came_after_its_day_was_closed_is_in_the_next_open_one() -> None:
    at = NOW - 10 * DAY
    said, booked = whole("pi_1", at)
    late = [booked[0]._replace(at=at + 2 * DAY)]

    assert one(said, late) is not None
    assert one(said, late, frozenset({utc_day(at=at)})) is None
    assert one(said, [booked[0]._replace(at=at - DAY)], frozenset({utc_day(at=at)})) is not None


def test_what_was_booked_and_taken_back_is_nothing() -> None:
    _, booked = whole("pi_1", NOW - DAY)

    assert one([], [*booked, booked[0]._replace(amount=-booked[0].amount, ref="back")]) is None


def test_it_says_how_much_is_missing() -> None:
    said, booked = whole("pi_1", NOW - DAY)

    sides = [(said, []), ([], booked), (said, [booked[0]._replace(amount=9_990_000)])]
    found = [one(*side) for side in sides]

    assert [finding.amount for finding in found if finding] == [10_000_000, -10_000_000, 10_000]
