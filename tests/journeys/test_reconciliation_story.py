"""A webhook is lost and Stripe corrects itself: the page turns red, two people mend it, the day is closed."""

import datetime as dt
import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from billing.models import TopUp
from config.kit import clock
from payouts.models import Correction, Discrepancy
from tests.journeys import story
from tests.support.processes import LiveApp, eventually
from wallets import days

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

OSCAR = {"email": "oscar@example.com", "password": story.PASSWORD}


def buy_unheard(app: LiveApp, demo: dict[str, Any]) -> None:
    """Buy $10 of credits, and let no event tell of it."""
    for event in ("checkout.session.*", "payment_intent.*", "charge.*"):
        app.stripe.post("/_sim/faults", kind="drop", event=event, count=0)
    key = demo["consumer"]["api_key"]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"amount_usd": "10.00"}).encode()
    asked = urllib.request.Request(f"{app.url}/v1/wallet/topup", body, headers)
    with urllib.request.urlopen(asked) as answer:
        session = json.loads(answer.read())["stripe_session_id"]
    app.stripe.post(f"/_sim/checkout/sessions/{session}/complete")


def reconcile(page: Page, app: LiveApp) -> None:
    """Compare with Stripe from the page."""
    page.goto(f"{app.url}/admin/payouts/discrepancy/reconcile/")
    page.get_by_role("button", name="Reconcile now").click()
    expect(page.get_by_text("to explain.").first).to_be_visible(timeout=story.PATIENCE)


def test_a_planted_difference_is_found_corrected_and_its_day_closed(page: Page, live_app: LiveApp) -> None:
    demo = live_app.seed()
    story.sign_up(page, live_app, "oscar")
    User.objects.filter(email=OSCAR["email"]).update(is_staff=True, is_superuser=True)
    buy_unheard(live_app, demo)
    line = live_app.stripe.post("/_sim/balance/adjust", amount=-1_234)["id"]
    day = clock.now().date()
    live_app.manage("advance", "--seconds", "7200")

    story.sit_down(page, live_app, demo["admin"])
    reconcile(page, live_app)
    eventually(lambda: TopUp.objects.get().status == "paid", seconds=60)
    expect(page.get_by_text("1 to explain").first).to_be_visible()
    expect(page.get_by_text(line).first).to_be_visible()
    page.goto(f"{live_app.url}/admin/")
    expect(page.get_by_text("1 to explain").first).to_be_visible()

    page.goto(f"{live_app.url}/admin/payouts/discrepancy/{Discrepancy.objects.get().pk}/correct/")
    page.locator("#id_account").select_option("loss")
    page.locator("#id_reason").fill("Stripe took a fee back by hand")
    page.get_by_role("button", name="Ask for this correction").click()
    expect(page.get_by_text("waits for another person").first).to_be_visible()
    story.sit_down(page, live_app, OSCAR)
    page.goto(f"{live_app.url}/admin/payouts/correction/{Correction.objects.get().pk}/approve/")
    page.get_by_role("button", name="Approve and post").click()
    expect(page.get_by_text("It is posted.")).to_be_visible()

    live_app.manage("advance", "--to", f"{day + dt.timedelta(days=1)}T09:00Z")
    reconcile(page, live_app)
    expect(page.get_by_text("Reconciled", exact=True)).to_be_visible()
    assert day in days.closed()
    live_app.manage("check_books")
