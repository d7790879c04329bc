"""A consumer in the browser: buys credits, runs an agent, reads the receipt; and what can go wrong at the till."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]


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
