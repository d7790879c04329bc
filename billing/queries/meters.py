"""What meters read: the quantity of a customer's period, as it is known now."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from billing.aggregation import ZERO, Aggregation, Reading, aggregate
from billing.periods import Period
from marketplace.models import Meter

ROWS_AT_ONCE: Final = 5_000

# What counts: of the customer and the type, countable by the meter (it may be younger than the event), not taken back.
COUNTS: Final = """
    FROM billing_meterevent e
    WHERE e.customer_id = %(customer)s AND e.type = %(type)s
        AND billing_countable(%(aggregation)s, e.data -> %(property)s)
        AND NOT EXISTS (SELECT FROM billing_meterreversal r WHERE r.source = e.source AND r.event_id = e.event_id)
"""
WITHIN: Final = f"""
    SELECT e.occurred_at, e.source, e.event_id, coalesce(e.data ->> %(property)s, '') {COUNTS}
        AND e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
"""
BEFORE: Final = f"""
    SELECT e.data ->> %(property)s {COUNTS} AND e.occurred_at < %(start)s
    ORDER BY e.occurred_at DESC, e.source DESC, e.event_id DESC LIMIT 1
"""


def quantity(*, customer_id: int, meter: Meter, period: Period) -> Decimal:
    """Give what a meter reads for a customer's period, with the late events and reversals that have come in."""
    how = Aggregation(meter.aggregation)
    asked = {
        "customer": customer_id,
        "type": meter.event_type,
        "aggregation": how,
        "property": meter.property,
        "start": period.start,
        "end": period.end,
    }
    before = _before(asked) if how.goes_on else ZERO
    return aggregate(aggregation=how, readings=_within(asked), period=period, before=before)


def quantities(*, customer_id: int, metrics: Collection[str], period: Period) -> dict[str, Decimal]:
    """Give the readings of the meters among some metrics; what no meter reads is not among them."""
    found = Meter.objects.filter(slug__in=metrics)
    return {meter.slug: quantity(customer_id=customer_id, meter=meter, period=period) for meter in found}


def _before(asked: dict[str, Any]) -> Decimal:
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, asked)
        row = cursor.fetchone()
    return Decimal(row[0]) if row else ZERO


def _within(asked: dict[str, Any]) -> Iterator[Reading]:
    # A million events of one customer are read, not held.
    with connection.chunked_cursor() as cursor:
        cursor.execute(WITHIN, asked)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for at, source, event_id, value in rows:
                yield Reading(at, (source, event_id), value)
