"""Transfers to connected accounts: made under a key of ours, looked up when their outcome is unknown."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, cast

import stripe

from billing.stripe import errors
from billing.stripe.client import client
from billing.stripe.errors import Verdict, translated
from config.kit.errors import DomainError

CURRENCY: Final = "usd"
FOUND_MAX: Final = 10
TAKEN_BACK_MAX: Final = 100


class TransferUnknownError(DomainError):
    """Stripe did not tell whether the transfer was made."""

    code = "transfer_unknown"
    status = 503
    title = "The outcome of the transfer is unknown"


class TransferRefusedError(DomainError):
    """Stripe said no: the transfer was not made."""

    code = "transfer_refused"
    status = 422
    title = "Stripe refused the transfer"

    def __init__(self, detail: str, *, stripe_code: str) -> None:
        super().__init__(detail)
        self.stripe_code = stripe_code


@dataclass(frozen=True)
class Reversal:
    """A transfer, or a part of it, that was taken back."""

    id: str
    amount_cents: int
    created_at: dt.datetime


@dataclass(frozen=True)
class Transfer:
    """A transfer that exists at Stripe."""

    id: str
    amount_cents: int
    destination: str
    created_at: dt.datetime
    reversals: tuple[Reversal, ...]


def create(*, request: dict[str, Any], key: str) -> Transfer:
    """Make a transfer under our key.

    Raises TransferRefusedError when it was not made, TransferUnknownError when nobody knows.
    """
    try:
        made = client().v1.transfers.create(
            cast("stripe.params.TransferCreateParams", request), {"idempotency_key": key}
        )
    except stripe.IdempotencyError as error:
        # Our key was used before, for other parameters or in this moment: something may have been made.
        raise TransferUnknownError(str(error)) from error
    except stripe.StripeError as error:
        if errors.verdict(error) is Verdict.RETRY:
            raise TransferUnknownError(str(error)) from error
        raise TransferRefusedError(
            error.user_message or str(error), stripe_code=error.code or type(error).__name__
        ) from error
    return _transfer(made)


def find(*, group: str) -> Transfer | None:
    """Look for the transfer of a group: a group is one payout, which is transferred once.

    Raises StripeUnavailableError.
    """
    with translated():
        page = client().v1.transfers.list({"transfer_group": group, "limit": FOUND_MAX})
    return _transfer(page.data[0]) if page.data else None


def read(*, transfer_id: str) -> Transfer:
    """Read a transfer with its reversals."""
    with translated():
        return _transfer(client().v1.transfers.retrieve(transfer_id))


def taken_back() -> dict[str, str]:
    """List the newest reversals, each with the transfer that it took back. Raises StripeUnavailableError."""
    with translated():
        page = client().v1.balance_transactions.list(
            {"type": "transfer_refund", "limit": TAKEN_BACK_MAX, "expand": ["data.source"]}
        )
    sources = (cast("stripe.Reversal", line.source) for line in page.data)
    return {source.id: str(source.transfer) for source in sources}


def available_cents() -> int:
    """Ask what of the platform's balance can be transferred now."""
    with translated():
        balance = client().v1.balance.retrieve()
    return sum(funds.amount for funds in balance.available if funds.currency == CURRENCY)


def _transfer(data: stripe.Transfer) -> Transfer:
    destination = data.destination
    return Transfer(
        id=data.id,
        amount_cents=data.amount,
        destination=destination.id if isinstance(destination, stripe.Account) else (destination or ""),
        created_at=dt.datetime.fromtimestamp(data.created, dt.UTC),
        reversals=tuple(
            Reversal(one.id, one.amount, dt.datetime.fromtimestamp(one.created, dt.UTC))
            for one in data.reversals.data
        ),
    )
