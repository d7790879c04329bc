"""Keep what a comparison found until both sides agree again, with its age."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from django.db import connection

from billing.models import BalanceTransaction
from payouts.calendar import utc_day
from payouts.models import Discrepancy
from payouts.operations import suspense
from payouts.queries import stripe_cash
from payouts.queries.stripe_cash import Scope, Sides
from payouts.reconciling import Finding, Judgement, Kind, Line
from wallets.models import Transaction
from wallets.money import MICRO, usd_text

AGREE: Final = "Both sides agree now."
UNEXPLAINED: Final = Discrepancy.Kind.UNEXPLAINED


def settle(*, scope: Scope, actor: str, now: dt.datetime) -> tuple[Sides, Judgement]:
    """Compare both sides, clear and fill suspense, write down what is wrong and what is no more.

    In the caller's transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("What is found is written down with what is booked for it.")
    still_open = Discrepancy.objects.filter(resolved_at=None).values_list("key", flat=True)
    scope = replace(scope, keys=(*scope.keys, *still_open))
    sides = stripe_cash.load(scope=scope)
    moved = suspense.clear(sides=sides, now=now)
    moved += suspense.park(findings=sides.judged(now=now).findings, now=now)
    if moved:
        sides = stripe_cash.load(scope=scope)
    judged = sides.judged(now=now)
    wrong = {found.key: found for found in _wrong(sides, judged)}
    for key, finding in wrong.items():
        _keep(finding, UNEXPLAINED if key in sides.parked else str(finding.kind), now)
    _resolve(but=wrong.keys() | set(judged.pending), actor=actor, now=now)
    return sides, judged


def resolve(*, discrepancy: Discrepancy, actor: str, how: str, now: dt.datetime) -> None:
    """Write down who explained a discrepancy and how, once."""
    unresolved = Discrepancy.objects.filter(pk=discrepancy.pk, resolved_at=None)
    unresolved.update(resolved_at=now, resolved_by=actor, how=how[:300])


def _wrong(sides: Sides, judged: Judgement) -> Iterator[Finding]:
    yield from (finding for finding in judged.findings if finding.key not in sides.parked)
    for key, amount in sides.parked.items():
        said, booked = ([line for line in side if line.key == key] for side in (sides.said, sides.booked))
        first = min(line.at for line in (said or booked))
        yield Finding(Kind.MISSING_HERE, key, amount, first, tuple(said), tuple(booked))


def _keep(finding: Finding, kind: str, now: dt.datetime) -> None:
    line = BalanceTransaction.objects.filter(stripe_id__in=[said.ref for said in finding.said]).first()
    booked = Transaction.objects.filter(public_id__in=[ours.ref for ours in finding.booked]).first()
    facts = {
        "kind": kind,
        "balance_transaction": line,
        "transaction": booked,
        "amount": finding.amount,
        "detail": _told(finding, kind)[:300],
        "day": utc_day(at=finding.at),
        "seen_at": now,
    }
    Discrepancy.objects.update_or_create(
        key=finding.key, resolved_at=None, defaults=facts, create_defaults={**facts, "since": now}
    )


def _resolve(*, but: Collection[str], actor: str, now: dt.datetime) -> None:
    for discrepancy in Discrepancy.objects.filter(resolved_at=None).exclude(key__in=list(but)):
        resolve(discrepancy=discrepancy, actor=actor, how=AGREE, now=now)


def _told(finding: Finding, kind: str) -> str:
    if kind == UNEXPLAINED:
        return f"{_usd(finding.amount)} stand in suspense: nothing of ours explains them."
    theirs, ours = _side(finding.said), _side(finding.booked)
    return f"Stripe: {theirs or 'nothing'}. Our books: {ours or 'nothing'}."


def _side(lines: tuple[Line, ...]) -> str:
    return ", ".join(f"{_usd(line.amount)} in {line.account} on {utc_day(at=line.at)}" for line in lines)


def _usd(amount: int) -> str:
    return ("-$" if amount < 0 else "$") + usd_text(abs(amount) * MICRO)
