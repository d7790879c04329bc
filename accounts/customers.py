"""Customers: open one, find a person's own."""

import datetime as dt

from django.db import IntegrityError, transaction

from accounts import queries
from accounts.models import Customer, Membership, User
from accounts.signals import customer_opened
from config.kit import ids
from config.kit.errors import ConflictError, InvalidInputError, NotFoundError


class ExternalIdTakenError(ConflictError):
    """Another customer has this external id."""

    code = "external_id_taken"
    title = "External id taken"


def open_customer(
    *,
    name: str,
    email: str,
    now: dt.datetime,
    owner: User | None = None,
    external_id: str | None = None,
    told: bool = True,
) -> Customer:
    """Open a customer, and tell the apps above unless it is the house itself.

    Raises ExternalIdTakenError or InvalidInputError.
    """
    if external_id is not None and (
        not external_id.strip() or not external_id.isprintable() or ids.looks_public(external_id)
    ):
        raise InvalidInputError(
            "An external id can be read, and does not begin like one of our ids.",
            errors=[{"pointer": "/external_id", "detail": "is blank, or begins like one of our ids"}],
        )
    try:
        with transaction.atomic():
            customer = Customer.objects.create(
                name=name, email=email, external_id=external_id, created_at=now
            )
            if owner is not None:
                Membership.objects.create(user=owner, customer=customer, created_at=now)
            if told:
                customer_opened.send(Customer, customer=customer, now=now)
    except IntegrityError as error:
        # Two first calls for one external id race here; the unique constraint lets one through.
        if external_id is None or "external_id" not in str(error):
            raise
        raise ExternalIdTakenError(f"A customer has the external id {external_id}.") from error
    return customer


def find_or_open(*, reference: str, now: dt.datetime, name: str = "", email: str = "") -> Customer:
    """Give the customer of a public or external id, opening one nobody has heard of under that external id.

    Raises NotFoundError for a public id that is nobody's.
    """
    try:
        return queries.customer(reference=reference)
    except NotFoundError:
        if ids.looks_public(reference):
            raise
    try:
        return open_customer(name=name or reference, email=email, external_id=reference, now=now)
    except ExternalIdTakenError:
        # Somebody else has just opened it: theirs is the one.
        return queries.customer(reference=reference)


def active_customer(*, user: User, preferred: str | None = None) -> Customer:
    """Give the customer a person acts for: the preferred, else the first; raise NotFoundError."""
    mine = queries.customers_of(user=user)
    chosen = mine.filter(public_id=preferred).first() if preferred else None
    found = chosen or mine.first()
    if found is None:
        raise NotFoundError("You belong to no customer yet.")
    return found


def open_first(*, user: User, now: dt.datetime) -> Customer:
    """Open the customer of somebody who has none yet; the same again when there is one."""
    with transaction.atomic():
        # Two tabs may both find none: the person's row lets one look again after the other.
        User.objects.select_for_update().get(pk=user.pk)
        found = queries.customers_of(user=user).first()
        return found or open_customer(name=display_name(user), email=user.email, owner=user, now=now)


def display_name(user: User) -> str:
    """Give a person's name, else what stands before the @."""
    return user.get_full_name() or user.email.partition("@")[0]
