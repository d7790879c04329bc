"""A creator publishes and connects Stripe, an operator adjusts and pays: to "paid" on the creator's page."""

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import story
from tests.support.processes import LiveApp

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.usefixtures("books")]

MANIFEST = """pricing:
  model: "usage_based"
  currency: "CREDITS"
  rates:
    - metric: "request"
      amount: 50
"""


def test_a_creator_publishes_an_agent_and_is_told_what_is_wrong(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    story.sign_in(page, shared_app, demo["creator"])
    page.goto(f"{shared_app.url}/creator/agents/new/")
    expect(page.get_by_text("Suggested rates")).to_be_visible()
    page.locator("#id_name").fill("Code reviewer")
    page.get_by_label("Short name").fill("code-reviewer")
    page.get_by_label("Summary").fill("Reads a change and says what is wrong with it.")

    page.get_by_role("button", name="YAML").click()
    page.get_by_label("Pricing manifest").fill(MANIFEST.replace("50", "-50"))
    page.get_by_role("button", name="Review and publish").click()
    errors = page.locator("#manifest-errors")
    expect(errors).to_contain_text("Line 6")
    expect(errors).to_contain_text("amount")

    page.get_by_label("Pricing manifest").fill(MANIFEST)
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.goto(f"{shared_app.url}/agents/code-reviewer/")
    expect(page.get_by_role("heading", name="Code reviewer")).to_be_visible()
    expect(page.get_by_text("50").first).to_be_visible()


def test_a_run_is_charged_what_the_editors_example_said(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    # Her own earnings: those of the demo's creator are counted to the cent below.
    story.sign_up(page, shared_app, "paula")
    page.goto(f"{shared_app.url}/creator/start/")
    page.get_by_role("button", name="Start").click()
    page.goto(f"{shared_app.url}/creator/agents/new/")
    page.locator("#id_name").fill("Page reader")
    page.get_by_label("Short name").fill("page-reader")
    example = story.figure(page, "example")
    expect(example).to_contain_text("50")

    page.get_by_role("button", name="Remove this price").press("Enter")
    expect(page.get_by_label("Metric")).to_have_count(0)
    page.get_by_role("button", name="Graduated").first.press("Enter")
    expect(page.get_by_label("Metric")).to_be_focused()
    page.get_by_label("Metric").fill("pages")
    bands = page.get_by_role("group", name=re.compile("^Band [0-9]"))
    bands.nth(0).get_by_label("Up to").fill("10")
    bands.nth(0).get_by_label("Price a unit").fill("5")
    page.get_by_role("button", name="Review and publish").click()
    expect(bands.nth(1).get_by_text("This field is required.")).to_be_visible()
    bands.nth(1).get_by_label("Price a unit").fill("2.5")
    page.get_by_label("Minimum charge").last.fill("40")

    expect(example.locator("span").first).to_have_text("62.5")
    typed = page.locator("#price-example").get_by_label("Pages")
    typed.fill("3")
    expect(page.locator("#example-result")).to_contain_text("Least charge of a run")
    expect(example.locator("span").first).to_have_text("40")
    typed.fill("13")
    expect(example.locator("span").first).to_have_text("57.5")
    expect(page.locator("[data-part=creator]")).to_contain_text("46")
    expect(page.locator("#announcer")).to_contain_text("57.5 credits, $0.0575")

    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_role("table")).to_contain_text(
        "5 credits per page, up to 10; 2.5 credits per page, above 10"
    )
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_text("Page reader is published.")).to_be_visible()

    story.sit_down(page, shared_app, demo["consumer"])
    story.buy_credits(page, shared_app)
    story.run_agent(page, shared_app, "page-reader", {"pages": "13"})
    page.get_by_role("link", name=re.compile("receipt", re.IGNORECASE)).first.click()
    expect(story.figure(page, "charged")).to_have_text("57.5")


def test_onboarding_may_leave_requirements_due_and_be_continued(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    story.sign_in(page, shared_app, demo["creator"])

    story.connect_stripe(page, shared_app, "Leave requirements due")
    page.goto(f"{shared_app.url}/creator/connect/")
    story.reload_until(page, lambda: page.get_by_text("What Stripe still needs").is_visible())
    story.connect_stripe(page, shared_app)
    page.goto(f"{shared_app.url}/creator/connect/")
    story.reload_until(page, lambda: page.get_by_text("You are set up").is_visible())


def _pay_the_week(page: Page) -> None:
    """Start the run and approve its draft; beat may have made it already, with this run or the one before."""
    every = page.url
    page.get_by_role("link", name=re.compile("Start payout run")).first.click()
    page.get_by_role("button", name=re.compile("Start the run")).click()
    page.get_by_text(re.compile("The drafts of .* are made")).wait_for()
    # On Sundays ten days lead to the pay day of a second week, whose drafts alone are shown first.
    page.goto(every)
    expect(page.locator("#result_list")).to_contain_text("Draft")
    page.locator("#result_list a[href*='/payout/']").first.click()
    page.get_by_role("link", name=re.compile("Approve")).first.click()
    page.get_by_role("button", name=re.compile("Approve")).click()
    expect(page.get_by_text("1 approved").first).to_be_visible()


def test_earnings_are_paid_out_to_the_bank(page: Page, shared_app: LiveApp, demo: dict[str, Any]) -> None:
    story.sign_in(page, shared_app, demo["consumer"])
    story.buy_credits(page, shared_app)
    story.run_agent(page, shared_app, "per-request", {"request": "100"})

    story.sit_down(page, shared_app, demo["creator"])
    page.goto(f"{shared_app.url}/creator/earnings/")
    story.reload_until(page, lambda: "4,000" in page.inner_text("main"))
    story.connect_stripe(page, shared_app)
    page.goto(f"{shared_app.url}/creator/connect/")
    story.reload_until(page, lambda: page.get_by_text("You are set up").is_visible())

    # The week ends and its Wednesday comes; the card payment has become available at Stripe.
    shared_app.manage("advance", "--days", "10")

    story.sit_down(page, shared_app, demo["admin"])
    page.goto(f"{shared_app.url}/admin/payouts/payout/")
    _pay_the_week(page)
    page.goto(f"{shared_app.url}/admin/payouts/payout/")
    story.reload_until(page, lambda: "tr_" in page.inner_text("#result_list"))
    transfers = page.request.get(
        f"{shared_app.stripe.url}/v1/transfers",
        headers={"Authorization": f"Bearer {shared_app.environ['STRIPE_TEST_SECRET_KEY']}"},
    ).json()
    assert [transfer["amount"] for transfer in transfers["data"]] == [400]

    story.sit_down(page, shared_app, demo["creator"])
    page.goto(f"{shared_app.url}/creator/payouts/")
    expect(page.locator("table")).to_contain_text(re.compile("sent|paid", re.IGNORECASE))
    shared_app.stripe.post("/_sim/payouts/run")
    shared_app.stripe.post("/_sim/clock/advance", days=3)
    story.reload_until(page, lambda: "paid" in page.locator("table").inner_text().lower())
    expect(page.locator("table")).to_contain_text("$4.00")


def test_a_dispute_lost_after_the_payout_is_the_creators_debt(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    """The consumer's bank takes all of its money back: what the creator was paid of it, it owes."""
    charges = page.request.get(
        f"{shared_app.stripe.url}/v1/charges",
        headers={"Authorization": f"Bearer {shared_app.environ['STRIPE_TEST_SECRET_KEY']}"},
    ).json()["data"]
    disputes = [shared_app.stripe.post(f"/_sim/charges/{one['id']}/dispute")["id"] for one in charges]
    story.sign_in(page, shared_app, demo["consumer"])
    page.goto(f"{shared_app.url}/wallet/")
    story.reload_until(page, lambda: "frozen" in page.inner_text("main").lower())
    for dispute in disputes:
        shared_app.stripe.post(f"/_sim/disputes/{dispute}/close", status="lost")
    story.reload_until(page, lambda: "You owe 5,057.5 credits" in page.inner_text("main"))

    story.sit_down(page, shared_app, demo["creator"])
    page.goto(f"{shared_app.url}/creator/payouts/")
    expect(page.locator("[data-reason=debt]")).to_have_count(0)
    shared_app.manage("advance", "--seconds", "1")
    page.reload()
    expect(page.locator("[data-reason=debt]")).to_contain_text("You owe 4,000 credits")


def test_a_month_is_chosen_paid_out_to_the_bank_and_verified(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    """The creator turns monthly; the consumer comes back and pays what was written off, so the debt is gone too."""
    story.sit_down(page, shared_app, demo["creator"])
    story.connect_stripe(page, shared_app)
    page.goto(f"{shared_app.url}/creator/payouts/")
    page.get_by_label("Schedule").select_option("monthly")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("are paid on the third of the next").first).to_be_visible()

    story.earn_through_the_router(page, shared_app, demo, requests=725)
    page.reload()
    expect(page.locator("[data-reason=maturing]")).to_contain_text("29,000 credits are still maturing")
    # Beat passes on once a minute what was paid of write-offs.
    story.reload_until(page, lambda: page.locator("[data-reason=debt]").count() == 0, seconds=120)
    told = re.search(r"\d{4}-\d\d-\d\d", shared_app.manage("advance", "--seconds", "1"))
    assert told is not None
    day = dt.date.fromisoformat(told[0])
    third = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=3)
    shared_app.manage("advance", "--to", str(third))

    story.sit_down(page, shared_app, demo["admin"])
    page.goto(f"{shared_app.url}/admin/payouts/payout/?state__exact=draft")
    page.locator("#result_list a[href*='/payout/']").first.click()
    page.get_by_role("link", name=re.compile("Approve")).first.click()
    page.get_by_role("button", name=re.compile("Approve")).click()
    expect(page.get_by_text("1 approved").first).to_be_visible()

    story.sit_down(page, shared_app, demo["creator"])
    page.goto(f"{shared_app.url}/creator/payouts/")
    story.reload_until(page, lambda: "sent" in page.locator("tbody tr").first.inner_text().lower())
    shared_app.stripe.post("/_sim/payouts/run")
    shared_app.stripe.post("/_sim/clock/advance", days=3)
    story.reload_until(page, lambda: "paid" in page.locator("tbody tr").first.inner_text().lower())
    page.get_by_role("link", name=re.compile("1 .* – ")).first.click()
    expect(page.get_by_text("At your bank").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("$29.00")
    expect(page.locator("main")).to_contain_text("Statement")
    page.get_by_role("link", name="Verify").click()
    expect(page.get_by_text("the statement is what was sealed").first).to_be_visible()
