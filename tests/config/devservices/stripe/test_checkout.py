"""Checkout: the session over the API, and its hosted page."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import Hooks, Sim

Open = Callable[..., stripe.checkout.Session]
CARD = {"expiry": "12 / 34", "cvc": "123", "name": "Bob", "email": "bob@example.com"}


def pay(url: str | None, number: str, **more: str) -> requests.Response:
    return requests.post(str(url), data={**CARD, "number": number, **more}, allow_redirects=False, timeout=10)


def test_a_paid_session_moves_the_money_and_tells_the_webhook(
    client: stripe.StripeClient, sim: Sim, hooks: Hooks, platform_endpoint: Any, open_session: Open
) -> None:
    session = open_session()
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    sim.post(f"/checkout/sessions/{session.id}/complete")

    event = hooks.wait("checkout.session.completed")
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert event["data"]["object"]["payment_intent"] == paid.payment_intent.id  # type: ignore[union-attr]
    assert (paid.status, paid.payment_status, paid.amount_total) == ("complete", "paid", 1000)
    assert paid.line_items is not None
    assert paid.line_items.data[0].amount_total == 1000
    intent: Any = paid.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["topup"]) == ("succeeded", 1000, "1")
    txn = intent.latest_charge.balance_transaction
    assert (txn.amount, txn.fee, txn.net, txn.fee_details[0].type) == (1000, 59, 941, "stripe_fee")
    types = [event["type"] for _, event, _, _ in hooks.received]
    assert {"payment_intent.succeeded", "charge.succeeded", "payment_method.attached"} <= set(types)


def test_the_saved_card_pays_off_session_later(
    client: stripe.StripeClient, sim: Sim, customer: stripe.Customer, open_session: Open
) -> None:
    sim.post(f"/checkout/sessions/{open_session().id}/complete", card="4000 0025 0000 3155")
    card = client.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data[0]
    intent = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": card.id,
            "off_session": True,
            "confirm": True,
        }
    )
    assert intent.status == "succeeded"


def test_the_page_takes_a_card_and_returns_to_the_shop(
    client: stripe.StripeClient, open_session: Open
) -> None:
    session = open_session()
    page = requests.get(str(session.url), timeout=10)
    assert page.status_code == 200
    assert "10.00 USD" in page.text
    assert "test mode" in page.text
    answer = pay(session.url, "4242 4242 4242 4242")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:9/done?s={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    again = pay(session.url, "4242424242424242")
    assert "Already paid" in again.text
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000009995", "insufficient funds"),
        ("4242424242424241", "number is incorrect"),
        ("4111111111111111", "non test card"),
    ],
)
def test_a_declined_card_says_why_and_may_be_replaced(
    client: stripe.StripeClient, open_session: Open, number: str, sentence: str
) -> None:
    session = open_session()
    declined = pay(session.url, number)
    assert declined.status_code == 402
    assert sentence in declined.text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    assert client.v1.balance.retrieve().pending[0].amount == 0
    assert pay(session.url, "4242424242424242").status_code == 303
    assert client.v1.balance.retrieve().pending[0].amount == 941


@pytest.mark.parametrize("field", [{"expiry": "12/20"}, {"expiry": "x"}, {"cvc": "1"}, {"expiry": "13/34"}])
def test_a_mistyped_card_charges_nothing(
    client: stripe.StripeClient, open_session: Open, field: dict[str, str]
) -> None:
    session = open_session()
    assert pay(session.url, "4242424242424242", **field).status_code == 402
    assert client.v1.charges.list().data == []


def test_3d_secure_stands_between_card_and_payment(client: stripe.StripeClient, open_session: Open) -> None:
    session = open_session()
    step = pay(session.url, "4000 0025 0000 3155")
    intent_id = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert step.headers["Location"] == f"/3ds/{intent_id}"
    url = str(session.url).split("/c/pay")[0] + step.headers["Location"]
    assert "3-D Secure" in requests.get(url, timeout=10).text
    failed = requests.post(url, data={"answer": "fail"}, timeout=10)
    assert "Try another card" in failed.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    pay(session.url, "4000 0025 0000 3155")
    passed = requests.post(url, data={"answer": "complete"}, allow_redirects=False, timeout=10)
    assert session.id in passed.headers["Location"]
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_an_expired_session_says_so_and_cannot_be_paid(
    client: stripe.StripeClient, sim: Sim, hooks: Hooks, platform_endpoint: Any, open_session: Open
) -> None:
    session = open_session()
    client.v1.checkout.sessions.expire(session.id)
    hooks.wait("checkout.session.expired")
    assert "has expired" in pay(session.url, "4242424242424242").text
    assert client.v1.charges.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(session.id)


def test_a_session_expires_when_its_time_has_come(
    client: stripe.StripeClient, sim: Sim, hooks: Hooks, platform_endpoint: Any, open_session: Open
) -> None:
    session = open_session()
    sim.post("/clock/advance", seconds=24 * 3600 - 60)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    sim.post("/clock/advance", seconds=60)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    hooks.wait("checkout.session.expired")


def test_a_wish_for_an_hour_counts_from_now_even_when_the_clock_was_moved_on(
    client: stripe.StripeClient, sim: Sim, open_session: Open
) -> None:
    wall = sim.get("/clock")["now"]
    sim.post("/clock/advance", days=10)
    session = open_session(expires_at=wall + 3600)
    sim.post("/clock/advance", seconds=3500)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    sim.post("/clock/advance", seconds=200)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        open_session(expires_at=wall + 60)


def test_a_scripted_decline_leaves_the_session_open(sim: Sim, open_session: Open) -> None:
    session = open_session()
    assert sim.post(f"/checkout/sessions/{session.id}/decline")["status"] == "open"
    assert sim.post(f"/checkout/sessions/{session.id}/complete")["payment_status"] == "paid"


def test_it_refuses_what_stripe_refuses(
    client: stripe.StripeClient, standin: StandIn, open_session: Open
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        open_session(customer="cus_nobody")
    assert missing.value.code == "resource_missing"
    assert missing.value.param == "customer"
    with pytest.raises(stripe.InvalidRequestError) as small:
        open_session(amount=49)
    assert small.value.code == "amount_too_small"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        open_session(colour="red")
    assert unknown.value.code == "parameter_unknown"


def test_back_and_escaped_names_are_on_the_page(open_session: Open) -> None:
    hostile = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "<script>alert(1)</script>"}}
    page = requests.get(
        str(open_session(line_items=[{"quantity": 1, "price_data": hostile}]).url), timeout=10
    ).text
    assert "<script>" not in page
    assert "http://127.0.0.1:9/back" in page


def test_a_guest_who_saves_a_card_becomes_a_customer(client: stripe.StripeClient, sim: Sim) -> None:
    session = client.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "success_url": "http://127.0.0.1:9/done"}
    )
    done = sim.post(f"/checkout/sessions/{session.id}/complete", email="new@example.com")
    customer = client.v1.customers.retrieve(done["customer"])
    assert customer.email == "new@example.com"
    assert client.v1.setup_intents.retrieve(done["setup_intent"]).status == "succeeded"


@pytest.mark.parametrize(("outcome", "expected"), [("succeeded", ("paid", 941)), ("failed", ("unpaid", 0))])
def test_a_session_can_complete_before_its_money_comes(
    client: stripe.StripeClient, sim: Sim, open_session: Open, outcome: str, expected: tuple[str, int]
) -> None:
    session = open_session()
    sim.post(f"/checkout/sessions/{session.id}/complete", unpaid=True)
    completed: Any = client.v1.events.list({"type": "checkout.session.completed"}).data[0].data.object
    assert (completed["status"], completed["payment_status"]) == ("complete", "unpaid")
    assert client.v1.payment_intents.retrieve(completed["payment_intent"]).status == "processing"
    assert client.v1.balance.retrieve().pending[0].amount == 0
    sim.post(f"/checkout/sessions/{session.id}/settle", outcome=outcome)
    after = client.v1.checkout.sessions.retrieve(session.id).payment_status, client.v1.balance.retrieve()
    assert client.v1.events.list().data[0].type == f"checkout.session.async_payment_{outcome}"
    assert (after[0], after[1].pending[0].amount) == expected
