"""The people and keys of tests: Bob consumes, Alice creates, Charlie is a stranger, Olive operates."""

import datetime as dt
from typing import Any

from accounts import customers, keys
from accounts.keys import IssuedKey
from accounts.models import ApiKey, Customer, User

MONDAY = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def sign_up(name: str = "bob") -> tuple[User, Customer]:
    """Make a person with a customer."""
    user = User.objects.create_user(f"{name}@example.com", "correct horse battery")
    customer = customers.open_customer(name=name.title(), email=user.email, owner=user, now=MONDAY)
    return user, customer


def open_customer(name: str = "bob", *, external_id: str | None = None) -> Customer:
    """Open a customer nobody signs in for."""
    return customers.open_customer(
        name=name.title(), email=f"{name}@example.com", external_id=external_id, now=MONDAY
    )


def customer_key(customer: Customer, **changes: Any) -> IssuedKey:
    """Make a customer's key."""
    return _issue(kind=ApiKey.Kind.CUSTOMER, customer=customer, **changes)


def router_key(**changes: Any) -> IssuedKey:
    """Make a router's key."""
    return _issue(kind=ApiKey.Kind.ROUTER, **changes)


def service_key(**changes: Any) -> IssuedKey:
    """Make a service's key."""
    return _issue(kind=ApiKey.Kind.SERVICE, **changes)


def bearer(issued: IssuedKey) -> dict[str, str]:
    """Give the test client's headers for a key."""
    return {"Authorization": f"Bearer {issued.secret}"}


def _issue(**changes: Any) -> IssuedKey:
    return keys.issue(**{"name": "a test's key", "now": MONDAY, **changes})
