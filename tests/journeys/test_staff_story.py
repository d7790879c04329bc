"""Four eyes on a balance: one asks, another approves, the customer sees it, one click undoes it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

SECOND = "second@example.com"


def sit_down(page: Page, app: LiveApp, email: str, password: str = story.PASSWORD) -> None:
    """Let somebody else sit down at the same browser."""
    page.context.clear_cookies()
    story.sign_in(page, app, {"email": email, "password": password})


def hire(page: Page, app: LiveApp) -> None:
    """Let the administrator make a second member of staff, through the admin's pages."""
    page.goto(f"{app.url}/admin/accounts/user/add/")
    page.locator("#id_email").fill(SECOND)
    page.locator("#id_password1").fill(story.PASSWORD)
    page.locator("#id_password2").fill(story.PASSWORD)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#id_is_staff").check()
    page.locator("#id_is_superuser").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def open_customer(page: Page, app: LiveApp, email: str) -> None:
    """Find a customer by e-mail and open its page."""
    page.goto(f"{app.url}/admin/find/")
    page.get_by_label(re.compile("E-mail, name")).fill(email)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=re.compile(email)).first.click()
    expect(page.get_by_role("heading", name="Credits by grant")).to_be_visible()


def ask_for(page: Page, credits: str, reason: str) -> None:
    """Ask for an adjustment from the customer's page: reason, before and after, confirm."""
    page.get_by_role("link", name="Adjust balance").click()
    page.get_by_label(re.compile("Credits to add")).fill(credits)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("This field is required").first).to_be_visible()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Preview").click()


def approve(page: Page, app: LiveApp) -> None:
    """Approve, from the first page, what another person asked for."""
    page.goto(f"{app.url}/admin/")
    page.get_by_role("link", name=re.compile("Adjustments to approve")).click()
    page.locator("#result_list a[href*='/adjustment/']").first.click()
    page.get_by_role("link", name=re.compile("Approve or decline")).first.click()
    expect(page.get_by_text("Lost purchase: ticket 43")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("25,500")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. 25,000 credits.")).to_be_visible()


def look_as_the_customer(page: Page, app: LiveApp) -> None:
    """See the customer's wallet, read only."""
    open_customer(page, app, "patient@example.com")
    page.get_by_label(re.compile("Why\\?")).fill("ticket 43: does it show?")
    page.get_by_role("button", name="Look, read only").click()
    expect(page.get_by_text(re.compile("You see what .* sees, read only"))).to_be_visible()
    expect(story.figure(page, "available")).to_contain_text("25,500")
    page.goto(f"{app.url}/keys/")
    page.get_by_label("Name").fill("a key of theirs")
    page.get_by_role("button", name=re.compile("Create|Make")).first.click()
    expect(page.get_by_role("heading", name="You only look")).to_be_visible()
    page.get_by_role("button", name="End it").last.click()
    expect(page.locator("#audit")).to_contain_text("impersonation.see")


def test_four_eyes_adjust_a_balance_and_one_click_undoes_it(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    app, admin = shared_app, demo["admin"]
    story.sign_up(page, app, "patient")
    sit_down(page, app, admin["email"], admin["password"])
    hire(page, app)

    open_customer(page, app, "patient@example.com")
    ask_for(page, "500", "Goodwill: ticket 42")
    expect(page.get_by_role("table")).to_contain_text("500")
    page.get_by_role("button", name="Confirm the adjustment").click()
    expect(page.get_by_text("Adjusted by 500 credits")).to_be_visible()

    open_customer(page, app, "patient@example.com")
    ask_for(page, "25000", "Lost purchase: ticket 43")
    expect(page.get_by_role("table")).to_contain_text("25,500")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Another person must approve")).to_be_visible()
    page.get_by_role("link", name=re.compile("Approve or decline")).first.click()
    expect(page.get_by_text("another person decides")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    sit_down(page, app, SECOND)
    approve(page, app)
    adjustment = page.url
    look_as_the_customer(page, app)

    page.goto(adjustment)
    page.get_by_role("link", name=re.compile("Reverse")).first.click()
    page.get_by_role("button", name="Reverse it now").click()
    expect(page.get_by_text("Reversed. −25,000 credits.")).to_be_visible()

    sit_down(page, app, "patient@example.com")
    page.goto(f"{app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text(re.compile(r"Available\s+500\s"))
    page.goto(f"{app.url}/wallet/transactions/")
    expect(page.locator("main")).to_contain_text("Lost purchase: ticket 43")
