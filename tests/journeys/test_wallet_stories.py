"""Stories of wallets, told at one running site: credits are bought, spent, given back, adjusted by two.

What can go wrong at the till; a customer gives back what it has not used, staff what it has; four eyes on a balance.
"""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

SECOND = "second@example.com"


@pytest.fixture
def newcomer(page: Page, shared_app: LiveApp, demo: dict[str, Any], request: pytest.FixtureRequest) -> Page:
    """Somebody who has just signed up; the demo's agents are for sale."""
    story.sign_up(page, shared_app, request.node.originalname.removeprefix("test_")[:40].replace("_", "-"))
    return page


def test_a_consumer_buys_credits_runs_an_agent_and_reads_the_receipt(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    story.sign_in(page, shared_app, demo["consumer"])
    page.goto(f"{shared_app.url}/wallet/")
    for name in ("available", "reserved", "spent"):
        expect(story.figure(page, name)).to_contain_text("0")

    story.buy_credits(page, shared_app)
    page.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text("10,000")

    page.goto(f"{shared_app.url}/agents/")
    page.get_by_role("link", name="Ticket Triage").first.click()
    expect(page.get_by_text(re.compile("50 credits|50")).first).to_be_visible()
    page.get_by_role("link", name="Run", exact=True).click()
    page.locator("#usage-request").fill("3")
    page.get_by_role("button", name="Estimate").click()
    expect(page.get_by_text("150").first).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("The run is open").first).to_be_visible()
    expect(story.figure(page, "held")).to_contain_text("150")
    expect(page.get_by_text("Settled at 150 credits").first).to_be_visible(timeout=story.PATIENCE)

    page.get_by_role("link", name="See the receipt").click()
    receipt = page.inner_text("main")
    assert re.search(r"3\s*× 50\s*= 150", receipt)
    assert "Price version 1" in receipt
    for part in ("120", "30"):
        assert part in receipt
    page.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text("9,850")
    expect(story.figure(page, "spent")).to_contain_text("150")


def test_a_declined_card_adds_no_credits_and_may_be_tried_again(newcomer: Page, shared_app: LiveApp) -> None:
    story.choose_ten_dollars(newcomer, shared_app)
    story.pay(newcomer, story.DECLINED_CARD)
    expect(newcomer.get_by_text(re.compile("declined")).first).to_be_visible()

    newcomer.get_by_role("link", name=re.compile("Back")).click()
    expect(newcomer.get_by_text("no credits were added").first).to_be_visible(timeout=story.PATIENCE)
    newcomer.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(newcomer, "available")).to_contain_text("0")


def test_an_abandoned_checkout_says_so(newcomer: Page, shared_app: LiveApp) -> None:
    story.choose_ten_dollars(newcomer, shared_app)

    newcomer.get_by_role("link", name=re.compile("Back")).click()

    expect(newcomer.get_by_text("You left the checkout").first).to_be_visible(timeout=story.PATIENCE)
    expect(newcomer.get_by_text("no credits were added").first).to_be_visible()


def test_an_expired_checkout_says_so(newcomer: Page, shared_app: LiveApp) -> None:
    story.choose_ten_dollars(newcomer, shared_app)
    checkout = newcomer.url
    session = checkout.rstrip("/").rpartition("/")[2]
    newcomer.get_by_role("link", name=re.compile("Back")).click()

    shared_app.stripe.post(f"/_sim/checkout/sessions/{session}/expire")

    expect(newcomer.get_by_text("The checkout has expired").first).to_be_visible(timeout=story.PATIENCE)
    newcomer.goto(checkout)
    expect(newcomer.get_by_text("Nothing was charged")).to_be_visible()


def test_a_subscription_is_bought_and_spent_on_its_agent(newcomer: Page, shared_app: LiveApp) -> None:
    newcomer.goto(f"{shared_app.url}/agents/subscribed/")
    newcomer.get_by_role("button", name="Subscribe").first.click()
    newcomer.wait_for_url(re.compile(re.escape(shared_app.stripe.url)))
    story.pay(newcomer)
    expect(newcomer.get_by_text(re.compile("active", re.IGNORECASE)).first).to_be_visible(
        timeout=story.PATIENCE
    )

    story.run_agent(newcomer, shared_app, "subscribed", {})

    expect(newcomer.get_by_text("Settled at 1 credit").first).to_be_visible()


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

    sit_down(page, shared_app, "refunded@example.com")
    page.goto(top_up)
    expect(page.get_by_text("This top-up was refunded")).to_be_visible(timeout=story.PATIENCE)
    story.choose_ten_dollars(page, shared_app)
    story.pay(page)
    expect(page.get_by_text("10,000 credits added").first).to_be_visible(timeout=story.PATIENCE)
    page.goto(f"{shared_app.url}/wallet/")
    expect(story.figure(page, "available")).to_contain_text("9,850")


def staff_gives_back_the_rest(page: Page, app: LiveApp, demo: dict[str, Any], public_id: str) -> None:
    """Refund the spent credits from the admin, with its preview."""
    story.sit_down(page, app, demo["admin"])
    page.goto(f"{app.url}/admin/billing/topup/?q={public_id}")
    page.get_by_role("link", name=public_id).first.click()
    page.get_by_role("link", name="Refund", exact=True).first.click()
    expect(page.locator("#refund-preview")).to_contain_text("The customer, as arrears")
    expect(page.locator("#refund-preview")).to_contain_text("150")
    page.get_by_label("Reason").fill("The run was our fault")
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text(re.compile(r"\$0\.15 is on its way back"))).to_be_visible()


def sit_down(page: Page, app: LiveApp, email: str, password: str = story.PASSWORD) -> None:
    """Let somebody else sit down at the same browser."""
    story.sit_down(page, app, {"email": email, "password": password})


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
