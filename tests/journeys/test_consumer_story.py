"""A consumer in the browser: buys credits, runs an agent, reads the receipt; and what can go wrong at the till."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]


@pytest.fixture
def consumer(page: Page, live_app: LiveApp) -> Page:
    """The demo's consumer, signed in."""
    demo = live_app.seed()
    story.sign_in(page, live_app, demo["consumer"])
    return page


def test_a_consumer_buys_credits_runs_an_agent_and_reads_the_receipt(
    consumer: Page, live_app: LiveApp
) -> None:
    consumer.goto(f"{live_app.url}/wallet/")
    for name in ("available", "reserved", "spent"):
        expect(story.figure(consumer, name)).to_contain_text("0")

    story.buy_credits(consumer, live_app)
    consumer.goto(f"{live_app.url}/wallet/")
    expect(story.figure(consumer, "available")).to_contain_text("10,000")

    consumer.goto(f"{live_app.url}/agents/")
    consumer.get_by_role("link", name="Ticket Triage").first.click()
    expect(consumer.get_by_text(re.compile("50 credits|50")).first).to_be_visible()
    consumer.get_by_role("link", name="Run", exact=True).click()
    consumer.locator("#usage-request").fill("3")
    consumer.get_by_role("button", name="Estimate").click()
    expect(consumer.get_by_text("150").first).to_be_visible()
    consumer.get_by_role("button", name="Run", exact=True).click()
    expect(consumer.get_by_text("The run is open").first).to_be_visible()
    expect(story.figure(consumer, "held")).to_contain_text("150")
    expect(consumer.get_by_text("Settled at 150 credits").first).to_be_visible(timeout=story.PATIENCE)

    consumer.get_by_role("link", name="See the receipt").click()
    receipt = consumer.inner_text("main")
    assert re.search(r"3\s*× 50\s*= 150", receipt)
    assert "Price version 1" in receipt
    for part in ("120", "30"):
        assert part in receipt
    consumer.goto(f"{live_app.url}/wallet/")
    expect(story.figure(consumer, "available")).to_contain_text("9,850")
    expect(story.figure(consumer, "spent")).to_contain_text("150")


def test_a_declined_card_adds_no_credits_and_may_be_tried_again(consumer: Page, live_app: LiveApp) -> None:
    story.choose_ten_dollars(consumer, live_app)
    story.pay(consumer, story.DECLINED_CARD)
    expect(consumer.get_by_text(re.compile("declined")).first).to_be_visible()

    consumer.get_by_role("link", name=re.compile("Back")).click()
    expect(consumer.get_by_text("no credits were added").first).to_be_visible(timeout=story.PATIENCE)
    consumer.goto(f"{live_app.url}/wallet/")
    expect(story.figure(consumer, "available")).to_contain_text("0")


def test_an_abandoned_checkout_says_so(consumer: Page, live_app: LiveApp) -> None:
    story.choose_ten_dollars(consumer, live_app)

    consumer.get_by_role("link", name=re.compile("Back")).click()

    expect(consumer.get_by_text("You left the checkout").first).to_be_visible(timeout=story.PATIENCE)
    expect(consumer.get_by_text("no credits were added").first).to_be_visible()


def test_an_expired_checkout_says_so(consumer: Page, live_app: LiveApp) -> None:
    story.choose_ten_dollars(consumer, live_app)
    checkout = consumer.url
    session = checkout.rstrip("/").rpartition("/")[2]
    consumer.get_by_role("link", name=re.compile("Back")).click()

    live_app.stripe.post(f"/_sim/checkout/sessions/{session}/expire")

    expect(consumer.get_by_text("The checkout has expired").first).to_be_visible(timeout=story.PATIENCE)
    consumer.goto(checkout)
    expect(consumer.get_by_text("Nothing was charged")).to_be_visible()


def test_a_subscription_is_bought_and_spent_on_its_agent(consumer: Page, live_app: LiveApp) -> None:
    consumer.goto(f"{live_app.url}/agents/subscribed/")
    consumer.get_by_role("button", name="Subscribe").first.click()
    consumer.wait_for_url(re.compile(re.escape(live_app.stripe.url)))
    story.pay(consumer)
    expect(consumer.get_by_text(re.compile("active", re.IGNORECASE)).first).to_be_visible(
        timeout=story.PATIENCE
    )

    story.run_agent(consumer, live_app, "subscribed", {})

    expect(consumer.get_by_text("Settled at 1 credit").first).to_be_visible()
