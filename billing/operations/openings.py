"""Check or reserve many runs at once: one SQL call for all of them, each answered as if it had come alone."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from billing.models.executions import Execution
from billing.operations import executions, quotes
from billing.queries import executions as stored
from billing.queries import payers
from billing.runs import Allowed, Blocked, Opening, Quote
from config.kit import ids
from config.kit.errors import DomainError

RESERVE_MANY: Final = """
    SELECT o_answer, o_execution, o_hold, o_estimate, o_available, o_expires_at, o_version, o_quota
    FROM billing_reserve_many(%s::jsonb, %s)
"""

Found = Allowed | Blocked | DomainError


def open_many(*, asked: Sequence[tuple[Opening, bool] | DomainError], now: dt.datetime) -> list[Found]:
    """Check those that ask no more, then reserve the others; a refusal stays in its place."""
    read = [each for each in asked if not isinstance(each, DomainError)]
    checked = iter(check_many(openings=[opening for opening, reserve in read if not reserve], now=now))
    reserved = iter(reserve_many(openings=[opening for opening, reserve in read if reserve], now=now))
    return [
        each if isinstance(each, DomainError) else next(reserved if each[1] else checked) for each in asked
    ]


def check_many(*, openings: Sequence[Opening], now: dt.datetime) -> list[Found]:
    """Tell which runs may start, writing nothing; each is judged alone, as if it were the only one."""
    found = quotes.quote_many(openings=openings, now=now)
    asked = [
        (opening.caller, quote.terms.creator)
        for opening, quote in zip(openings, found, strict=True)
        if isinstance(quote, Quote)
    ]
    available = payers.available_many(wanted=asked, now=now)
    left = payers.quotas_left(
        wanted=[
            (opening.caller, quote.terms.quota_unit)
            for opening, quote in zip(openings, found, strict=True)
            if isinstance(quote, Quote) and quote.quota
        ],
        now=now,
    )
    slots = payers.slots_left(callers=[caller for caller, _ in asked], now=now)
    return [
        _checked(
            quote,
            available[opening.caller, quote.terms.creator],
            left.get((opening.caller, quote.terms.quota_unit), 0),
            slots.get(opening.caller),
        )
        if isinstance(quote, Quote)
        else quote
        for opening, quote in zip(openings, found, strict=True)
    ]


def reserve_many(*, openings: Sequence[Opening], now: dt.datetime) -> list[Found]:
    """Open executions in the order given: what does not fit is refused, something smaller after it may fit."""
    quoted = quotes.quote_many(openings=openings, now=now)
    pairs = list(zip(openings, quoted, strict=True))
    placed = iter(_place([(opening, quote) for opening, quote in pairs if isinstance(quote, Quote)], now))
    found = [next(placed) if isinstance(quote, Quote) else quote for quote in quoted]
    opened = {
        each.execution: place
        for place, each in enumerate(found)
        if isinstance(each, Allowed) and not each.replayed
    }
    # What cannot be opened now may have been before, under its key: in time, or in this batch.
    kept = stored.by_keys(
        keys=[(opening.principal, opening.key) for opening, quote in pairs if not isinstance(quote, Quote)]
    )
    for place, (opening, quote) in enumerate(pairs):
        before = kept.get((opening.principal, opening.key))
        if not isinstance(quote, Quote) and before and opened.get(before.public_id, -1) < place:
            found[place] = _again(opening, before)
    return found


def _checked(quote: Quote, available: int | DomainError, left: int, slots: int | None) -> Found:
    if isinstance(available, DomainError):
        return available
    return executions.judge(quote=quote, available=available, left=left, slots=slots)


def _again(opening: Opening, before: Execution) -> Found:
    try:
        return executions.replay(opening=opening, found=before)
    except DomainError as refusal:
        return refusal


def _place(asked: Sequence[tuple[Opening, Quote]], now: dt.datetime) -> list[Found]:
    if not asked:
        return []
    items = [_item(opening, quote, now) for opening, quote in asked]
    with connection.cursor() as cursor:
        cursor.execute(RESERVE_MANY, [json.dumps(items), now])
        rows = cursor.fetchall()
    if rows[0][0] == "one_by_one":
        # Whose runs at a time are limited is told run by run how many are open; so is all of the batch, in its order.
        return [_placed(opening, quote, now) for opening, quote in asked]
    return [_answer(opening, quote, row) for (opening, quote), row in zip(asked, rows, strict=True)]


def _placed(opening: Opening, quote: Quote, now: dt.datetime) -> Found:
    try:
        return executions.place(opening=opening, quote=quote, now=now)
    except DomainError as refusal:
        return refusal


def _answer(opening: Opening, quote: Quote, row: tuple[Any, ...]) -> Found:
    try:
        return executions.answer(opening=opening, quote=quote, row=row)
    except DomainError as refusal:
        return refusal


def _item(opening: Opening, quote: Quote, now: dt.datetime) -> dict[str, Any]:
    return {
        "source": opening.source,
        "principal": opening.principal,
        "key": opening.key,
        "fingerprint": opening.fingerprint and "\\x" + opening.fingerprint.hex(),
        "public_id": ids.new(ids.EXECUTION),
        "hold_public_id": ids.new(ids.HOLD),
        "caller": opening.caller,
        "creator": quote.terms.creator,
        "agent": quote.terms.agent_id,
        "version": quote.terms.version_id,
        "amount": quote.hold,
        "estimate": quote.estimate,
        "max_charge": opening.max_charge,
        "usage": opening.usage and {metric: f"{value:f}" for metric, value in opening.usage.items()},
        "model": opening.model,
        "caller_key": opening.caller_key,
        "end_user": opening.end_user,
        "own_key": opening.own_key,
        "expires_at": (now + dt.timedelta(seconds=opening.ttl_seconds)).isoformat(),
        **(_of_quota(quote) if quote.quota else {}),
    }


def _of_quota(quote: Quote) -> dict[str, Any]:
    return {
        "quota_unit": quote.terms.quota_unit,
        "quota": quote.quota,
        "quota_hold_public_id": ids.new(ids.HOLD),
    }
