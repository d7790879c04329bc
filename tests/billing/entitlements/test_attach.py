"""POST /v1/attach: put a customer on a plan."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Subscription
from billing.operations import payments
from config.kit import clock
from tests.support import people
from tests.support.callers import Caller
from tests.support.checkout import pay
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

PATH = "/v1/attach"


@pytest.fixture
def service(client: Client) -> Caller:
    """Call as a service."""
    return Caller(client, people.service_key(), PATH)


def wish(plan: str = "credits-free", **changes: Any) -> dict[str, Any]:
    """Ask for a plan for Bob."""
    return {"customer": "bob-at-home", "plan": plan} | changes


def test_it_attaches_a_free_plan_at_once(service: Caller, bob: Customer) -> None:
    answer = service.post(wish())

    subscription = Subscription.objects.get(customer=bob)
    assert (answer.status_code, subscription.state) == (200, "active")
    assert answer.json() == {
        "attached": True,
        "customer": bob.public_id,
        "plan": "credits-free",
        "subscription": subscription.public_id,
    }


def test_it_gives_the_checkout_of_a_paid_plan(
    service: Caller, bob: Customer, stripe_standin: StripeStandin
) -> None:
    asked = wish("credits-pro", overage=True)
    first = service.post(asked, key="k1")
    subscription = Subscription.objects.get(customer=bob)

    assert (first.json()["attached"], first.json()["checkout_url"]) == (False, subscription.checkout_url)
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=clock.now())
    again = service.post(asked, key="k1")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    use = {"customer": "bob-at-home", "feature": "small-model-tokens", "quantity": 10**5 + 1}
    found = service.post(use, path="/v1/check").json()
    assert (found["allowed"], found["balance"]["credits"], found["overage_allowed"]) == (True, "100000", True)


def test_a_plan_that_is_there_stays(service: Caller, bob: Customer) -> None:
    first = service.post(wish(), key="k1")

    assert service.post(wish(), key="k2").content == first.content
    assert Subscription.objects.count() == 1


def test_it_opens_a_customer_nobody_has_heard_of(service: Caller) -> None:
    answer = service.post(wish(customer="carol-at-home", name="Carol", email="carol@example.com"))

    carol = Customer.objects.get(external_id="carol-at-home")
    assert answer.json()["customer"] == carol.public_id
    assert (carol.name, carol.email) == ("Carol", "carol@example.com")


def test_a_key_is_for_one_customer(service: Caller, bob: Customer) -> None:
    service.post(wish(), key="k1")
    other = service.post(wish(customer="carol-at-home"), key="k1")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_it_refuses_a_stranger(client: Client, bob: Customer) -> None:
    for key in (people.customer_key(bob), people.router_key()):
        assert Caller(client, key, PATH).post(wish()).status_code == 403


def test_it_refuses_bad_input(service: Caller, bob: Customer) -> None:
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"plan": "unheard-of"}, 404),
        ({"plan": ""}, 400),
        ({"customer": "cst_" + "0" * 26}, 404),
        ({"tier": "gold"}, 400),
        ({"quantity": 0}, 400),
        ({"quantity": 2}, 400),
        ({"quantity": 10**9}, 400),
        ({"zone": "Mars/Olympus"}, 400),
        ({"email": "nobody"}, 400),
        ({"email": "bob@example.com\n"}, 400),
        ({"customer": " "}, 400),
        ({"success_url": "https://elsewhere.example/"}, 400),
        ({"cancel_url": "javascript:alert(1)"}, 400),
        ({"plan": "enterprise"}, 403),
        ({"surprise": 1}, 400),
    ]
    for changes, status in wrong:
        assert service.post(wish(**changes)).status_code == status, changes
    assert not Subscription.objects.exists()
