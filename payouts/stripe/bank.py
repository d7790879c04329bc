"""Bank payouts of connected accounts: Stripe's own step from the account to the creator's bank."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import stripe

from billing.stripe.client import client
from billing.stripe.errors import translated

RECENT_MAX: Final = 20


@dataclass(frozen=True)
class BankPayoutState:
    """What Stripe says of one bank payout."""

    id: str
    account_id: str
    amount_cents: int
    status: str
    failure_code: str
    failure_detail: str
    created_at: dt.datetime


def read(*, account_id: str, bank_payout_id: str) -> BankPayoutState:
    """Read one bank payout of a connected account."""
    with translated():
        data = client().v1.payouts.retrieve(bank_payout_id, None, {"stripe_account": account_id})
    return _state(account_id, data)


def recent(*, account_id: str) -> list[BankPayoutState]:
    """List an account's newest bank payouts, oldest first."""
    with translated():
        page = client().v1.payouts.list({"limit": RECENT_MAX}, {"stripe_account": account_id})
    return [_state(account_id, data) for data in reversed(page.data)]


def _state(account_id: str, data: stripe.Payout) -> BankPayoutState:
    return BankPayoutState(
        id=data.id,
        account_id=account_id,
        amount_cents=data.amount,
        status=data.status,
        failure_code=data.failure_code or "",
        failure_detail=data.failure_message or "",
        created_at=dt.datetime.fromtimestamp(data.created, dt.UTC),
    )
