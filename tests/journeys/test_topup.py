"""Buying credits on the site and over REST: real web, worker, beat and Stripe stand-in."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from accounts.models import Customer
from billing.models import Subscription, TopUp
from config.kit import clock
from tests.support.market import for_sale
from tests.support.people import bearer, customer_key, sign_up
from tests.support.processes import LiveApp, eventually
from tests.support.subscribing import TIERS
from tests.support.visitor import Visitor
from wallets import books as wallet_books
from wallets import queries
from wallets.models import Transaction

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CREDIT = 1_000_000


@pytest.fixture
def bob(live_app: LiveApp) -> Iterator[tuple[Visitor, Customer]]:
    """Let Bob sign in at a site whose webhooks are registered; the books balance afterwards."""
    live_app.manage("stripe_endpoints", "--base-url", live_app.url)
    user, customer = sign_up("bob")
    visitor = Visitor(live_app.url)
    visitor.sign_in(user)
    yield visitor, customer
    assert wallet_books.violations(now=clock.now()) == []


def choose(visitor: Visitor, choice: str = "10.00", *, amount: str = "", key: str = "") -> requests.Response:
    """Choose an amount on the page."""
    key = key or visitor.form_value("/wallet/add/", "key")
    return visitor.post("/wallet/add/", {"key": key, "choice": choice, "amount_usd": amount})


def page_of(top_up: TopUp) -> str:
    """Give the address that the checkout leads back to."""
    return f"/wallet/add/{top_up.public_id}/"


def sim(app: LiveApp, top_up: TopUp | Subscription, what: str, **body: Any) -> None:
    """Do something at the checkout's page."""
    app.stripe.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/{what}", **body)


def test_what_is_paid_arrives_once_with_its_webhook(live_app: LiveApp, bob: tuple[Visitor, Customer]) -> None:
    visitor, customer = bob
    # Everything Stripe has to say comes five times over.
    live_app.stripe.post("/_sim/faults", kind="duplicate", event="*", copies=4, count=0)
    answer = choose(visitor)
    top_up = TopUp.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == top_up.checkout_url
    assert "Waiting for the payment" in visitor.get(page_of(top_up)).text
    assert queries.balance(wallet=top_up.wallet, now=clock.now()).available == 0

    sim(live_app, top_up, "complete")

    eventually(lambda: "10,000 credits added" in visitor.get(page_of(top_up) + "live/").text)
    assert "10,000" in visitor.get("/wallet/live/").text
    assert "Top-up of $10.00" in visitor.get("/wallet/").text
    assert "Top-up of $10.00" in visitor.get("/wallet/transactions/?type=credit&kind=topup").text
    eventually(lambda: TopUp.objects.get().fee_cents == 59)
    assert Transaction.objects.filter(kind="topup").count() == 1
    assert Transaction.objects.filter(kind="stripe_fee").count() == 1
    assert all(each["state"] == "delivered" for each in eventually(lambda: delivered(live_app)))
    buy_over_rest(live_app, customer)
    subscribe(live_app, visitor)


def delivered(app: LiveApp) -> list[dict[str, Any]]:
    """Give the deliveries once none is under way."""
    found = app.stripe.get("/_sim/webhooks/deliveries")["data"]
    return [] if any(each["state"] == "pending" for each in found) else found


def test_what_is_not_paid_ends_in_a_clear_page_and_no_credits(
    live_app: LiveApp, bob: tuple[Visitor, Customer]
) -> None:
    visitor, _ = bob
    choose(visitor, "custom", amount="12.50")
    declined = TopUp.objects.get()
    assert declined.amount_cents == 1_250
    sim(live_app, declined, "decline")
    back = f"{page_of(declined)}live/?cancelled=1"
    eventually(lambda: "The payment did not go through" in visitor.get(back).text)
    assert "Your card was declined." in visitor.get(back).text

    choose(visitor, "package:growth")
    abandoned = TopUp.objects.latest("id")
    assert "You left the checkout" in visitor.get(f"{page_of(abandoned)}?cancelled=1").text

    sim(live_app, abandoned, "expire")
    eventually(lambda: "The checkout has expired" in visitor.get(page_of(abandoned)).text)
    assert not Transaction.objects.exists()
    refused = choose(visitor, "custom", amount="0.50")
    assert refused.status_code == 400
    assert "Choose an amount from $1.00 to $10,000.00" in refused.text
    lose_the_webhook(live_app, visitor)


def buy_over_rest(live_app: LiveApp, customer: Customer) -> None:
    """Buy a package with a key."""
    headers = {**bearer(customer_key(customer)), "Idempotency-Key": "order-1"}
    first = requests.post(
        f"{live_app.url}/v1/wallet/topup", json={"package": "starter"}, headers=headers, timeout=30
    )
    assert first.status_code == 201
    again = requests.post(
        f"{live_app.url}/v1/wallet/topup", json={"package": "starter"}, headers=headers, timeout=30
    )
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    session_id = first.json()["stripe_session_id"]
    live_app.stripe.post(f"/_sim/checkout/sessions/{session_id}/complete")

    def status() -> Any:
        address = f"{live_app.url}/v1/wallet/topups/{first.json()['id']}"
        return requests.get(address, headers=headers, timeout=30).json()["status"]

    eventually(lambda: status() == "paid")
    balance = requests.get(f"{live_app.url}/v1/wallet/balance", headers=headers, timeout=30).json()
    assert balance["available"] == {"credits": "21000", "usd": "21.00"}


def subscribe(live_app: LiveApp, visitor: Visitor) -> None:
    """Buy a tier: it starts, and grants its first month, when the payment is known."""
    agent = for_sale("subscribed", TIERS)
    visitor.get("/wallet/add/")  # for the token of its form
    answer = visitor.post(f"/agents/{agent.slug}/subscribe/", {"key": "k1", "tier": "starter"})
    subscription = Subscription.objects.get()
    assert answer.headers["Location"] == subscription.checkout_url
    page = f"/subscriptions/{subscription.public_id}/"
    assert "Waiting for the payment" in visitor.get(page).text

    sim(live_app, subscription, "complete")

    eventually(lambda: "You are subscribed" in visitor.get(page + "live/").text)
    assert "starter" in visitor.get("/subscriptions/").text
    assert "1,000 credits a month" in visitor.get("/wallet/").text
    # The fee above the face is split by the posting job, a tick a second.
    eventually(lambda: Transaction.objects.filter(kind="posting").exists())


def lose_the_webhook(live_app: LiveApp, visitor: Visitor) -> None:
    """Buy while no webhook arrives: the credits are late, never lost."""
    live_app.stripe.post("/_sim/faults", kind="drop", event="*", count=0)
    choose(visitor)
    top_up = TopUp.objects.latest("id")
    sim(live_app, top_up, "complete")
    TopUp.objects.filter(pk=top_up.pk).update(created_at=clock.now() - dt.timedelta(minutes=1))

    eventually(lambda: "10,000 credits added" in visitor.get(page_of(top_up)).text, seconds=40)

    assert live_app.stripe.get("/_sim/webhooks/deliveries")["data"][0]["state"] == "dropped"
