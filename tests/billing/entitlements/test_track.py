"""POST /v1/track: so much of a feature was used."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution, MeterEvent
from config.kit import clock
from tests.support import ledger, people, plans, runs
from tests.support.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

PATH = "/v1/track"
SMALL = "small-model-tokens"


@pytest.fixture
def service(client: Client) -> Caller:
    """Call as a service."""
    return Caller(client, people.service_key(), PATH)


def use(event_id: str | None = "u1", *, quantity: Any = 2000, **changes: Any) -> dict[str, Any]:
    """Say that Bob used small tokens."""
    said = {"customer": "bob-at-home", "feature": SMALL, "quantity": quantity, "event_id": event_id}
    return {name: value for name, value in (said | changes).items() if value is not None}


class TestCredits:
    @pytest.fixture(autouse=True)
    def _plan(self, bob: Customer) -> None:
        plans.attach(bob, "credits-free", now=clock.now())

    def test_it_burns_credits_and_tells_what_is_left(self, service: Caller, bob: Customer) -> None:
        answer = service.post(use())

        assert answer.status_code == 200
        assert answer.json() == {
            "allowed": True,
            "customer": bob.public_id,
            "feature": SMALL,
            "balance": {"credits": "3000", "usd": "3.00"},
            "allowance": {"credits": "5000", "usd": "5.00"},
            "overage_allowed": False,
        }
        assert runs.wallet_of(bob).balance == runs.credits(3000)

    def test_it_refuses_what_is_not_there(self, service: Caller, bob: Customer) -> None:
        answer = service.post(use(quantity=5001))

        body = answer.json()
        assert (answer.status_code, body["code"]) == (402, "insufficient_credits")
        assert (body["blocking_gate"], body["shortfall"]["credits"]) == ("wallet", "1")
        assert body["top_up_url"]
        assert runs.wallet_of(bob).balance == runs.credits(5000)

    def test_it_charges_an_event_once(self, service: Caller, bob: Customer) -> None:
        service.post(use())
        again = service.post(use())

        assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
        assert runs.wallet_of(bob).balance == runs.credits(3000)
        assert service.post(use(quantity=1)).status_code == 422

    def test_it_answers_a_key_again_byte_by_byte(self, service: Caller, bob: Customer) -> None:
        first = service.post(use(None), key="k1")
        service.post(use("u2", quantity=1))
        again = service.post(use(None), key="k1")

        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        assert Execution.objects.count() == 2
        assert service.post(use(None, quantity=3), key="k1").status_code == 422

    def test_a_refused_key_is_free_again(self, service: Caller, bob: Customer) -> None:
        assert service.post(use(None, quantity=5001), key="k1").status_code == 402
        ledger.buy(runs.wallet_of(bob), cents=100, payment="pi_bob")

        assert service.post(use(None, quantity=5001), key="k1").status_code == 200

    def test_it_refuses_a_time_out_of_range(self, service: Caller) -> None:
        for days in (36, -1):
            at = (clock.now() - dt.timedelta(days=days)).isoformat()
            assert service.post(use(occurred_at=at)).status_code == 422, days


class TestEvents:
    def test_it_reports_to_the_features_meter(self, service: Caller, bob: Customer) -> None:
        plans.attach(bob, "tokens", now=clock.now())

        answers = [service.post(use(feature="egress", quantity="1.5")) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
        event = MeterEvent.objects.get()
        assert (event.customer_id, event.type, event.data) == (bob.pk, "egress.sent", {"gigabytes": 1.5})

    def test_it_refuses_another_use_under_the_same_id(self, service: Caller, bob: Customer) -> None:
        service.post(use(feature="egress", quantity="1.5"))

        answer = service.post(use(feature="egress", quantity="2"))

        assert (answer.status_code, answer.json()["code"]) == (409, "event_id_reused")


class TestRefuses:
    def test_a_capability(self, service: Caller, bob: Customer) -> None:
        assert service.post(use(feature="sla")).status_code == 400

    def test_a_use_that_cannot_be_told_from_the_next(self, service: Caller, bob: Customer) -> None:
        answer = service.post(use(None))

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/event_id")

    def test_a_stranger(self, client: Client, bob: Customer) -> None:
        for key in (people.customer_key(bob), people.router_key()):
            assert Caller(client, key, PATH).post(use()).status_code == 403

    def test_what_is_not_there(self, service: Caller, bob: Customer) -> None:
        for changes in ({"feature": "unheard-of"}, {"customer": "cst_" + "0" * 26}):
            assert service.post(use(**changes)).status_code == 404

    def test_bad_quantities(self, service: Caller, bob: Customer) -> None:
        for quantity in (-1, "NaN", 10**13, True, "0.0000000001"):
            for feature in (SMALL, "egress"):
                assert service.post(use(feature=feature, quantity=quantity)).status_code == 400, quantity
        assert not Execution.objects.exists()
        assert not MeterEvent.objects.exists()


class TestQuotas:
    @pytest.fixture(autouse=True)
    def _quota(self, bob: Customer) -> None:
        plans.attach(bob, "free", now=clock.now())

    def test_a_hard_quota_stops_at_its_end(self, service: Caller, bob: Customer) -> None:
        last = service.post(use(feature="execution", quantity=99)).json()
        assert (last["allowed"], last["balance"], last["allowance"]) == (
            True,
            {"quantity": "1", "unit": "EXECUTION"},
            {"quantity": "100", "unit": "EXECUTION"},
        )

        spent = service.post(use("u2", feature="execution", quantity=1)).json()
        assert (spent["allowed"], spent["blocking_gate"], spent["balance"]["quantity"]) == (
            False,
            "quota",
            "0",
        )
        refused = service.post(use("u3", feature="execution", quantity=1))
        assert (refused.status_code, refused.json()["blocking_gate"]) == (402, "quota")
        asked = service.post({"customer": "bob-at-home", "feature": "execution"}, path="/v1/check").json()
        assert (asked["allowed"], asked["blocking_gate"]) == (False, "quota")
