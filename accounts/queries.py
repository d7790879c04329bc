"""Reads: customers by any of their names, keys by digest."""

import datetime as dt
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from accounts.models import ApiKey, Customer, User
from config.kit import ids
from config.kit.errors import NotFoundError

KEY_BY_DIGEST = """
    SELECT id, public_id, kind, customer_id, scopes, name, digest, expires_at, revoked_at, last_used_at
    FROM accounts_apikey WHERE digest = %s
"""


class KeyRow(NamedTuple):
    """What authentication reads of a key."""

    id: int
    public_id: str
    kind: str
    customer_id: int | None
    scopes: list[str]
    name: str
    digest: bytes
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


def key_by_digest(*, digest: bytes) -> KeyRow | None:
    """Find a key; on the path of every API call, so without the ORM (it costs four times the query)."""
    with connection.cursor() as cursor:
        cursor.execute(KEY_BY_DIGEST, [digest])
        row = cursor.fetchone()
    return KeyRow(*row) if row else None


def customer(*, reference: str) -> Customer:
    """Find a customer by public id or external id; raise NotFoundError."""
    named = {"public_id": reference} if ids.looks_public(reference) else {"external_id": reference}
    found = Customer.objects.filter(**named).first()
    if found is None:
        raise NotFoundError("There is no such customer.")
    return found


def customers_of(*, user: User) -> QuerySet[Customer]:
    """List the customers a person belongs to, the oldest membership first."""
    return Customer.objects.filter(memberships__user=user).order_by("memberships__id")


def keys_of(*, customer: Customer) -> QuerySet[ApiKey]:
    """List a customer's keys, newest first."""
    return ApiKey.objects.filter(customer=customer).order_by("-id")
