"""Reconcile our cash at Stripe: read Stripe's lines afresh, fill what no webhook told of, judge, close clean days."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import Max, Min

from accounts import audit
from billing.models import BalanceTransaction, Execution
from billing.operations import fees
from billing.stripe import balance
from config.kit.errors import InvalidInputError
from payouts.calendar import DAY, midnight, utc_day
from payouts.models import Discrepancy, ReconciledDay, Reconciliation
from payouts.operations import discrepancies, gaps, locks
from payouts.queries import stripe_cash
from payouts.queries.stripe_cash import Scope, Sides
from payouts.reconciling import Judgement
from wallets import days

NIGHTLY: Final = "job:reconcile"
# How far back a night looks for days that are not closed; older ones are named to the command.
LOOK_BACK: Final = dt.timedelta(days=30)
# Late webhooks, postings and Stripe's own lines have come by then.
CLOSE_AFTER: Final = dt.timedelta(hours=6)


def reconcile(*, first: dt.date, last: dt.date, actor: str, now: dt.datetime) -> Reconciliation:
    """Compare these days (both included, UTC) and all that is open. One at a time; a second one waits.

    Raises InvalidInputError for days that are backwards or to come, StripeUnavailableError.
    """
    if not first <= last <= utc_day(at=now):
        raise InvalidInputError("The days run forward, and not beyond today.")
    with locks.waiting(locks.RECONCILE):
        scope = _read(first, last, now)
        filled = gaps.fill(line_ids=_unbooked(scope))
        with transaction.atomic():
            sides, judged = discrepancies.settle(scope=scope, actor=actor, now=now)
            _note_days(first, last, sides, judged, now)
        _close_days(first, last, actor, now)
        with transaction.atomic():
            days = f"{first}:{last}"
            audit.acted(actor=actor, act="reconciliation.run", object_id=days, reason="", now=now)
            return Reconciliation.objects.create(
                first_day=first,
                last_day=last,
                started_by=actor,
                started_at=now,
                finished_at=now,
                matched=len(judged.matched),
                pending=len(judged.pending),
                found=Discrepancy.objects.filter(resolved_at=None).count(),
                filled=filled,
            )


def reconcile_due(*, now: dt.datetime) -> Reconciliation | None:
    """Reconcile what is not closed up to yesterday, once a night."""
    done = Reconciliation.objects.filter(started_by=NIGHTLY).aggregate(at=Max("started_at"))["at"]
    if done and utc_day(at=done) == utc_day(at=now):
        return None
    first, last = due(now=now)
    with locks.trying(locks.RECONCILE) as alone:
        return reconcile(first=first, last=last, actor=NIGHTLY, now=now) if alone else None


def due(*, now: dt.datetime) -> tuple[dt.date, dt.date]:
    """Give the first day that is not closed, and yesterday."""
    last = utc_day(at=now) - DAY
    oldest = BalanceTransaction.objects.aggregate(at=Min("created_at"))["at"]
    first = max(utc_day(at=oldest) if oldest else last, last - LOOK_BACK)
    closed = days.closed(since=first)
    while first < last and first in closed:
        first += DAY
    return min(first, last), last


def _read(first: dt.date, last: dt.date, now: dt.datetime) -> Scope:
    """Read Stripe's lines of these days, mirror what is new; no transaction is open while Stripe is asked."""
    lines = list(balance.lines(since=midnight(day=first), until=days.end_of(day=last)))
    for line in reversed(lines):
        fees.record(line=line, now=now)
    return Scope(first, last, told=frozenset(line.stripe_id for line in lines))


def _unbooked(scope: Scope) -> list[str]:
    sides = stripe_cash.load(scope=scope)
    said, booked = sides.totals()
    return [
        line.ref
        for line in sides.said
        if line.key not in booked or (line.key in sides.parked and booked[line.key] == said[line.key])
    ]


def _note_days(first: dt.date, last: dt.date, sides: Sides, judged: Judgement, now: dt.datetime) -> None:
    """Write down how each day stands; a cause counts on the day of its first line."""
    of_key: dict[str, dt.date] = {}
    for line in sorted((*sides.said, *sides.booked), key=lambda line: line.at):
        of_key.setdefault(line.key, utc_day(at=line.at))
    matched = Counter(of_key[key] for key in judged.matched if key in of_key)
    net: Counter[dt.date] = Counter()
    for line in sides.said:
        net[utc_day(at=line.at)] += line.amount
    wrong = Counter(Discrepancy.objects.filter(resolved_at=None).values_list("day", flat=True))
    for day in _range(first, last):
        facts = {
            "matched": matched[day],
            "discrepancies": wrong[day],
            "net": net[day],
            "reconciled_at": now,
        }
        ReconciledDay.objects.update_or_create(day=day, defaults=facts)


def _close_days(first: dt.date, last: dt.date, actor: str, now: dt.datetime) -> None:
    """Close the days that are over and clean.

    They are judged again, all in one reading, with late bookings kept waiting, so that none slips in.
    """
    closed = days.closed(since=first)
    over = [day for day in _range(first, last) if now >= days.end_of(day=day) + CLOSE_AFTER]
    over = [day for day in over if day not in closed]
    if not over:
        return
    with transaction.atomic():
        days.keep_bookings_waiting()
        for day in sorted({*over} - _unclean(over[0], over[-1], now)):
            stamped = days.close(day=day, actor=actor, now=now)
            ReconciledDay.objects.filter(day=day).update(closed=stamped)


def _unclean(first: dt.date, last: dt.date, now: dt.datetime) -> set[dt.date]:
    """Name the days on which something is open or pending, or of which runs are not posted."""
    sides = stripe_cash.load(scope=Scope(first, last))
    judged = sides.judged(now=now)
    unsettled = {*judged.pending, *(finding.key for finding in judged.findings)}
    found = {utc_day(at=line.at) for line in (*sides.said, *sides.booked) if line.key in unsettled}
    found.update(Discrepancy.objects.filter(resolved_at=None).values_list("day", flat=True))
    unposted = Execution.objects.filter(state="settled", charged__gt=0, posting_id=None)
    oldest = unposted.aggregate(at=Min("closed_at"))["at"]
    return found | {day for day in _range(first, last) if oldest and oldest < days.end_of(day=day)}


def _range(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    return (first + dt.timedelta(days=offset) for offset in range((last - first).days + 1))
