"""The platform's own payouts: from Stripe's balance to our bank, under a key of ours."""

from typing import Final

import stripe

from billing.stripe import errors
from billing.stripe.client import client
from billing.stripe.errors import Verdict, translated
from payouts.stripe.transfers import CURRENCY, TransferRefusedError, TransferUnknownError

RECENT_MAX: Final = 100
NAME: Final = "withdrawal"


def create(*, amount_cents: int, reference: str, key: str) -> str:
    """Ask for a payout and give its id; raise TransferRefusedError, or TransferUnknownError when nobody knows."""
    try:
        made = client().v1.payouts.create(
            {
                "amount": amount_cents,
                "currency": CURRENCY,
                "description": f"Withdrawal {reference}",
                "metadata": {NAME: reference},
            },
            {"idempotency_key": key},
        )
    except stripe.IdempotencyError as error:
        raise TransferUnknownError(str(error)) from error
    except stripe.StripeError as error:
        if errors.verdict(error) is Verdict.RETRY:
            raise TransferUnknownError(str(error)) from error
        raise TransferRefusedError(
            error.user_message or str(error), stripe_code=error.code or type(error).__name__
        ) from error
    return made.id


def find(*, reference: str) -> str | None:
    """Look for the payout of a withdrawal among the newest; raise StripeUnavailableError."""
    with translated():
        page = client().v1.payouts.list({"limit": RECENT_MAX})
    named = {one.metadata[NAME]: one.id for one in page.data if one.metadata and NAME in one.metadata}
    return named.get(reference)
