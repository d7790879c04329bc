"""Refunds at Stripe: made under a key of ours, looked up when their outcome is unknown."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import stripe

from billing.stripe import errors
from billing.stripe.client import client
from billing.stripe.errors import Verdict, translated
from config.kit.errors import DomainError

LISTED_MAX: Final = 100
LOST: Final = frozenset({"failed", "canceled"})


class RefundUnknownError(DomainError):
    """Stripe did not tell whether the refund was made."""

    code = "refund_unknown"
    status = 503
    title = "The outcome of the refund is unknown"


class RefundRefusedError(DomainError):
    """Stripe said no: nothing was given back."""

    code = "refund_refused"
    status = 422
    title = "Stripe refused the refund"


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """A refund that exists at Stripe; `reference` is our id when we asked for it."""

    id: str
    intent_id: str
    amount_cents: int
    reference: str
    lost: bool
    failure: str
    created_at: dt.datetime


def create(*, intent_id: str, amount_cents: int, reference: str, key: str) -> StripeRefund:
    """Give back part of a payment under our key.

    Raises RefundRefusedError when nothing was given back, RefundUnknownError when nobody knows.
    """
    try:
        made = client().v1.refunds.create(
            {
                "payment_intent": intent_id,
                "amount": amount_cents,
                "reason": "requested_by_customer",
                "metadata": {"reference": reference},
            },
            {"idempotency_key": key},
        )
    except stripe.IdempotencyError as error:
        # Our key is being worked on at this moment, or was used before: something may have been made.
        raise RefundUnknownError(str(error)) from error
    except stripe.StripeError as error:
        if errors.verdict(error) is Verdict.RETRY:
            raise RefundUnknownError(str(error)) from error
        raise RefundRefusedError(error.user_message or str(error)) from error
    return _refund(made)


def of_payment(*, intent_id: str) -> list[StripeRefund]:
    """List what was given back of a payment, the oldest first; raise as errors.translated does."""
    with translated():
        page = client().v1.refunds.list({"payment_intent": intent_id, "limit": LISTED_MAX})
        found = [_refund(refund) for refund in page.auto_paging_iter()]
    return sorted(found, key=lambda refund: (refund.created_at, refund.id))


def find(*, intent_id: str, reference: str) -> StripeRefund | None:
    """Look for the refund that we asked for; raise as errors.translated does."""
    return next((one for one in of_payment(intent_id=intent_id) if one.reference == reference), None)


def _refund(data: stripe.Refund) -> StripeRefund:
    intent = data.payment_intent
    return StripeRefund(
        id=data.id,
        intent_id=intent.id if isinstance(intent, stripe.PaymentIntent) else (intent or ""),
        amount_cents=data.amount,
        reference=data.metadata["reference"] if data.metadata and "reference" in data.metadata else "",
        lost=data.status in LOST,
        failure=str(getattr(data, "failure_reason", None) or ""),
        created_at=dt.datetime.fromtimestamp(data.created, dt.UTC),
    )
