"""What meters read of a customer's events."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import Customer
from billing.aggregation import Aggregation
from billing.operations.metering import Taken
from billing.periods import Period
from billing.queries.meters import quantities, quantity
from marketplace.models import Meter
from tests.support import meters, people

pytestmark = pytest.mark.django_db

FEBRUARY = Period(dt.datetime(2026, 2, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
NOW = FEBRUARY.end + dt.timedelta(days=2)
A_DAY = dt.timedelta(days=1)


@pytest.fixture
def bob() -> Customer:
    """A customer."""
    return people.open_customer("bob")


def read(customer: Customer, meter: Meter) -> Decimal:
    """Read February."""
    return quantity(customer_id=customer.pk, meter=meter, period=FEBRUARY)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Aggregation.COUNT, "4"),
        (Aggregation.SUM, "30.5"),
        (Aggregation.MAX, "20"),
        (Aggregation.UNIQUE, "4"),
        (Aggregation.LATEST, "5.5"),
        # 100 for no time at all, 5 for 7 days, 20 for 7, 0 for 7, 5.5 for 7.
        (Aggregation.TIME_WEIGHTED, "7.625"),
    ],
)
def test_it_reads_a_month(bob: Customer, how: str, expected: str) -> None:
    meter = meters.make("store", "stored", how, "" if how == Aggregation.COUNT else "gb")
    for day, gb in ((-1, "100"), (0, "5"), (7, "20"), (14, "0"), (21, "5.5"), (28, "99")):
        meters.report(bob, "stored", now=NOW, at=FEBRUARY.start + day * A_DAY, gb=gb)

    assert read(bob, meter) == Decimal(expected)


def test_a_level_goes_on_from_the_months_before(bob: Customer) -> None:
    level = meters.make("store", "stored", Aggregation.TIME_WEIGHTED, "gb")
    last = meters.make("slots", "stored", Aggregation.LATEST, "gb")
    meters.report(bob, "stored", now=FEBRUARY.start - A_DAY, gb=8)

    assert [read(bob, level), read(bob, last)] == [8, 8]


def test_it_counts_nobody_elses_and_no_other_type(bob: Customer) -> None:
    meter = meters.make("calls", "called", Aggregation.COUNT)
    meters.report(people.open_customer("carol"), "called", now=NOW, at=FEBRUARY.start)
    meters.report(bob, "searched", now=NOW, at=FEBRUARY.start)

    assert read(bob, meter) == 0


def test_late_events_fall_into_their_month(bob: Customer) -> None:
    meter = meters.make("calls", "called", Aggregation.COUNT)
    assert read(bob, meter) == 0
    late = meters.report(bob, "called", now=NOW + 30 * A_DAY, at=FEBRUARY.end - A_DAY)

    assert late is Taken.ACCEPTED
    assert read(bob, meter) == 1


@pytest.mark.parametrize("how", list(Aggregation))
def test_what_is_taken_back_counts_no_more(bob: Customer, how: Aggregation) -> None:
    meter = meters.make("store", "stored", how, "" if how is Aggregation.COUNT else "gb")
    meters.report(bob, "stored", now=NOW, at=FEBRUARY.start, gb=5)
    before = read(bob, meter)
    meters.report(bob, "stored", now=NOW, at=FEBRUARY.start + A_DAY, gb=900, event_id="wrong")
    assert read(bob, meter) > before

    meters.report(bob, "stored.reversed", now=NOW, reverses="wrong")

    assert read(bob, meter) == before


def test_a_level_that_was_taken_back_does_not_go_on(bob: Customer) -> None:
    level = meters.make("store", "stored", Aggregation.TIME_WEIGHTED, "gb")
    earlier = FEBRUARY.start - A_DAY
    meters.report(bob, "stored", now=earlier, at=earlier - A_DAY, gb=3)
    meters.report(bob, "stored", now=earlier, gb=8, event_id="wrong")
    meters.report(bob, "stored.reversed", now=NOW, reverses="wrong")

    assert read(bob, level) == 3


def test_a_younger_meter_passes_over_what_it_cannot_count(bob: Customer) -> None:
    meters.report(bob, "stored", now=NOW, at=FEBRUARY.start, gb="many")
    meters.report(bob, "stored", now=NOW, at=FEBRUARY.start, gb=2)

    assert read(bob, meters.make("store", "stored", Aggregation.SUM, "gb")) == 2


def test_it_reads_the_metrics_that_meters_know(bob: Customer) -> None:
    meters.make("calls", "called", Aggregation.COUNT)
    meters.report(bob, "called", now=NOW, at=FEBRUARY.start)

    found = quantities(customer_id=bob.pk, metrics=["calls", "tokens"], period=FEBRUARY)

    assert found == {"calls": 1}
