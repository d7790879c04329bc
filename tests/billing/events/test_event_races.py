"""The same events from many callers at once."""

import random

import pytest

from accounts.models import Customer
from billing.cloud_events import CloudEvent
from billing.models import MeterEvent, MeterEventKey, MeterReversal
from billing.operations import metering
from billing.operations.metering import Outcome, Taken
from config.kit import clock
from config.kit.strict_json import convert
from tests.support import people
from tests.support.cloud_events import event, reversal
from tests.support.races import race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.usefixtures("no_deadlocks", "books"),
]

CALLERS = 12
KEYS = 60


def ingest(sent: list[dict[str, object]]) -> list[Outcome]:
    """Take events in as the API does."""
    return metering.ingest(events=[convert(each, CloudEvent) for each in sent], now=clock.now())


def test_batches_that_overlap_take_each_event_once() -> None:
    people.open_customer("bob", external_id="bob-at-home")

    def send(number: int) -> list[Outcome]:
        sent = [event(f"e{n}") for n in range(KEYS)]
        random.Random(number).shuffle(sent)
        return ingest(sent)

    answers = race(CALLERS, send)

    assert not [each for each in answers if isinstance(each, Exception)]
    taken = [outcome for each in answers if isinstance(each, list) for outcome in each]
    assert (taken.count(Taken.ACCEPTED), taken.count(Taken.DUPLICATE)) == (KEYS, KEYS * (CALLERS - 1))
    assert (MeterEvent.objects.count(), MeterEventKey.objects.count()) == (KEYS, KEYS)


def test_first_events_of_one_customer_open_it_once() -> None:
    answers = race(CALLERS, lambda number: ingest([event(f"e{number}", subject="carol-at-home")]))

    assert answers == [[Taken.ACCEPTED]] * CALLERS
    carol = Customer.objects.get(external_id="carol-at-home")
    assert MeterEvent.objects.filter(customer=carol).count() == CALLERS


def test_reversals_of_one_event_take_it_back_once() -> None:
    people.open_customer("bob", external_id="bob-at-home")
    ingest([event("e1")])

    answers = race(CALLERS, lambda number: ingest([reversal(f"r{number % 4}", reverses="e1")]))

    outcomes = [each[0] for each in answers if isinstance(each, list)]
    assert len(outcomes) == CALLERS
    assert (outcomes.count(Taken.ACCEPTED), outcomes.count(Taken.DUPLICATE)) == (1, CALLERS // 4 - 1)
    assert MeterReversal.objects.count() == 1
