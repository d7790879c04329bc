"""See the product as a customer does, without being able to touch it.

Staff stay signed in as themselves: only the customer that pages are about is another one. So nobody's session changes
hands, customers whom nobody signs in for can be looked at too, and no password or permission of theirs is ever in
reach. django-hijack signs the staff in as the other person, which would need each of these to be taken back.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from accounts import audit
from accounts.audit import Staff
from accounts.models import Customer, User
from config.kit import reasons
from config.kit.errors import ForbiddenError

KEY: Final = "impersonation"
PERMISSION: Final = "accounts.impersonate_customer"


class NotImpersonatedError(ForbiddenError):
    """Nobody looks at staff through their own customers."""

    code = "not_impersonated"
    title = "This customer cannot be impersonated"


@dataclass(frozen=True)
class Impersonation:
    """Whom somebody of the staff looks at, and until when."""

    customer: Customer
    until: dt.datetime


def start(
    *, session: SessionBase, customer: Customer, reason: str, by: Staff, now: dt.datetime
) -> Impersonation:
    """Begin to see what a customer sees; raise InvalidInputError without a reason, NotImpersonatedError for staff's."""
    reasons.check(reason=reason)
    if not by.user.has_perm(PERMISSION):
        raise NotImpersonatedError("You may not impersonate customers.")
    _refuse_staff(customer)
    until = now + dt.timedelta(minutes=settings.IMPERSONATION_MINUTES)
    with transaction.atomic():
        _record("start", customer, reason, by, now)
        session.cycle_key()
        session[KEY] = {"customer": customer.public_id, "by": by.user.pk, "until": until.isoformat()}
    return Impersonation(customer, until)


def current(*, session: SessionBase, by: Staff, now: dt.datetime) -> Impersonation | None:
    """Give what is under way; one whose time is over, or whose right is gone, ends here."""
    kept = session.get(KEY)
    if kept is None:
        return None
    customer = Customer.objects.filter(public_id=kept["customer"]).first()
    until = dt.datetime.fromisoformat(kept["until"])
    allowed = kept["by"] == by.user.pk and by.user.is_staff and by.user.has_perm(PERMISSION)
    if customer is None or not allowed or _staff_share(customer):
        _close(session, kept["customer"], "the right to it is gone", by, now)
        return None
    if now >= until:
        _close(session, kept["customer"], "its time was over", by, now)
        return None
    return Impersonation(customer, until)


def end(*, session: SessionBase, by: Staff, now: dt.datetime, why: str = "by a click") -> str:
    """End it; give the public id of the customer that was looked at, empty when there was none."""
    kept = session.get(KEY)
    if kept is None:
        return ""
    _close(session, kept["customer"], why, by, now)
    return str(kept["customer"])


def saw(*, impersonation: Impersonation, path: str, by: Staff, now: dt.datetime) -> None:
    """Write down a page that was seen."""
    _record("see", impersonation.customer, path, by, now)


def _close(session: SessionBase, customer_id: str, why: str, by: Staff, now: dt.datetime) -> None:
    audit.record(
        actor=by.actor,
        act="impersonation.end",
        object_id=customer_id,
        reason=why,
        address=by.address,
        now=now,
    )
    del session[KEY]
    session.cycle_key()


def _refuse_staff(customer: Customer) -> None:
    if _staff_share(customer):
        raise NotImpersonatedError("Somebody of the staff shares this customer.")


def _staff_share(customer: Customer) -> bool:
    members = User.objects.filter(memberships__customer=customer)
    return members.filter(is_staff=True).exists() or members.filter(is_superuser=True).exists()


def _record(act: str, customer: Customer, reason: str, by: Staff, now: dt.datetime) -> None:
    audit.record(
        actor=by.actor,
        act=f"impersonation.{act}",
        object_id=customer.public_id,
        reason=reason,
        address=by.address,
        now=now,
    )
