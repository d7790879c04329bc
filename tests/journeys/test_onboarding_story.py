"""A creator is onboarded, Stripe asks for more later, payouts pause and say why, and go on once it is handed in."""

import re

import pytest
from playwright.sync_api import Page, expect

from payouts.models import Payout, PayoutAccount, PayoutExclusion
from tests.journeys.story import PATIENCE, connect_stripe, reload_until, sign_in
from tests.journeys.test_payout_story import Visitor, buy_and_run
from tests.support.processes import LiveApp, eventually

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

SECONDS = 90.0


def test_a_requirement_added_later_pauses_payouts_until_it_is_met(live_app: LiveApp, page: Page) -> None:
    demo = live_app.seed()
    buy_and_run(live_app, demo)
    sign_in(page, live_app, demo["creator"])
    connect_stripe(page, live_app)
    reload_until(page, lambda: page.get_by_text("You are set up").is_visible())

    account = PayoutAccount.objects.get()
    live_app.stripe.post(
        f"/_sim/accounts/{account.stripe_account_id}",
        state="restricted",
        requirements=["individual.verification.document"],
    )
    reload_until(page, lambda: page.get_by_text("Payouts are paused").is_visible())
    expect(page.get_by_text("Something that Stripe asked for is overdue.")).to_be_visible()
    expect(page.get_by_text("An identity document")).to_be_visible()
    live_app.manage("advance", "--days", "14")
    left_out = eventually(PayoutExclusion.objects.first, seconds=SECONDS)
    assert left_out.detail.endswith("It asks for: an identity document.")
    page.goto(f"{live_app.url}/creator/payouts/")
    expect(page.get_by_text(re.compile("It asks for: an identity document")).first).to_be_visible()

    connect_stripe(page, live_app)
    reload_until(page, lambda: page.get_by_text("You are set up").is_visible(), seconds=PATIENCE / 1000)
    live_app.manage("advance", "--days", "7")
    payout = eventually(lambda: Payout.objects.filter(state="draft").first(), seconds=SECONDS)
    Visitor(live_app, demo["admin"]).post(f"/admin/payouts/payoutrun/{payout.run_id}/approve/")
    eventually(lambda: Payout.objects.get(pk=payout.pk).state == "sent", seconds=SECONDS)
    page.goto(f"{live_app.url}/creator/payouts/{payout.public_id}/")
    expect(page.get_by_text("$4.00").first).to_be_visible()
