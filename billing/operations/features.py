"""The use of the platform's features: ask first, then say what was used.

What burns credits or takes from a quota is used by runs of the feature's agent, what is billed by events by an event of
its meter's type.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Customer
from billing.aggregation import Aggregation
from billing.cloud_events import CloudEvent
from billing.operations import executions, metering, settlement
from billing.operations.metering import Taken
from billing.operations.subscriptions import states
from billing.queries import entitlements
from billing.queries.entitlements import Standing
from billing.rating import check_quantity
from billing.runs import Blocked, Gate, Opening, Report
from config.kit.errors import DomainError, InvalidInputError
from marketplace.models import Feature, Meter
from wallets import money
from wallets.money import MICRO


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether so much of a feature may be used now, else the gate that says no; and what is left."""

    gate: Gate | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Use:
    """So much of a feature, used once: `event_id` or `key` say which time it is."""

    customer: Customer
    feature: Feature
    quantity: Decimal
    principal: str
    event_id: str | None = None
    key: str | None = None
    occurred_at: dt.datetime | None = None


def check(
    *, customer: Customer, feature: Feature, quantity: Decimal, principal: str, now: dt.datetime
) -> Checked:
    """Tell whether a customer may use so much of a feature, writing nothing; raise InvalidInputError."""
    check_quantity(metric=feature.metric or "quantity", quantity=quantity)
    standing = entitlements.standing(customer=customer, feature=feature, now=now)
    if not standing.entitled:
        return Checked(Gate.ENTITLEMENT, standing)
    if feature.agent is None:
        return Checked(None if _fits(feature, quantity, standing) else Gate.QUOTA, standing)
    opening = Opening(
        agent=feature.agent.slug,
        caller=customer.public_id,
        principal=principal,
        usage={feature.metric: quantity},
    )
    found = executions.check(opening=opening, now=now)
    return Checked(found.gate if isinstance(found, Blocked) else None, standing)


def track(*, use: Use, now: dt.datetime) -> bool:
    """Take a use down and charge it; tell whether it had been taken before.

    Raises InvalidInputError, KeyReusedError, OccurredAtError, EventIdReusedError, PropertyError,
    InsufficientCreditsError and QuotaExceededError.
    """
    if use.event_id is None and use.key is None:
        raise _invalid("event_id", "is needed, or Idempotency-Key")
    if use.feature.agent is not None:
        return _run(use, now)
    if use.feature.meter is not None:
        return _report(use, use.feature.meter, now)
    raise _invalid("feature", "is there or not: nothing of it is used up")


def _fits(feature: Feature, quantity: Decimal, standing: Standing) -> bool:
    """Tell whether what is asked for stays within what a period includes."""
    if standing.allowance is None or standing.overage_allowed or feature.meter is None:
        return True
    # A level is asked for as a whole, a quantity on top of what was used.
    left = standing.allowance if Aggregation(feature.meter.aggregation).is_level else standing.balance
    return quantity * MICRO <= left


def _run(use: Use, now: dt.datetime) -> bool:
    assert use.feature.agent is not None  # says the caller
    report = Report(
        principal=use.principal,
        usage={use.feature.metric: use.quantity},
        agent=use.feature.agent.slug,
        caller=use.customer.public_id,
        event_id=use.event_id,
        key=use.key,
        occurred_at=use.occurred_at,
    )
    return settlement.settle(report=report, now=now).replayed


def _report(use: Use, meter: Meter, now: dt.datetime) -> bool:
    event = CloudEvent(
        specversion="1.0",
        id=use.event_id or _id_of(use.key or ""),
        source=use.principal,
        type=meter.event_type,
        subject=use.customer.public_id,
        time=use.occurred_at,
        data=_data(use.quantity, meter),
    )
    with transaction.atomic():
        limit = entitlements.hard_limit(customer=use.customer, feature=use.feature, at=use.occurred_at or now)
        if limit is not None:
            # Uses at once take turns: each finds what the others took, so that exactly what fits passes.
            states.lock_customer(customer_id=use.customer.pk)
        (outcome,) = metering.ingest(events=[event], now=now)
        if isinstance(outcome, DomainError):
            raise outcome
        if limit is not None and outcome is Taken.ACCEPTED:
            _refuse_above(limit, use, meter, now)
        return outcome is Taken.DUPLICATE


def _refuse_above(limit: int, use: Use, meter: Meter, now: dt.datetime) -> None:
    """Refuse a use that was taken down and does not fit: what is raised here takes it back."""
    wanted = use.quantity * MICRO
    # A level is told as a whole, a quantity is one of those that were used.
    left: Decimal = Decimal(limit)
    if not Aggregation(meter.aggregation).is_level:
        standing = entitlements.standing(customer=use.customer, feature=use.feature, now=now)
        left = standing.balance + wanted
    if wanted > left:
        raise settlement.quota_exceeded(
            unit=use.feature.metric, wanted=f"{use.quantity:f}", left=money.text(max(int(left), 0))
        )


def _id_of(key: str) -> str:
    # A key may be as long as an id: the two never meet under one source.
    return f"once:{hashlib.sha256(key.encode()).hexdigest()}"


def _data(quantity: Decimal, meter: Meter) -> dict[str, Any]:
    if meter.aggregation == Meter.Aggregation.UNIQUE or (
        meter.aggregation == Meter.Aggregation.COUNT and quantity != 1
    ):
        raise _invalid("quantity", "says nothing to this feature's meter: send it the events")
    exact = Decimal(check_quantity(metric=meter.slug, quantity=quantity))
    return {meter.property: exact} if meter.property else {}


def _invalid(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{field} {problem}.", errors=[{"pointer": f"/{field}", "detail": problem}])
