"""Meters, and the events that they count."""

import datetime as dt
from itertools import count
from typing import Any, Final

from accounts.models import Customer
from billing.cloud_events import CloudEvent
from billing.operations import metering
from billing.operations.metering import Outcome
from marketplace.models import Meter
from tests.support.cloud_events import SOURCE

_numbers: Final = count(1)


def make(slug: str, event_type: str, aggregation: str, property_: str = "") -> Meter:
    """Make a meter."""
    return Meter.objects.create(
        slug=slug, name=slug.title(), event_type=event_type, aggregation=aggregation, property=property_
    )


def report(
    customer: Customer,
    type_: str,
    *,
    now: dt.datetime,
    at: dt.datetime | None = None,
    event_id: str = "",
    **data: Any,
) -> Outcome:
    """Take one event of a customer's in."""
    event = CloudEvent(
        specversion="1.0",
        id=event_id or f"n{next(_numbers)}",
        source=SOURCE,
        type=type_,
        subject=customer.public_id,
        time=at or now,
        data=data,
    )
    (outcome,) = metering.ingest(events=[event], now=now)
    return outcome
