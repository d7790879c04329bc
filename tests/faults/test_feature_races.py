"""Many services at once at the end of what a customer may use: exactly what fits passes, whatever it is counted by."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution, MeterEvent
from config.kit import clock
from tests.support import catalogue, people, plans, runs
from tests.support.callers import Caller
from tests.support.races import race
from wallets.models import Transaction

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("books", "no_deadlocks"),
    pytest.mark.faults,
]
MANY, FEW = 100, 12
SMALL = "small-model-tokens"


def said(feature: str, quantity: int, **more: Any) -> dict[str, Any]:
    """Say what Bob used."""
    return {"customer": "bob-at-home", "feature": feature, "quantity": quantity} | more


def track(feature: str, quantity: int, *, key: str = "") -> list[Any]:
    """Tell of uses from a hundred clients at once; or of one use, under a key, from a dozen."""
    service = people.service_key()

    def tell(number: int) -> Any:
        named = {} if key else {"event_id": f"{feature}-{number}"}
        return Caller(Client(), service, "/v1/track").post(said(feature, quantity, **named), key=key or None)

    found = race(FEW if key else MANY, tell)
    assert not [each for each in found if isinstance(each, Exception)]
    return found


@pytest.fixture
def bob() -> Customer:
    """A customer that services name in their own way."""
    return people.open_customer("bob", external_id="bob-at-home")


def test_the_last_credits_cover_what_fits_and_a_key_takes_once(bob: Customer) -> None:
    plans.on_sale()
    plans.attach(bob, "credits-free", now=clock.now())

    once = track(SMALL, 100, key="k1")
    assert len({each.content for each in once}) == 1
    assert Transaction.objects.filter(kind="settle").count() == 1
    assert once[0].json()["balance"]["credits"] == "4900"

    found = track(SMALL, 100)
    assert Counter(each.status_code for each in found) == {200: 49, 402: 51}
    assert {each.json()["blocking_gate"] for each in found if each.status_code == 402} == {"wallet"}
    assert runs.wallet_of(bob).balance == 0
    assert Execution.objects.filter(state="settled").count() == 50


def test_a_hard_limit_of_what_events_report_holds(bob: Customer, tmp_path: Path) -> None:
    folder = catalogue.copied(tmp_path)
    builds = folder / "plans" / "builds.yaml"
    catalogue.change(builds, "included: 2000, hard: false", "included: 37, hard: true")
    catalogue.change(builds, "price_usd: 10", "price_usd: 0")
    catalogue.publish(folder=folder)
    plans.attach(bob, "builds", now=clock.now())

    once = track("builds", 1, key="k1")
    assert (len({each.content for each in once}), MeterEvent.objects.count()) == (1, 1)

    found = track("builds", 1)
    assert Counter(each.status_code for each in found) == {200: 36, 402: 64}
    assert {each.json()["blocking_gate"] for each in found if each.status_code == 402} == {"quota"}
    assert MeterEvent.objects.count() == 37
    asked = Caller(Client(), people.service_key(), "/v1/check").post(said("builds", 1)).json()
    assert (asked["allowed"], asked["blocking_gate"]) == (False, "quota")
    assert asked["balance"] == {"quantity": "0", "unit": "build_minutes"}
