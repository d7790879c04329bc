"""Buying credits on the site: real web, worker, beat and Stripe stand-in."""

from collections.abc import Iterator

import pytest

from accounts.models import Customer
from billing.models import TopUp
from config.kit import clock
from tests.support.people import sign_up
from tests.support.processes import LiveApp, eventually
from tests.support.visitor import Visitor
from wallets import books as wallet_books
from wallets.models import Transaction

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

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


def test_it_adds_credits_once_the_webhook_came(live_app: LiveApp, bob: tuple[Visitor, Customer]) -> None:
    visitor, _ = bob
    key = visitor.form_value("/wallet/add/", "key")
    answer = visitor.post("/wallet/add/", {"key": key, "choice": "10.00", "amount_usd": ""})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(live_app.stripe.url)
    top_up = TopUp.objects.get()
    page = f"/wallet/add/{top_up.public_id}/"
    assert "Waiting for the payment" in visitor.get(page).text

    live_app.stripe.post(f"/_sim/checkout/sessions/{top_up.stripe_session_id}/complete")

    eventually(lambda: "10,000 credits added" in visitor.get(page + "live/").text)
    assert "10,000" in visitor.get("/wallet/live/").text
    assert "Top-up of $10.00" in visitor.get("/wallet/").text
    assert Transaction.objects.filter(kind="topup").count() == 1
