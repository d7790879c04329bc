"""What an error of Stripe's means for us: one table, closed by default.

`retry` keeps the intent and its key: the outcome may be unknown, and the same key is safe. `refuse` is a
definite no that a person can act on. Everything the table does not name is `bug`: ours to mend, never to be
retried blindly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, NamedTuple

import stripe

from config.kit.errors import DomainError


class Verdict(StrEnum):
    """What to do about an error."""

    RETRY = "retry"
    REFUSE = "refuse"
    BUG = "bug"


class Case(NamedTuple):
    """An error we know: its class, and its code where the class alone does not tell."""

    error: type[stripe.StripeError]
    code: str | None
    verdict: Verdict


CASES: Final = (
    # Nothing was heard, or Stripe itself failed: it may have happened all the same.
    Case(stripe.APIConnectionError, None, Verdict.RETRY),
    Case(stripe.APIError, None, Verdict.RETRY),
    # Too many at once, or the same key is being worked on at this moment.
    Case(stripe.RateLimitError, None, Verdict.RETRY),
    Case(stripe.IdempotencyError, "idempotency_key_in_use", Verdict.RETRY),
    Case(stripe.InvalidRequestError, "lock_timeout", Verdict.RETRY),
    # A definite no.
    Case(stripe.CardError, None, Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "resource_missing", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "balance_insufficient", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "insufficient_capabilities_for_transfer", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "account_invalid", Verdict.REFUSE),
    # A connected account that was disconnected or closed: Stripe answers 403 for whatever is asked of it.
    Case(stripe.PermissionError, "account_invalid", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "account_closed", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "payouts_not_allowed", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "transfers_not_allowed", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "url_invalid", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "email_invalid", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "amount_too_small", Verdict.REFUSE),
    Case(stripe.InvalidRequestError, "amount_too_large", Verdict.REFUSE),
)


class StripeUnavailableError(DomainError):
    """Stripe did not answer, or failed: the outcome may be unknown, the same key may be tried again."""

    code = "stripe_unavailable"
    status = 503
    title = "Payments are not available at the moment; try again"


class StripeRefusedError(DomainError):
    """Stripe said no, definitely."""

    code = "stripe_refused"
    status = 422
    title = "Stripe refused the request"

    def __init__(self, detail: str, *, stripe_code: str, decline_code: str = "") -> None:
        super().__init__(detail)
        self.stripe_code = stripe_code
        # Why the bank said no, where `stripe_code` only says that it did.
        self.decline_code = decline_code


class StripeBugError(Exception):
    """Our request was wrong: a wrong key, an unknown parameter, other parameters under a used key."""


def verdict(error: stripe.StripeError) -> Verdict:
    """Look an error up in the table; what it does not name is a bug."""
    for case in CASES:
        if isinstance(error, case.error) and case.code in {None, code_of(error)}:
            return case.verdict
    # Stripe's 409 and 5xx come in more classes than one.
    return (
        Verdict.RETRY if error.http_status in {409, 429} or (error.http_status or 0) >= 500 else Verdict.BUG
    )


def code_of(error: stripe.StripeError) -> str:
    """Give Stripe's code; of a 403 the SDK has it in the body alone."""
    return error.code or (error.error.code if error.error else None) or ""


@contextmanager
def translated() -> Iterator[None]:
    """Turn an error of the SDK into StripeUnavailableError, StripeRefusedError or StripeBugError."""
    try:
        yield
    except stripe.StripeError as error:
        match verdict(error):
            case Verdict.RETRY:
                raise StripeUnavailableError from error
            case Verdict.REFUSE:
                raise StripeRefusedError(
                    error.user_message or str(error),
                    stripe_code=code_of(error),
                    decline_code=(error.error.decline_code if error.error else None) or "",
                ) from error
            case Verdict.BUG:
                raise StripeBugError(str(error)) from error
