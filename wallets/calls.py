"""Call the ledger's SQL functions and give their refusals types."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import Error, connection

from config.kit.errors import ConflictError, DomainError
from wallets import money

NOT_COVERED: Final = "FB402"
NOT_OPEN: Final = "FB409"
NOT_OWED: Final = "FB404"
BILLED: Final = "FB410"
DISPUTED: Final = "FB411"
COVERED_CONSTRAINT: Final = "wallets_wallet_covered"


class InsufficientCreditsError(DomainError):
    """The wallet does not cover the amount."""

    code = "insufficient_credits"
    status = 402
    title = "Not enough credits"


class HoldClosedError(ConflictError):
    """The hold was settled, released or expired before."""

    code = "hold_closed"
    title = "The hold is closed"


class NotOwedError(ConflictError):
    """More is to be billed than the wallet owes."""

    code = "not_owed"
    title = "The wallet does not owe that much"


class BilledError(ConflictError):
    """What was burned below zero stands on an invoice: it is credited there."""

    code = "billed"
    title = "An invoice has billed it"


class DisputedError(ConflictError):
    """A bank has not decided yet whose the credits are."""

    code = "disputed"
    title = "Its payment is disputed"


REFUSALS: Final[dict[str | None, type[DomainError]]] = {
    NOT_OPEN: HoldClosedError,
    NOT_OWED: NotOwedError,
    NOT_COVERED: InsufficientCreditsError,
    BILLED: BilledError,
    DISPUTED: DisputedError,
}


def row(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    """Run one statement that answers one row."""
    with refusals(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
    if found is None:
        raise LookupError(statement)
    return tuple(found)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the ledger's own SQL states into typed refusals; let everything else through."""
    try:
        yield
    except Error as error:
        refusal = _refusal(error.__cause__)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(cause: BaseException | None) -> DomainError | None:
    if not isinstance(cause, psycopg.Error):
        return None
    if cause.diag.constraint_name == COVERED_CONSTRAINT:
        return InsufficientCreditsError()
    refusal = REFUSALS.get(cause.sqlstate)
    return refusal() if refusal else None


def shortfall(*, required: int, available: int) -> InsufficientCreditsError:
    """Say how much is missing."""
    missing = max(required - available, 0)
    return InsufficientCreditsError(
        f"{money.text(required)} credits are needed and {money.text(max(available, 0))} are available.",
        extra={
            "required": money.amount(required),
            "available": money.amount(available),
            "shortfall": money.amount(missing),
        },
    )
