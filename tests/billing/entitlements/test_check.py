"""POST /v1/check: may a customer use so much of a feature?"""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Execution, Subscription
from config.kit import clock
from tests.support import meters, people, plans
from tests.support.callers import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

SMALL = "small-model-tokens"


def ask(service: Caller, feature: str, quantity: Any = None, customer: str = "bob-at-home") -> dict[str, Any]:
    """Ask, and expect an answer."""
    said = {"customer": customer, "feature": feature} | ({} if quantity is None else {"quantity": quantity})
    answer = service.post(said)
    assert answer.status_code == 200, answer.json()
    return dict(answer.json())


class TestCredits:
    def test_it_tells_what_is_left_of_a_plans_credits_and_what_they_cover(
        self, service: Caller, bob: Customer
    ) -> None:
        plans.attach(bob, "credits-free", now=clock.now())

        assert ask(service, SMALL, 5000) == {
            "allowed": True,
            "customer": bob.public_id,
            "feature": SMALL,
            "balance": {"credits": "5000", "usd": "5.00"},
            "allowance": {"credits": "5000", "usd": "5.00"},
            "overage_allowed": False,
        }
        assert not Execution.objects.exists()

        found = ask(service, SMALL, "5000.000001")

        assert (found["allowed"], found["blocking_gate"]) == (False, "wallet")

        # One balance is good on every feature.
        assert [ask(service, "large-model-tokens", n)["allowed"] for n in (100, 101)] == [True, False]

    def test_a_customer_without_a_plan_has_nothing(self, service: Caller, bob: Customer) -> None:
        found = ask(service, SMALL)

        assert (found["allowed"], found["balance"], found["allowance"]) == (
            False,
            {"credits": "0", "usd": "0.00"},
            {"credits": "0", "usd": "0.00"},
        )


class TestCapabilities:
    def test_a_plan_brings_it_or_not(self, service: Caller, bob: Customer) -> None:
        plans.attach(bob, "payg", now=clock.now())

        there, absent = ask(service, "email-support"), ask(service, "sla")

        assert (there["allowed"], there["balance"], there["allowance"]) == (True, None, None)
        assert (absent["allowed"], absent["blocking_gate"]) == (False, "entitlement")

    def test_it_follows_the_subscriptions_state(self, service: Caller, bob: Customer) -> None:
        subscription = plans.attach(bob, "payg", now=clock.now())
        for state, allowed in (("past_due", True), ("paused", False), ("cancelled", False)):
            since: dict[str, Any] = {"past_due_at": None, "paused_at": None}
            if f"{state}_at" in since:
                since[f"{state}_at"] = clock.now()
            Subscription.objects.filter(pk=subscription.pk).update(state=state, **since)

            assert ask(service, "email-support")["allowed"] is allowed, state


class TestEvents:
    def test_it_reads_the_meter_of_the_period(self, service: Caller, bob: Customer) -> None:
        plans.attach(bob, "tokens", now=clock.now())
        meters.report(bob, "llm.completed", now=clock.now(), input_tokens=7, output_tokens=1)

        found = ask(service, "input-tokens", 10**9)

        # As much as one likes: nothing is left, and nothing runs out.
        assert (found["allowed"], found["allowance"], found["overage_allowed"]) == (True, None, True)

    def test_without_the_plan_it_is_blocked(self, service: Caller, bob: Customer) -> None:
        assert ask(service, "input-tokens")["blocking_gate"] == "entitlement"


class TestFirstSight:
    def test_it_opens_a_customer_nobody_has_heard_of(self, service: Caller) -> None:
        found = ask(service, SMALL, customer="carol-at-home")

        assert found["customer"] == Customer.objects.get(external_id="carol-at-home").public_id

    def test_it_opens_none_for_an_id_of_ours(self, service: Caller) -> None:
        answer = service.post({"customer": "cst_" + "0" * 26, "feature": SMALL})

        assert (answer.status_code, answer.json()["code"]) == (404, "customer_not_found")


class TestRefuses:
    def test_a_stranger(self, client: Client, bob: Customer) -> None:
        for key in (people.customer_key(bob), people.router_key()):
            answer = Caller(client, key, "/v1/check").post({"customer": bob.public_id, "feature": SMALL})
            assert (answer.status_code, answer.json()["code"]) == (403, "wrong_key_kind")

    def test_bad_input(self, service: Caller, bob: Customer) -> None:
        wrong: list[tuple[dict[str, Any], int]] = [
            ({"feature": "unheard-of"}, 404),
            ({"feature": ""}, 400),
            ({"feature": "x" * 61}, 400),
            ({"customer": ""}, 400),
            ({"customer": None}, 400),
            ({"quantity": -1}, 400),
            ({"quantity": "NaN"}, 400),
            ({"quantity": 10**13}, 400),
            ({"quantity": "0.0000000001"}, 400),
            ({"surprise": 1}, 400),
        ]
        for changes, status in wrong:
            body = {"customer": bob.public_id, "feature": SMALL} | changes
            assert service.post(body).status_code == status, changes
