"""POST /v1/wallet/topup, GET /v1/wallet/topups/{id}."""

from typing import Any

import pytest
from django.test import Client

from billing.models import TopUp
from billing.operations import payments
from tests.support.checkout import pay
from tests.support.people import bearer, customer_key, open_customer, router_key
from tests.support.processes import StripeStandin
from wallets.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

SESSIONS = "/v1/checkout/sessions"


@pytest.fixture
def key() -> Any:
    """Give Bob's key."""
    return customer_key(open_customer())


def post(client: Client, key: Any, body: Any, **headers: str) -> Any:
    """Ask for credits."""
    return client.post(
        "/v1/wallet/topup", body, content_type="application/json", headers={**bearer(key), **headers}
    )


def test_it_opens_a_checkout(client: Client, key: Any, stripe_standin: StripeStandin) -> None:
    answer = post(client, key, {"amount_usd": "10.00"})

    top_up = TopUp.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": top_up.public_id,
        "status": "pending",
        "checkout_url": top_up.checkout_url,
        "stripe_session_id": top_up.stripe_session_id,
        "credits": {
            "paid": {"credits": "10000", "usd": "10.00"},
            "bonus": {"credits": "0", "usd": "0.00"},
        },
        "expires_at": answer.json()["expires_at"],
    }
    assert answer.json()["expires_at"].endswith("Z")


def test_it_sells_packages_with_their_bonus(client: Client, key: Any, stripe_standin: StripeStandin) -> None:
    answer = post(client, key, {"package": "growth"})

    assert answer.json()["credits"]["paid"]["credits"] == "50000"
    assert answer.json()["credits"]["bonus"]["credits"] == "10000"


def test_it_says_how_a_top_up_stands(client: Client, key: Any, stripe_standin: StripeStandin) -> None:
    opened = post(client, key, {"amount_usd": "10.00"}).json()
    address = f"/v1/wallet/topups/{opened['id']}"
    assert client.get(address, headers=bearer(key)).json()["status"] == "pending"
    pay(stripe_standin, opened["stripe_session_id"])
    payments.fulfil(session_id=opened["stripe_session_id"], now=TopUp.objects.get().created_at)

    found = client.get(address, headers=bearer(key)).json()

    assert found["status"] == "paid"
    assert found["amount_usd"] == "10.00"
    assert found["paid_at"] is not None


def test_it_sends_the_payer_where_the_caller_says(
    client: Client, key: Any, stripe_standin: StripeStandin, settings: Any
) -> None:
    settings.CHECKOUT_RETURN_ORIGINS = ["https://app.example"]
    urls = {"success_url": "https://app.example/thanks", "cancel_url": f"{settings.SITE_URL}/back"}

    assert post(client, key, {"amount_usd": "10.00", **urls}).status_code == 201

    top_up = TopUp.objects.get()
    assert (top_up.success_url, top_up.cancel_url) == (urls["success_url"], urls["cancel_url"])


def test_it_refuses_a_stranger(client: Client, key: Any, stripe_standin: StripeStandin) -> None:
    opened = post(client, key, {"amount_usd": "10.00"}).json()
    charlie = customer_key(open_customer("charlie"))

    assert client.get(f"/v1/wallet/topups/{opened['id']}", headers=bearer(charlie)).status_code == 404
    assert client.get(f"/v1/wallet/topups/{opened['id']}").status_code == 401
    assert post(client, router_key(), {"amount_usd": "10.00"}).status_code == 403
    read_only = customer_key(open_customer("dora"), scopes=["wallet:read"])
    assert post(client, read_only, {"amount_usd": "10.00"}).status_code == 403
    assert TopUp.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount_usd": "10.00", "package": "growth"},
        {"amount_usd": "0.99"},
        {"amount_usd": "10000.01"},
        {"amount_usd": "10.005"},
        {"amount_usd": "-10.00"},
        {"amount_usd": "0"},
        {"amount_usd": "NaN"},
        {"amount_usd": "Infinity"},
        {"amount_usd": "1e400"},
        {"amount_usd": "9223372036854775808"},
        {"amount_usd": "1,000"},
        {"amount_usd": "ten"},
        {"amount_usd": ""},
        {"amount_usd": 10},
        {"amount_usd": 10.0},
        {"amount_usd": None},
        {"amount_usd": ["10.00"]},
        {"amount_usd": "10.00\u0000"},
        {"package": "gold"},
        {"package": ""},
        {"amount_usd": "10.00", "currency": "eur"},
        {"amount_usd": "10.00", "success_url": "https://evil.example/"},
        {"amount_usd": "10.00", "success_url": "javascript:alert(1)"},
        {"amount_usd": "10.00", "success_url": "http://127.0.0.1:8000@evil.example/"},
        {"amount_usd": "10.00", "success_url": "http://127.0.0.1:8000\\@evil.example/"},
        {"amount_usd": "10.00", "success_url": "//evil.example/"},
        {"amount_usd": "10.00", "cancel_url": "http://[evil"},
        [],
        "10.00",
    ],
)
def test_it_refuses_bad_input(client: Client, key: Any, body: Any) -> None:
    answer = post(client, key, body)

    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not TopUp.objects.exists()


def test_it_answers_the_same_bytes_to_the_same_key(
    client: Client, key: Any, stripe_standin: StripeStandin
) -> None:
    first = post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})
    pay(stripe_standin, first.json()["stripe_session_id"])
    payments.fulfil(session_id=first.json()["stripe_session_id"], now=TopUp.objects.get().created_at)

    again = post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert TopUp.objects.count() == 1


def test_it_refuses_another_body_under_the_key(
    client: Client, key: Any, stripe_standin: StripeStandin
) -> None:
    post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})

    again = post(client, key, {"amount_usd": "20.00"}, **{"Idempotency-Key": "k1"})

    assert again.status_code == 422
    assert again.json()["code"] == "idempotency_key_reused"


def test_it_keeps_the_keys_of_two_principals_apart(
    client: Client, key: Any, stripe_standin: StripeStandin
) -> None:
    charlie = customer_key(open_customer("charlie"))

    post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})
    answer = post(client, charlie, {"amount_usd": "20.00"}, **{"Idempotency-Key": "k1"})

    assert answer.status_code == 201
    assert TopUp.objects.count() == 2


def test_it_says_503_when_stripe_is_down_and_works_when_repeated(
    client: Client, key: Any, stripe_standin: StripeStandin
) -> None:
    stripe_standin.post("/_sim/faults", kind="status", status=503, path=SESSIONS, count=3)

    down = post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})
    again = post(client, key, {"amount_usd": "10.00"}, **{"Idempotency-Key": "k1"})

    assert down.status_code == 503
    assert down.json()["code"] == "stripe_unavailable"
    assert again.status_code == 201
    assert TopUp.objects.count() == 1
    assert not Entry.objects.exists()
