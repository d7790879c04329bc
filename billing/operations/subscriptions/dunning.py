"""What unpaid invoices mean for subscriptions: past due, active again, or the end."""

import datetime as dt
from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models.invoices import Invoice, InvoiceLine
from billing.models.subscriptions import Subscription
from billing.operations.subscriptions import allowances, defaults, states
from billing.queries import subscriptions as queries

State = Subscription.State
SWEEP_MAX: Final = 500
FAILING: Final = Q(invoice__state=Invoice.State.OPEN, invoice__attempts__gt=0)
# A fee that staff voided is given up as well: its period will never be paid.
GIVEN_UP: Final = Q(invoice__state=Invoice.State.UNCOLLECTIBLE) | Q(
    invoice__state=Invoice.State.VOID, kind=InvoiceLine.Kind.FEE, period__granted_at=None
)

Step = Callable[[Subscription, dt.datetime], bool]


def sweep(*, now: dt.datetime) -> int:
    """Bring subscriptions in line with what became of their invoices, and return how many changed."""
    begun = Subscription.objects.filter(state__in=[State.ACTIVE, State.PAST_DUE]).order_by("pk")
    # What was given up comes first: it is neither late nor paid any more.
    return (
        _each(begun.filter(pk__in=_with(GIVEN_UP)), _give_up, now)
        + _each(begun.filter(state=State.ACTIVE, pk__in=_with(FAILING)), _fall_due, now)
        + _each(begun.filter(state=State.PAST_DUE).exclude(pk__in=_with(FAILING)), _recover, now)
    )


def _with(lines: Q) -> QuerySet[InvoiceLine, int]:
    found: QuerySet[InvoiceLine, int] = InvoiceLine.objects.filter(
        lines, subscription__isnull=False
    ).values_list("subscription_id", flat=True)
    return found


def _each(found: QuerySet[Subscription], step: Step, now: dt.datetime) -> int:
    changed = 0
    for key in list(found.values_list("pk", flat=True)[:SWEEP_MAX]):
        with transaction.atomic():
            changed += step(states.locked(subscription_id=key), now)
    return changed


def _fall_due(subscription: Subscription, now: dt.datetime) -> bool:
    if subscription.state != State.ACTIVE:
        return False
    states.change(subscription, state=State.PAST_DUE, reason="an invoice could not be collected", now=now)
    # Unpaid, nobody goes further below zero (ledger.md rule 7).
    allowances.withdraw(subscription=subscription, now=now)
    return True


def _recover(subscription: Subscription, now: dt.datetime) -> bool:
    period = queries.current(subscription)
    if subscription.state != State.PAST_DUE or period.granted_at is None:
        return False
    states.change(subscription, state=State.ACTIVE, reason="its invoices are paid", now=now)
    allowances.permit(period=period, now=now)
    return True


def _give_up(subscription: Subscription, now: dt.datetime) -> bool:
    if subscription.state not in {State.ACTIVE, State.PAST_DUE}:
        return False
    defaults.finish(subscription=subscription, reason="its invoice was given up", at=now, now=now)
    return True
