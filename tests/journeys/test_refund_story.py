"""Money back in the browser: a customer gives back what it has not used, staff what it has; the next purchase pays."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]


def test_a_refund_after_a_run(page: Page, shared_app: LiveApp, demo: dict[str, Any]) -> None:
    story.sign_up(page, shared_app, "refunded")
    story.buy_credits(page, shared_app)
    top_up = page.url.split("?")[0]
    public_id = top_up.rstrip("/").rpartition("/")[2]
    story.run_agent(page, shared_app, "per-request", {"request": "3"})

    page.goto(top_up)
    page.get_by_role("link", name="Refund unused credits").click()
    expect(page.locator("#refund-preview")).to_have_text(
        "You get back $9.85, and 9,850 credits leave your wallet."
    )
    page.get_by_role("button", name="Refund $9.85").click()
    expect(page.get_by_text("Sent to your card")).to_be_visible(timeout=story.PATIENCE)
    page.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text("0")
    expect(page.get_by_text("$9.85 of a top-up of $10.00").first).to_be_visible()

    staff_gives_back_the_rest(page, shared_app, demo, public_id)

    story.sign_in(page, shared_app, {"email": "refunded@example.com", "password": story.PASSWORD})
    page.goto(top_up)
    expect(page.get_by_text("This top-up was refunded")).to_be_visible(timeout=story.PATIENCE)
    story.choose_ten_dollars(page, shared_app)
    story.pay(page)
    expect(page.get_by_text("10,000 credits added").first).to_be_visible(timeout=story.PATIENCE)
    page.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text("9,850")


def staff_gives_back_the_rest(page: Page, app: LiveApp, demo: dict[str, Any], public_id: str) -> None:
    """Refund the spent credits from the admin, with its preview."""
    page.context.clear_cookies()
    story.sign_in(page, app, demo["admin"])
    page.goto(f"{app.url}/admin/billing/topup/?q={public_id}")
    page.get_by_role("link", name=public_id).first.click()
    page.get_by_role("link", name="Refund", exact=True).first.click()
    expect(page.locator("#refund-preview")).to_contain_text("The customer, as arrears")
    expect(page.locator("#refund-preview")).to_contain_text("150")
    page.get_by_label("Reason").fill("The run was our fault")
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text(re.compile(r"\$0\.15 is on its way back"))).to_be_visible()
    page.context.clear_cookies()
