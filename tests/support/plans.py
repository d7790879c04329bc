"""Platform plans in tests: the catalogue on sale, and customers who subscribe to it."""

import datetime as dt
from typing import Any

from accounts.models import Customer
from billing.models import Invoice, Subscription, SubscriptionPeriod
from billing.operations.invoices import collecting, finalising
from billing.operations.subscriptions import attaching, renewing
from billing.operations.subscriptions.attaching import Choice
from billing.queries import subscriptions as queries
from tests.support import catalogue
from tests.support.checkout import NOW


def on_sale(*, now: dt.datetime = NOW - dt.timedelta(days=90)) -> None:
    """Publish the catalogue, some time ago."""
    catalogue.publish(now=now)


def attach(
    customer: Customer, plan: str, *, key: str = "first", now: dt.datetime = NOW, **choice: Any
) -> Subscription:
    """Ask for a plan, as a page would."""
    found = attaching.attach(
        customer=customer,
        principal=f"page:{customer.public_id}",
        key=key,
        choice=Choice(plan=plan, **choice),
        now=now,
    )
    return found.subscription


def current(subscription: Subscription) -> SubscriptionPeriod:
    """Read a subscription's latest period again."""
    return queries.current(Subscription.objects.get(pk=subscription.pk))


def renew(*, now: dt.datetime) -> int:
    """Do what falls due by a time."""
    return renewing.renew_due(now=now)


def draft_lines(customer: Customer) -> list[tuple[str, int]]:
    """Tell the lines of a customer's draft: kind and cents."""
    rows = Invoice.objects.filter(customer=customer, state="draft").order_by("pk")
    return [(line.kind, line.amount_cents) for row in rows for line in row.lines.order_by("place")]


def settle_up(*, now: dt.datetime) -> None:
    """Issue the drafts that are due, and charge the saved cards."""
    finalising.finalise_due(now=now)
    for invoice in Invoice.objects.filter(state=Invoice.State.OPEN).order_by("pk"):
        collecting.collect(invoice_id=invoice.pk, now=now)
