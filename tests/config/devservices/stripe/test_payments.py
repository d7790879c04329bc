"""PaymentIntents, refunds and disputes, and what each does to the balance."""

from typing import Any

import pytest
import requests
import stripe

from config.devservices.stripe.server import StandIn
from tests.config.devservices.stripe.conftest import Hooks, Sim


def charge(
    client: stripe.StripeClient, customer: stripe.Customer, card: str = "pm_card_visa", **more: Any
) -> Any:
    params: Any = {
        "amount": 5000,
        "currency": "usd",
        "customer": customer.id,
        "payment_method": card,
        "confirm": True,
        "off_session": True,
        "metadata": {"topup": "9"},
    }
    return client.v1.payment_intents.create(params | more)


def pending(client: stripe.StripeClient) -> tuple[int, int]:
    balance = client.v1.balance.retrieve()
    return balance.available[0].amount, balance.pending[0].amount


def test_money_is_pending_first_and_available_later(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim
) -> None:
    intent = charge(client, customer)
    assert pending(client) == (0, 4825)
    txn = client.v1.balance_transactions.list({"source": intent.latest_charge}).data[0]
    assert (txn.status, txn.type, txn.fee, txn.available_on - txn.created) == (
        "pending",
        "charge",
        175,
        2 * 86_400,
    )
    sim.post("/clock/advance", days=2)
    assert pending(client) == (4825, 0)
    assert client.v1.balance_transactions.retrieve(txn.id).status == "available"


def test_the_delay_is_a_setting_and_can_be_skipped(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim
) -> None:
    charge(client, customer)
    sim.post("/balance/release")
    assert pending(client) == (4825, 0)
    sim.post("/settings", pending_days=0)
    charge(client, customer)
    assert pending(client) == (9650, 0)
    charge(client, customer, "pm_card_bypassPending")
    assert pending(client) == (14_475, 0)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
def test_a_decline_is_402_with_the_intent_inside(
    client: stripe.StripeClient, customer: stripe.Customer, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        charge(client, customer, card)
    error: Any = declined.value.error
    assert (declined.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    kept = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert kept.last_payment_error is not None
    assert kept.last_payment_error.decline_code == decline_code
    assert client.v1.charges.retrieve(str(kept.latest_charge)).status == "failed"
    assert pending(client) == (0, 0)
    again = client.v1.payment_intents.confirm(kept.id, {"payment_method": "pm_card_visa"})
    assert again.status == "succeeded"


def test_on_session_authentication_is_a_step(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "http://127.0.0.1:9/back",
        }
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    step = requests.post(
        str(intent.next_action.redirect_to_url.url),
        data={"answer": "complete"},
        allow_redirects=False,
        timeout=10,
    )
    assert step.headers["Location"] == "http://127.0.0.1:9/back"
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_cancelled_intent_stays_cancelled(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd", "customer": customer.id})
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as late:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert late.value.code == "payment_intent_unexpected_state"


def test_a_scripted_decline_hits_the_next_charge_only(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim
) -> None:
    sim.post("/faults", kind="decline", path="/v1/payment_intents", decline_code="insufficient_funds")
    with pytest.raises(stripe.CardError, match="insufficient funds"):
        charge(client, customer)
    assert charge(client, customer).status == "succeeded"


def test_refunds_stop_at_what_was_paid(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    intent = charge(client, customer)
    part = client.v1.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 2000,
            "reason": "requested_by_customer",
            "metadata": {"r": "1"},
        }
    )
    assert (part.status, part.amount, part.charge) == ("succeeded", 2000, intent.latest_charge)
    with pytest.raises(
        stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(\$30.00\)"
    ):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 3001})
    client.v1.refunds.create({"charge": intent.latest_charge})
    whole = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (whole.refunded, whole.amount_refunded) == (True, 5000)
    assert whole.refunds is not None
    assert len(whole.refunds.data) == 2
    with pytest.raises(stripe.InvalidRequestError) as late:
        client.v1.refunds.create({"charge": intent.latest_charge})
    assert late.value.code == "charge_already_refunded"
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 2


def test_a_refund_can_bounce(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim, hooks: Hooks, platform_endpoint: Any
) -> None:
    intent = charge(client, customer)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    before = pending(client)
    sim.post(f"/refunds/{refund.id}/fail")
    hooks.wait("refund.failed")
    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0
    assert sum(pending(client)) == sum(before) + 5000


def test_a_dispute_takes_the_money_and_a_fee(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim, hooks: Hooks, platform_endpoint: Any
) -> None:
    intent = charge(client, customer, "pm_card_bypassPending")
    dispute = sim.post(f"/charges/{intent.latest_charge}/dispute", reason="fraudulent")
    assert pending(client) == (4825 - 5000 - 1500, 0)
    for name in ("charge.dispute.created", "charge.dispute.funds_withdrawn"):
        assert hooks.wait(name)["data"]["object"]["id"] == dispute["id"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"
    sim.post(f"/disputes/{dispute['id']}/close", status="won")
    hooks.wait("charge.dispute.funds_reinstated")
    assert hooks.wait("charge.dispute.closed")["data"]["object"]["status"] == "won"
    assert pending(client) == (4825 - 1500, 0)
    assert client.v1.disputes.list({"payment_intent": intent.id}).data[0].status == "won"


def test_a_dispute_can_be_lost(client: stripe.StripeClient, customer: stripe.Customer, sim: Sim) -> None:
    intent = charge(client, customer)
    dispute = sim.post(f"/charges/{intent.latest_charge}/dispute")
    assert client.v1.disputes.close(dispute["id"]).status == "lost"
    answer = requests.post(
        f"{sim.url}/_sim/disputes/{dispute['id']}/close", json={"status": "won"}, timeout=10
    )
    assert answer.status_code == 400


def test_evidence_can_win(client: stripe.StripeClient, customer: stripe.Customer, sim: Sim) -> None:
    intent = charge(client, customer)
    dispute = sim.post(f"/charges/{intent.latest_charge}/dispute")
    won = client.v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert won.status == "won"


def test_the_dispute_card_is_disputed_a_day_later(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim
) -> None:
    intent = charge(client, customer, "pm_card_createDispute")
    assert client.v1.disputes.list().data == []
    sim.post("/clock/advance", days=1)
    assert client.v1.disputes.list().data[0].charge == intent.latest_charge
    sim.post("/clock/advance", days=1)
    assert len(client.v1.disputes.list().data) == 1


def test_the_balance_is_the_sum_of_its_transactions(
    client: stripe.StripeClient, customer: stripe.Customer, sim: Sim, standin: StandIn
) -> None:
    sim.post("/balance/topup", amount=10_000)
    intent = charge(client, customer)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    sim.post(f"/charges/{charge(client, customer).latest_charge}/dispute")
    listed = sum(txn.net for txn in client.v1.balance_transactions.list({"limit": 100}).data)
    assert sum(pending(client)) == listed
