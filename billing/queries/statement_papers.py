"""The PDF of a month's statement: whether it is there, and the one that says what the statement says now."""

import hashlib

import msgspec

from accounts.models import Customer
from billing.models.statements import StatementDocument
from billing.queries.statements import Month, Statement
from config.kit.errors import NotFoundError


def fingerprint(*, statement: Statement) -> str:
    """Digest all that a statement says."""
    return hashlib.sha256(msgspec.json.encode(statement)).hexdigest()


def state(*, customer: Customer, statement: Statement) -> str:
    """Say how its PDF stands: none, waiting, ready, or absent where the system cannot draw one."""
    found = _of(customer, statement.month)
    if found is None:
        return "none"
    if found.made_at is None:
        return "waiting"
    if found.fingerprint != fingerprint(statement=statement):
        return "none"
    return "ready" if found.body is not None else "absent"


def body(*, customer: Customer, statement: Statement) -> bytes:
    """Give the PDF that says what the statement says now; raise NotFoundError without one."""
    found = _of(customer, statement.month)
    if found is None or found.body is None or found.fingerprint != fingerprint(statement=statement):
        raise NotFoundError("There is no PDF of this statement.")
    return bytes(found.body)


def _of(customer: Customer, month: Month) -> StatementDocument | None:
    return StatementDocument.objects.filter(customer=customer, month=month.start.date()).first()
