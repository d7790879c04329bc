"""The real dj-stripe mirrors what the stand-in says."""

from typing import Any

import djstripe.models as mirror
import pytest
import stripe
from django.conf import settings

from tests.config.devservices.stripe.conftest import Sim
from tests.support.processes import StripeStandin

pytestmark = pytest.mark.django_db


@pytest.fixture
def standin(stripe_standin: StripeStandin) -> StripeStandin:
    """Give the one whose address dj-stripe has from the settings."""
    return stripe_standin


def synced(model: Any, body: Any) -> Any:
    return model.sync_from_stripe_data(body, api_key=settings.STRIPE_TEST_SECRET_KEY)


def test_it_mirrors_the_platform_and_its_creators(client: stripe.StripeClient, enabled_account: Any) -> None:
    platform = synced(mirror.Account, client.v1.accounts.retrieve_current())
    assert platform.branding_icon is None
    row = synced(mirror.Account, client.v1.accounts.retrieve(enabled_account.id))
    assert row.stripe_data["payouts_enabled"] is True
    assert row.stripe_data["requirements"]["currently_due"] == []


def test_it_mirrors_a_payment(client: stripe.StripeClient, sim: Sim, open_session: Any) -> None:
    done = sim.post(f"/checkout/sessions/{open_session().id}/complete")
    seen = mirror.Session(id=done["id"]).api_retrieve(api_key=settings.STRIPE_TEST_SECRET_KEY)
    session = synced(mirror.Session, seen)
    assert session.payment_intent.id == done["payment_intent"]
    assert session.customer.email == "bob@example.com"
    intent = client.v1.payment_intents.retrieve(done["payment_intent"])
    charge = synced(mirror.Charge, client.v1.charges.retrieve(str(intent.latest_charge)))
    assert charge.balance_transaction.fee == 59
    refund = synced(mirror.Refund, client.v1.refunds.create({"payment_intent": intent.id, "amount": 100}))
    assert refund.charge_id == charge.id
    sim.post(f"/charges/{charge.id}/dispute")
    dispute = synced(mirror.Dispute, client.v1.disputes.list().data[0])
    assert dispute.charge_id == charge.id


def test_it_mirrors_a_payout(client: stripe.StripeClient, sim: Sim, enabled_account: Any) -> None:
    sim.post("/balance/topup", amount=1000)
    sent = client.v1.transfers.create({"amount": 700, "currency": "usd", "destination": enabled_account.id})
    client.v1.transfers.reversals.create(sent.id, {"amount": 50})
    transfer = synced(mirror.Transfer, client.v1.transfers.retrieve(sent.id))
    assert transfer.balance_transaction.net == -700
    assert mirror.TransferReversal.objects.get().transfer_id == sent.id
    sim.post("/payouts/run")
    own: Any = {"stripe_account": enabled_account.id}
    synced(mirror.Account, client.v1.accounts.retrieve(enabled_account.id))
    listed = client.v1.payouts.list({}, own).data[0]
    seen = mirror.Payout(id=listed.id).api_retrieve(
        api_key=settings.STRIPE_TEST_SECRET_KEY, stripe_account=enabled_account.id
    )
    payout = synced(mirror.Payout, seen)
    assert (payout.stripe_data["status"], payout.destination.account_id) == ("paid", enabled_account.id)


def test_it_keeps_the_webhook_secret(client: stripe.StripeClient) -> None:
    made = client.v1.webhook_endpoints.create(
        {
            "url": "http://127.0.0.1:9/stripe/webhook/",
            "enabled_events": ["*"],
            "connect": True,
            "metadata": {"djstripe_uuid": "6d8f0c4e-4d0f-4a57-8f0e-3f5f2f8a9b10"},
        }
    )
    row = synced(mirror.WebhookEndpoint, made)
    assert (row.secret, str(row.djstripe_uuid)) == (made.secret, "6d8f0c4e-4d0f-4a57-8f0e-3f5f2f8a9b10")
    again = synced(mirror.WebhookEndpoint, client.v1.webhook_endpoints.retrieve(made.id))
    assert again.secret == made.secret
