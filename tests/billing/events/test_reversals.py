"""Events that take others back."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import MeterEventKey, MeterReversal
from tests.support import people
from tests.support.callers import Caller
from tests.support.cloud_events import event, reversal

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(client: Client) -> Caller:
    """Call as a service."""
    return Caller(client, people.service_key(), "/v1/events")


@pytest.fixture(autouse=True)
def bob() -> Customer:
    """A customer that services know by a name of their own."""
    return people.open_customer("bob", external_id="bob-at-home")


def codes(answer: Any) -> list[str]:
    """Give why events were rejected."""
    return [each["code"] for each in answer.json()["rejected"]]


def test_it_takes_an_event_back(service: Caller) -> None:
    service.post(event("e1"))
    answer = service.post(reversal("r1", reverses="e1"))

    assert answer.json()["accepted"] == 1
    assert MeterReversal.objects.values_list("event_id", "reversed_by").get() == ("e1", "r1")


def test_it_takes_back_what_came_in_the_same_batch(service: Caller) -> None:
    assert service.post([reversal("r1", reverses="e1"), event("e1")]).json()["accepted"] == 2


def test_it_repeats_safely(service: Caller) -> None:
    service.post([event("e1"), reversal("r1", reverses="e1")])

    assert service.post(reversal("r1", reverses="e1")).json()["duplicates"] == 1
    assert MeterReversal.objects.count() == 1


def test_it_refuses_to_take_back_twice(service: Caller) -> None:
    service.post([event("e1"), reversal("r1", reverses="e1")])

    assert codes(service.post(reversal("r2", reverses="e1"))) == ["already_reversed"]


@pytest.mark.parametrize(
    "changes", [{"reverses": "e9"}, {"subject": "carol-at-home"}, {"source": "//tests/search"}]
)
def test_it_refuses_what_is_not_there(service: Caller, changes: dict[str, Any]) -> None:
    people.open_customer("carol", external_id="carol-at-home")
    service.post(event("e1"))

    assert codes(service.post(reversal("r1", **{"reverses": "e1"} | changes))) == ["nothing_to_reverse"]
    assert MeterEventKey.objects.count() == 1


def test_it_refuses_an_event_of_another_type(service: Caller) -> None:
    service.post(event("e1"))
    other = event("r1", type="calls.reversed", data={"reverses": "e1"})

    assert codes(service.post(other)) == ["nothing_to_reverse"]


def test_it_refuses_to_take_back_what_took_back(service: Caller) -> None:
    service.post([event("e1"), reversal("r1", reverses="e1")])

    assert codes(service.post(reversal("r2", reverses="r1"))) == ["nothing_to_reverse"]


def test_it_refuses_the_id_of_another_event(service: Caller) -> None:
    service.post([event("e1"), event("e2")])

    assert codes(service.post(reversal("e2", reverses="e1"))) == ["event_id_reused"]
    assert not MeterReversal.objects.exists()
