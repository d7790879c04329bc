"""Errors in Stripe's own shape."""

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """An answer other than 200.

    `executed` says that the request got as far as having an effect or a business answer: Stripe then keeps the
    answer under the idempotency key, and what was written stays.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        fields = {"code": code, "message": message, "param": param, "type": type, **extra}
        if code:
            fields["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        self.body: Json = {"error": {name: value for name, value in fields.items() if value is not None}}


def missing(kind: str, object_id: str, *, param: str | None = None) -> StripeError:
    """Return `resource_missing`: 404 for the object of the URL, 400 for one named in a parameter."""
    return StripeError(
        f"No such {kind}: '{object_id}'",
        status=400 if param else 404,
        code="resource_missing",
        param=param or "id",
    )


def card_error(message: str, *, code: str, decline_code: str | None = None, **extra: Any) -> StripeError:
    """Return the 402 of a card that did not pay."""
    return StripeError(
        message, status=402, type="card_error", code=code, decline_code=decline_code, executed=True, **extra
    )


def refused(message: str, *, code: str | None = None, param: str | None = None) -> StripeError:
    """Return a business refusal, which an idempotency key replays."""
    return StripeError(message, code=code, param=param, executed=True)


def unauthorized(message: str) -> StripeError:
    """Return the 401 of a missing or foreign key."""
    return StripeError(message, status=401)


def unreachable_account(account: str) -> StripeError:
    """Return the 403 of a `Stripe-Account` that is not ours."""
    return StripeError(
        f"The provided key does not have access to account '{account}' (or that account does not exist). "
        "Application access may have been revoked.",
        status=403,
        code="account_invalid",
    )


def unknown_url(method: str, path: str) -> StripeError:
    """Return the 404 of an endpoint that does not exist here."""
    return StripeError(f"Unrecognized request URL ({method}: {path}).", status=404)


def server_fault(message: str = "An unknown error occurred.") -> StripeError:
    """Return a 500."""
    return StripeError(message, status=500, type="api_error")
