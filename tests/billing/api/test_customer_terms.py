"""GET /internal/customers/{id}/terms: plan, capabilities, agreements."""

from decimal import Decimal

import pytest
from django.test import Client

from marketplace import agreements
from marketplace.agreements import Commitment, Deal
from tests.support import people, plans
from tests.support.catalogue import publish
from tests.support.checkout import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def router(client: Client) -> Client:
    """A router's client."""
    client.defaults |= {f"HTTP_{k.upper()}": v for k, v in people.bearer(people.router_key()).items()}
    return client


def test_it_tells_what_was_agreed_on(router: Client) -> None:
    publish(now=NOW)
    bob = people.open_customer("bob", external_id="bob-at-home")
    deal = Deal(
        plan="enterprise",
        starts_at=NOW,
        months=60,
        commitment=Commitment(metric="execution", quantity=Decimal(100_000)),
        terms={"sla": "99.9 %", "priority": "high"},
    )
    agreements.agree(customer=bob, deal=deal, actor="user:olive", now=NOW)

    told = router.get("/internal/customers/bob-at-home/terms")

    assert told.status_code == 200
    assert told.json() == {
        "customer": bob.public_id,
        "plan": None,
        "capabilities": [],
        "agreements": [
            {
                "plan": "enterprise",
                "starts_at": "2026-03-02T12:00:00Z",
                "ends_at": "2031-03-02T12:00:00Z",
                "committed": {"metric": "execution", "quantity": "100000", "discount_percent": "20"},
                "terms": {"sla": "99.9 %", "priority": "high"},
            }
        ],
    }


def test_it_tells_the_plan_and_its_capabilities(router: Client) -> None:
    plans.on_sale()
    bob = people.open_customer("bob")
    plans.attach(bob, "payg")

    told = router.get(f"/internal/customers/{bob.public_id}/terms").json()

    assert (told["plan"], told["capabilities"], told["agreements"]) == ("payg", ["email-support"], [])


def test_it_refuses_a_stranger(client: Client) -> None:
    bob = people.open_customer("bob")
    path = f"/internal/customers/{bob.public_id}/terms"

    assert client.get(path).status_code == 401
    assert client.get(path, headers=people.bearer(people.customer_key(bob))).status_code == 403


@pytest.mark.parametrize("who", ["nobody", "cst_00000000000000000000000000", "%00", "a" * 500])
def test_it_knows_no_customer_of_that_name(router: Client, who: str) -> None:
    assert router.get(f"/internal/customers/{who}/terms").status_code == 404


def test_it_refuses_what_it_does_not_know(router: Client) -> None:
    bob = people.open_customer("bob")

    assert router.get(f"/internal/customers/{bob.public_id}/terms?at=now").status_code == 400
    assert router.post(f"/internal/customers/{bob.public_id}/terms").status_code == 405
