"""An execution until it settles: check, reserve, meter, release, expire. One SQL call a step, committing by itself."""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from billing.models.executions import CHARGED_STATES, Execution
from billing.operations import quotes
from billing.queries import executions, payers, prices
from billing.runs import (
    NOTHING,
    Allowed,
    Blocked,
    CustomerNotFoundError,
    ExecutionClosedError,
    ExecutionNotFoundError,
    Gate,
    Metered,
    Opening,
    QuotaShort,
    Quote,
)
from config.kit import ids
from config.kit.errors import DomainError, KeyReusedError

EXPIRED_AT_ONCE_MAX: Final = 500

RESERVE: Final = """
    SELECT o_answer, o_execution, o_hold, o_estimate, o_available, o_expires_at, o_version, o_quota
    FROM billing_reserve(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s,
        %s, %s, %s)
"""
# Zero rows when what is remembered does not hold any more: then nothing is reserved. The function takes its time from
# there, so that it cannot run first.
RESERVE_KNOWN: Final = """
    SELECT r.o_answer, r.o_execution, r.o_hold, r.o_estimate, r.o_available, r.o_expires_at, r.o_version, r.o_quota
    FROM billing_still(%s, %s, %s, %s, %s) AS k(at), LATERAL billing_reserve(
        %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, k.at, %s, %s, %s) r
"""
METER: Final = "SELECT o_state, o_held, o_metered FROM billing_meter(%s, %s, %s::jsonb, %s, %s)"


def check(*, opening: Opening, now: dt.datetime) -> Allowed | Blocked:
    """Tell whether a run may start, writing nothing; raise as quotes.quote does."""
    quote = quotes.quote(opening=opening, now=now)
    if isinstance(quote, Blocked):
        return quote
    available = payers.available(caller=opening.caller, creator=quote.terms.creator, now=now)
    slots = payers.slots_left(callers=[opening.caller], now=now).get(opening.caller)
    return judge(quote=quote, available=available, left=_left(opening, quote, now), slots=slots)


def check_known(*, opening: Opening, digest: bytes, now: dt.datetime) -> Allowed | Blocked | None:
    """Check by what this process remembers of the key and the price, in one query; None: it no longer holds."""
    quote = quotes.remembered(opening=opening, now=now)
    if quote is None:
        return None
    found = payers.available_still(
        digest=digest, opening=opening, creator=quote.terms.creator, version=quote.terms.version, now=now
    )
    if found is None:
        return None
    available, slots = found
    return judge(quote=quote, available=available, left=_left(opening, quote, now), slots=slots)


def judge(*, quote: Quote, available: int, left: int, slots: int | None) -> Allowed | Blocked:
    """Tell whether a run may start by what is available, what is left of its quota, and how many more may be open."""
    if available < quote.hold:
        return Blocked(Gate.WALLET, quote.hold, available)
    if left < quote.quota:
        return _beyond(quote, available, left)
    if slots is not None and slots < 1:
        return Blocked(Gate.CONCURRENCY, quote.hold, available)
    return Allowed(quote.estimate, available, quote.terms.version)


def _beyond(quote: Quote, available: int, left: int) -> Blocked:
    short = QuotaShort(quote.terms.quota_unit, quote.quota, left)
    return Blocked(Gate.QUOTA, quote.hold, available, short)


def _left(opening: Opening, quote: Quote, now: dt.datetime) -> int:
    if not quote.quota:
        return 0
    asked = (opening.caller, quote.terms.quota_unit)
    return payers.quotas_left(wanted=[asked], now=now).get(asked, 0)


def reserve_known(*, opening: Opening, digest: bytes, now: dt.datetime) -> Allowed | Blocked | None:
    """Reserve by what this process remembers of the key and the price, in one call; None: it no longer holds.

    Raises CustomerNotFoundError and KeyReusedError.
    """
    quote = quotes.remembered(opening=opening, now=now)
    if quote is None:
        return None
    still: list[Any] = [digest, opening.agent, opening.caller, quote.terms.version, now]
    with connection.cursor() as cursor:
        cursor.execute(RESERVE_KNOWN, [*still, *_reservation(opening, quote, now), *_of_quota(quote)])
        row = cursor.fetchone()
    return row and answer(opening=opening, quote=quote, row=row)


def reserve(*, opening: Opening, now: dt.datetime) -> Allowed | Blocked:
    """Open an execution and hold what it may cost; the same key again gives the same answer.

    Raises as quotes.quote does, and KeyReusedError.
    """
    try:
        quote = quotes.quote(opening=opening, now=now)
    except DomainError:
        # The agent may be gone since; what was reserved under this key stays reserved.
        replayed = _replay(opening)
        if replayed is None:
            raise
        return replayed
    if isinstance(quote, Blocked):
        return _replay(opening) or quote
    return place(opening=opening, quote=quote, now=now)


def place(*, opening: Opening, quote: Quote, now: dt.datetime) -> Allowed | Blocked:
    """Reserve a run that was priced; raise CustomerNotFoundError and KeyReusedError."""
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, [*_reservation(opening, quote, now), now, *_of_quota(quote)])
        return answer(opening=opening, quote=quote, row=cursor.fetchone())


def answer(*, opening: Opening, quote: Quote, row: tuple[Any, ...]) -> Allowed | Blocked:
    """Read what billing_reserve answered; raise CustomerNotFoundError or KeyReusedError."""
    told, execution, hold, estimate, available, expires_at, version, left = row
    if told == "insufficient":
        return Blocked(Gate.WALLET, quote.hold, available)
    if told == "quota":
        return _beyond(quote, available, left)
    if told == "concurrency":
        return Blocked(Gate.CONCURRENCY, quote.hold, available)
    if told == "no_customer":
        raise CustomerNotFoundError(f"There is no customer {opening.caller!r}.")
    if told == "key_reused":
        raise KeyReusedError("This Idempotency-Key reserved another run before.")
    replayed = told == "replayed"
    version = version if replayed else quote.terms.version
    return Allowed(estimate, available, version, execution, hold, expires_at, replayed)


def _reservation(opening: Opening, quote: Quote, now: dt.datetime) -> list[Any]:
    terms = quote.terms
    return [
        *(opening.source, opening.principal, opening.key, opening.fingerprint),
        *(ids.new(ids.EXECUTION), ids.new(ids.HOLD), opening.caller, terms.creator),
        *(terms.agent_id, terms.version_id, quote.hold, quote.estimate, opening.max_charge),
        *(_readings(opening.usage), opening.model, opening.caller_key, opening.end_user, opening.own_key),
        now + dt.timedelta(seconds=opening.ttl_seconds),
    ]


def _of_quota(quote: Quote) -> list[Any]:
    return [quote.terms.quota_unit, quote.quota, ids.new(ids.HOLD)] if quote.quota else ["", 0, None]


def _replay(opening: Opening) -> Allowed | None:
    if opening.key is None:
        return None
    found = executions.by_key(principal=opening.principal, key=opening.key)
    return replay(opening=opening, found=found) if found else None


def replay(*, opening: Opening, found: Execution) -> Allowed:
    """Give the answer of what was opened under this key before; raise KeyReusedError."""
    if bytes(found.fingerprint or b"") != opening.fingerprint:
        raise KeyReusedError("This Idempotency-Key reserved another run before.")
    return Allowed(
        estimate=found.estimate,
        available=found.available_after_reserve,
        version=found.version.public_id,
        execution=found.public_id,
        hold=found.hold.public_id if found.hold else None,
        expires_at=found.expires_at,
        replayed=True,
    )


def meter(
    *,
    execution: str,
    sequence: int,
    usage: Mapping[str, Decimal],
    stated: Mapping[str, Decimal] = NOTHING,
    now: dt.datetime,
) -> Metered:
    """Take a cumulative reading of a running execution; an older sequence changes nothing.

    Raises ExecutionNotFoundError, ExecutionClosedError, InvalidInputError.
    """
    held_to = executions.terms_of(public_ids=[execution]).get(execution)
    if held_to is None:
        raise ExecutionNotFoundError(f"There is no execution {execution}.")
    rated = prices.rated(
        terms=held_to.terms, usage=usage, model=held_to.model, at=held_to.opened_at, stated=stated
    )
    with connection.cursor() as cursor:
        cursor.execute(METER, [execution, sequence, _readings(usage), rated.amount, now])
        state, held, metered = cursor.fetchone()
    if state != "running":
        raise ExecutionClosedError(f"The execution is {state}.", extra={"execution_status": state})
    remaining = max(held - metered, 0)
    return Metered(metered, remaining, stop=metered > 0 and remaining == 0)


def release(*, execution: str, reason: str, now: dt.datetime) -> None:
    """Give the hold back without a charge; one that was released or has expired stays so.

    Raises ExecutionNotFoundError, and ExecutionClosedError for one that was settled.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_release(%s, %s, %s)", [execution, reason, now])
        (state,) = cursor.fetchone()
    if state is None:
        raise ExecutionNotFoundError(f"There is no execution {execution}.")
    if state in CHARGED_STATES:
        raise ExecutionClosedError(f"The execution is {state}.", extra={"execution_status": state})


def expire_due(*, now: dt.datetime) -> int:
    """Expire every overdue execution, some at a time; return how many."""
    total = 0
    while count := _expire_some(now):
        total += count
    return total


def _expire_some(now: dt.datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_expire_due(%s, %s)", [EXPIRED_AT_ONCE_MAX, now])
        return int(cursor.fetchone()[0])


def _readings(usage: Mapping[str, Decimal] | None) -> str | None:
    return None if usage is None else json.dumps({metric: f"{value:f}" for metric, value in usage.items()})
