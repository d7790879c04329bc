"""What becomes of an agreement: amended before it begins, reworded, ended early; each change with a reason."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction

from accounts import audit
from config.kit import reasons
from config.kit.errors import ConflictError, InvalidInputError
from marketplace import agreements
from marketplace.agreements import Deal
from marketplace.models import Agreement, AgreementChange

AMENDED, REWORDED, ENDED = "amended", "reworded", "ended"
FIELDS: Final = ("starts_at", "ends_at", "metric", "committed", "discount_bp", "terms")


class AgreementInForceError(ConflictError):
    """What is priced does not change once an agreement is in force."""

    code = "agreement_in_force"
    title = "The agreement is in force"


class AgreementOverError(ConflictError):
    """The agreement has ended."""

    code = "agreement_over"
    title = "The agreement has ended"


def amend(*, agreement: Agreement, deal: Deal, reason: str, actor: str, now: dt.datetime) -> Agreement:
    """Change what was agreed on before it begins; plan and customer stay.

    Raises AgreementInForceError, InvalidInputError (a start in the past) and what agreements.agree raises.
    """

    def amended(row: Agreement) -> dict[str, Any]:
        if now >= row.starts_at:
            raise AgreementInForceError("It is in force: what is priced stays. End it, and agree anew.")
        if deal.starts_at < now:
            raise InvalidInputError.of("starts_at", "must not be in the past")
        agreements.check(customer=row.customer, deal=deal, now=now, but=row)
        return agreements.facts(deal=deal)

    return _change(agreement, AMENDED, amended, reason=reason, actor=actor, now=now)


def reword(
    *, agreement: Agreement, terms: Mapping[str, str], reason: str, actor: str, now: dt.datetime
) -> Agreement:
    """Change the recorded terms, which routers read as they are; raise InvalidInputError or AgreementOverError."""

    def reworded(row: Agreement) -> dict[str, Any]:
        _require_going_on(row, now)
        agreements.check_terms(terms=terms)
        return {"terms": dict(terms)}

    return _change(agreement, REWORDED, reworded, reason=reason, actor=actor, now=now)


def end(*, agreement: Agreement, at: dt.datetime, reason: str, actor: str, now: dt.datetime) -> Agreement:
    """End an agreement early; one that has not begun is withdrawn when it would end before its start.

    A period that began under it stays under it. Raises InvalidInputError (a moment in the past, or not before its
    end) and AgreementOverError.
    """

    def ended(row: Agreement) -> dict[str, Any]:
        _require_going_on(row, now)
        if not now <= at < row.ends_at:
            raise InvalidInputError.of("at", f"must be from now on, and before {row.ends_at:%Y-%m-%d}")
        return {"ends_at": max(at, row.starts_at)}

    return _change(agreement, ENDED, ended, reason=reason, actor=actor, now=now)


def _change(
    agreement: Agreement,
    what: str,
    changed: Callable[[Agreement], dict[str, Any]],
    *,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> Agreement:
    reasons.check(reason=reason)
    with transaction.atomic():
        agreements.lock(customer_id=agreement.customer_id)
        row = Agreement.objects.select_related("customer", "plan").get(pk=agreement.pk)
        before, facts = _said(row), changed(row)
        for name, value in facts.items():
            setattr(row, name, value)
        row.changed_at = now
        row.save(update_fields=[*facts, "changed_at"])
        row.refresh_from_db()
        AgreementChange.objects.create(
            agreement=row,
            what=what,
            before=before,
            after=_said(row),
            reason=reason,
            actor=actor,
            changed_at=now,
        )
        customer = row.customer.public_id
        audit.acted(actor=actor, act=f"agreement.{what}", object_id=customer, reason=reason, now=now)
    return row


def _require_going_on(agreement: Agreement, now: dt.datetime) -> None:
    if now >= agreement.ends_at:
        raise AgreementOverError(f"It ended on {agreement.ends_at:%Y-%m-%d}.")


def _said(agreement: Agreement) -> dict[str, Any]:
    said = {name: getattr(agreement, name) for name in FIELDS}
    times = {name: said[name].isoformat() for name in ("starts_at", "ends_at")}
    return said | times | {"committed": f"{agreement.committed.normalize():f}"}
