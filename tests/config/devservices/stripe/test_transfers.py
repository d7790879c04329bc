"""Transfers, reversals, and the bank payouts that follow."""

from typing import Any

import pytest
import stripe

from tests.config.devservices.stripe.conftest import Hooks, Sim


def send(
    client: stripe.StripeClient, account: stripe.Account, amount: int = 700, **more: Any
) -> stripe.Transfer:
    params: Any = {
        "amount": amount,
        "currency": "usd",
        "destination": account.id,
        "transfer_group": "batch-1",
        "metadata": {"payout": "5"},
    }
    return client.v1.transfers.create(
        params | more, {"idempotency_key": more.get("description", "payout:5:1")}
    )


def free(client: stripe.StripeClient, account: stripe.Account | None = None) -> int:
    options: Any = {"stripe_account": account.id} if account else {}
    return client.v1.balance.retrieve({}, options).available[0].amount


def test_a_transfer_moves_available_money(
    client: stripe.StripeClient,
    sim: Sim,
    enabled_account: stripe.Account,
    hooks: Hooks,
    platform_endpoint: Any,
) -> None:
    sim.post("/balance/topup", amount=1000)
    transfer = send(client, enabled_account)
    assert (free(client), free(client, enabled_account)) == (300, 700)
    assert transfer.reversals.data == []
    assert (transfer.transfer_group, transfer.metadata["payout"]) == ("batch-1", "5")
    txn = client.v1.balance_transactions.retrieve(str(transfer.balance_transaction))
    assert (txn.type, txn.net, txn.source) == ("transfer", -700, transfer.id)
    assert hooks.wait("transfer.created")["data"]["object"]["id"] == transfer.id
    found = client.v1.transfers.list({"transfer_group": "batch-1", "destination": enabled_account.id}).data
    assert [item.id for item in found] == [transfer.id]
    assert client.v1.transfers.list({"transfer_group": "batch-2"}).data == []


def test_pending_money_cannot_be_sent(
    client: stripe.StripeClient, sim: Sim, enabled_account: stripe.Account, customer: stripe.Customer
) -> None:
    intent: Any = client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        send(client, enabled_account)
    assert (refused.value.http_status, refused.value.code) == (400, "balance_insufficient")
    tied = send(client, enabled_account, description="tied", source_transaction=intent.latest_charge)
    theirs = client.v1.balance.retrieve({}, {"stripe_account": enabled_account.id})
    assert (theirs.available[0].amount, theirs.pending[0].amount) == (0, 700)
    assert tied.source_transaction == intent.latest_charge
    sim.post("/clock/advance", days=2)
    assert send(client, enabled_account, description="later").amount == 700


def test_it_refuses_accounts_that_cannot_receive(
    client: stripe.StripeClient, sim: Sim, account: stripe.Account
) -> None:
    sim.post("/balance/topup", amount=1000)
    with pytest.raises(stripe.InvalidRequestError) as restricted:
        send(client, account)
    assert restricted.value.code == "insufficient_capabilities_for_transfer"
    with pytest.raises(stripe.InvalidRequestError) as nobody:
        client.v1.transfers.create({"amount": 5, "currency": "usd", "destination": "acct_nobody"})
    assert (nobody.value.code, nobody.value.param) == ("resource_missing", "destination")
    assert free(client) == 1000


def test_a_reversal_takes_money_back_up_to_what_was_sent(
    client: stripe.StripeClient,
    sim: Sim,
    enabled_account: stripe.Account,
    hooks: Hooks,
    platform_endpoint: Any,
) -> None:
    sim.post("/balance/topup", amount=1000)
    transfer = send(client, enabled_account)
    part = client.v1.transfers.reversals.create(transfer.id, {"amount": 200, "metadata": {"why": "fraud"}})
    assert (free(client), free(client, enabled_account)) == (500, 500)
    with pytest.raises(stripe.InvalidRequestError, match="greater than the unreversed amount"):
        client.v1.transfers.reversals.create(transfer.id, {"amount": 501})
    client.v1.transfers.reversals.create(transfer.id)
    whole = client.v1.transfers.retrieve(transfer.id)
    assert (whole.reversed, whole.amount_reversed, len(whole.reversals.data)) == (True, 700, 2)
    assert client.v1.transfers.reversals.retrieve(transfer.id, part.id).amount == 200
    assert len(client.v1.transfers.reversals.list(transfer.id).data) == 2
    hooks.wait("transfer.reversed", count=2)
    with pytest.raises(stripe.InvalidRequestError, match="already been fully reversed"):
        client.v1.transfers.reversals.create(transfer.id)


def test_money_at_the_bank_cannot_be_reversed(
    client: stripe.StripeClient, sim: Sim, enabled_account: stripe.Account
) -> None:
    sim.post("/balance/topup", amount=1000)
    transfer = send(client, enabled_account)
    sim.post("/payouts/run")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.transfers.reversals.create(transfer.id)
    assert refused.value.code == "balance_insufficient"


def test_the_bank_payout_arrives_by_itself_and_leads_back_to_the_transfer(
    client: stripe.StripeClient,
    sim: Sim,
    enabled_account: stripe.Account,
    hooks: Hooks,
    connect_endpoint: Any,
) -> None:
    sim.post("/balance/topup", amount=1000)
    transfer = send(client, enabled_account)
    own: Any = {"stripe_account": enabled_account.id}
    sim.post("/clock/advance", days=1)
    payout = client.v1.payouts.list({}, own).data[0]
    assert (payout.status, payout.amount, payout.automatic) == ("in_transit", 700, True)
    assert payout.arrival_date - payout.created == pytest.approx(86_400, abs=5)
    assert free(client, enabled_account) == 0
    sim.post("/clock/advance", days=1)
    paid = hooks.wait("payout.paid")
    assert (paid["account"], paid["data"]["object"]["id"]) == (enabled_account.id, payout.id)
    assert hooks.of_type("payout.created")[0]["account"] == enabled_account.id
    assert client.v1.payouts.retrieve(payout.id, {}, own).status == "paid"
    tied = client.v1.balance_transactions.list(
        {"payout": payout.id, "type": "payment", "expand": ["data.source"]}, own
    ).data
    assert [txn.source.source_transfer for txn in tied] == [transfer.id]  # type: ignore[union-attr]
    assert client.v1.payouts.list().data == []


def test_a_week_in_one_step_pays_everything(
    client: stripe.StripeClient, sim: Sim, enabled_account: stripe.Account
) -> None:
    sim.post("/balance/topup", amount=1000)
    send(client, enabled_account)
    sim.post("/clock/advance", days=7)
    assert [
        payout.status for payout in client.v1.payouts.list({}, {"stripe_account": enabled_account.id})
    ] == ["paid"]


def test_the_control_sends_and_delivers_bank_payouts(
    client: stripe.StripeClient,
    sim: Sim,
    enabled_account: stripe.Account,
    hooks: Hooks,
    connect_endpoint: Any,
) -> None:
    sim.post("/balance/topup", amount=1000)
    send(client, enabled_account)
    made = sim.post("/payouts/run", arrive=False)["data"]
    assert [payout["status"] for payout in made] == ["in_transit"]
    sim.post(f"/payouts/{made[0]['id']}/fail", code="account_closed")
    failed = hooks.wait("payout.failed")["data"]["object"]
    assert (failed["failure_code"], free(client, enabled_account)) == ("account_closed", 700)
    again = sim.post("/payouts/run")["data"]
    assert [payout["status"] for payout in again] == ["paid"]
    assert sim.post("/payouts/run")["data"] == []


def test_manual_schedules_wait_for_a_hand(
    client: stripe.StripeClient, sim: Sim, enabled_account: stripe.Account
) -> None:
    client.v1.accounts.update(
        enabled_account.id, {"settings": {"payouts": {"schedule": {"interval": "manual"}}}}
    )
    sim.post("/balance/topup", amount=1000)
    send(client, enabled_account)
    sim.post("/clock/advance", days=30)
    own: Any = {"stripe_account": enabled_account.id}
    assert client.v1.payouts.list({}, own).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payouts.create({"amount": 701, "currency": "usd"}, own)
    assert refused.value.code == "balance_insufficient"
    payout = client.v1.payouts.create({"amount": 300, "currency": "usd"}, own)
    assert client.v1.payouts.cancel(payout.id, {}, own).status == "canceled"
    assert free(client, enabled_account) == 700
