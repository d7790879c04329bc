"""From a purchase to the creator's bank, through web, worker, beat and the stand-in's webhooks."""

import datetime as dt
import json
import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

import pytest

from payouts.models import Payout, PayoutAccount
from tests.support.processes import LiveApp, eventually

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

PATIENCE = 60.0


def call(app: LiveApp, path: str, key: str, body: Any = None) -> Any:
    """Call the API with a key."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(app.url + path, data, headers)) as answer:
        return json.loads(answer.read())


class Visitor:
    """Somebody at the browser: a session with cookies and forms."""

    def __init__(self, app: LiveApp, person: dict[str, str]) -> None:
        self.app = app
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.post("/accounts/login/", login=person["email"], password=person["password"])

    def get(self, path: str) -> str:
        """Read a page."""
        with self.opener.open(self.app.url + path) as answer:
            return str(answer.read().decode())

    def post(self, path: str, *, to: str = "", **fields: str) -> tuple[str, str]:
        """Send a form of a page, with its token; give where it led and what stands there."""
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))
        assert found is not None
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": found[1]}).encode()
        sent = urllib.request.Request(self.app.url + (to or path), data, {"Referer": self.app.url})
        with self.opener.open(sent) as answer:
            return str(answer.url), str(answer.read().decode())


def buy_and_run(app: LiveApp, demo: dict[str, Any]) -> None:
    """Buy $10, and run an agent a hundred times in one report."""
    consumer = demo["consumer"]
    bought = call(app, "/v1/wallet/topup", consumer["api_key"], {"amount_usd": "10.00"})
    app.stripe.post(f"/_sim/checkout/sessions/{bought['stripe_session_id']}/complete")
    balance = "/v1/wallet/balance"
    eventually(
        lambda: call(app, balance, consumer["api_key"])["available"]["credits"] == "10000", seconds=PATIENCE
    )
    event = {"agent": "per-request", "caller": consumer["id"], "event_id": "1", "outcome": "success"}
    logged = call(app, "/internal/usage/log", demo["router"]["api_key"], {**event, "usage": {"request": 100}})
    assert logged["charged"]["credits"] == "5000"


def connect(app: LiveApp, demo: dict[str, Any]) -> None:
    """Connect Stripe from the creator's page; Stripe says when it is complete."""
    creator = Visitor(app, demo["creator"])
    led_to, _ = creator.post("/creator/connect/", to="/creator/connect/start/")
    assert led_to.startswith(app.stripe.url)
    account = PayoutAccount.objects.get()
    assert not account.can_be_paid
    app.stripe.post(f"/_sim/accounts/{account.stripe_account_id}", state="enabled")
    eventually(lambda: PayoutAccount.objects.get().can_be_paid, seconds=PATIENCE)
    assert "You are set up" in creator.get("/creator/connect/")


def test_earnings_reach_the_bank(live_app: LiveApp) -> None:
    demo = live_app.seed()
    key = demo["creator"]["api_key"]
    buy_and_run(live_app, demo)
    earned = call(live_app, "/v1/developer/earnings", key)
    assert (earned["total"]["net"]["credits"], earned["maturing"]["credits"]) == ("4000", "4000")
    connect(live_app, demo)

    live_app.manage("advance", "--days", "14")
    # Beat prepares the run by itself; the operator only approves.
    payout = eventually(lambda: Payout.objects.filter(state="draft").first(), seconds=PATIENCE + 60)
    assert payout.amount_cents == 400
    _, page = Visitor(live_app, demo["admin"]).post(f"/admin/payouts/payoutrun/{payout.run_id}/approve/")
    assert "1 approved" in page
    eventually(lambda: Payout.objects.get().state == "sent", seconds=PATIENCE)
    shown = call(live_app, "/v1/developer/payouts", key)["results"][0]
    assert (shown["status"], shown["amount_usd"]) == ("sent", "4.00")

    live_app.stripe.post("/_sim/payouts/run", account=payout.destination)
    eventually(lambda: Payout.objects.get().state == "paid", seconds=PATIENCE)
    page = Visitor(live_app, demo["creator"]).get(f"/creator/payouts/{payout.public_id}/")
    for text in ("$4.00", "Ticket Triage", "At your bank"):
        assert text in page
    assert dt.date.fromisoformat(shown["scheduled_for"]).isoweekday() == 3
    assert call(live_app, "/v1/developer/earnings", key)["paid"]["credits"] == "4000"
    live_app.manage("check_books")
