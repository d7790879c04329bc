"""A subscriber in the browser: a plan, a decline, another card, an upgrade as shown, overage, goodbye."""

import csv
import io
import re
from typing import Any, Final

import pypdf
import pytest
import requests
from playwright.sync_api import Page, expect

from accounts.models import Customer
from tests.journeys import story
from tests.support.processes import LiveApp, eventually

pytestmark = [
    pytest.mark.journey,
    pytest.mark.slow,
    # Three months go by, and a busy machine is not to end them.
    pytest.mark.timeout(540),
    pytest.mark.usefixtures("books"),
]

# Saved without complaint, declined when it is charged; and one whose bank asks each time.
DECLINED_LATER: Final = "4000 0000 0000 0341"
ASKS_ALWAYS: Final = "4000 0027 6000 3184"
AMOUNT: Final = re.compile(r"−?\$[\d,]+\.\d\d")


class Subscriber:
    """Somebody new who subscribes, and the service whose features she uses."""

    def __init__(self, page: Page, app: LiveApp, service_key: str) -> None:
        self.page, self.app, self.service_key, self.told = page, app, service_key, ""
        story.sign_up(page, app, "subscriber")
        self.customer = Customer.objects.get(email="subscriber@example.com")

    def opens(self, path: str) -> Page:
        """Open a page of the site."""
        self.page.goto(self.app.url + path)
        return self.page

    def opens_subscription(self) -> Page:
        """Go to the plan that is live now."""
        self.opens("/subscriptions/")
        self.page.locator("tbody tr").first.get_by_role("link").click()
        return self.page

    def opens_newest_invoice(self) -> Page:
        """Go to the invoice that was issued last."""
        self.opens("/invoices/")
        self.page.get_by_role("link", name=re.compile("^INV-")).first.click()
        return self.page

    def enters_card(self, number: str) -> None:
        """Give another card, at Stripe's page."""
        # Stripe's time counts seconds: the card that is entered now is the newest.
        self.app.stripe.post("/_sim/clock/advance", seconds=60)
        self.opens("/invoices/").get_by_role("button", name=re.compile("Update card|Add a card")).click()
        story.fill_card(self.page, number)
        self.page.get_by_role("button", name="Save card").click()
        expect(self.page.get_by_text("Stripe has your card").first).to_be_visible()

    def uses(self, feature: str, quantity: int, *, only_asks: bool = False) -> dict[str, Any]:
        """Use so much of a feature, or ask whether she may."""
        body = {"customer": self.customer.public_id, "feature": feature, "quantity": quantity}
        headers = {"Authorization": f"Bearer {self.service_key}", "Idempotency-Key": f"{feature}-{quantity}"}
        path = "/v1/check" if only_asks else "/v1/track"
        answer = requests.post(f"{self.app.url}{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def waits(self, **much: int) -> None:
        """Let time pass, and what falls due happen."""
        self.told += self.app.manage("advance", *(f"--{unit}={number}" for unit, number in much.items()))

    def is_written_to(self, words: str) -> None:
        """Wait for a mail that says so: some are sent while time moves, some by the worker."""

        def came() -> bool:
            return words in self.told + (self.app.folder / "worker.log").read_text()

        eventually(came, seconds=60)
        self.waits(seconds=60)

    def sees_it_paid(self) -> Page:
        """Reload the newest invoice until it is paid."""
        page = self.opens_newest_invoice()
        story.reload_until(page, page.get_by_text("Paid", exact=True).first.is_visible)
        return page


def test_a_subscriber_pays_is_declined_upgrades_runs_over_and_leaves(
    page: Page, shared_app: LiveApp, demo: dict[str, Any]
) -> None:
    ada = Subscriber(page, shared_app, demo["service"]["api_key"])
    subscribes_to_pro(ada)
    is_declined_and_enters_another_card(ada)
    upgrades_as_it_was_shown(ada)
    pays_for_overage_by_hand(ada)
    reads_the_papers(ada)
    cancels_and_stays(ada)


def subscribes_to_pro(ada: Subscriber) -> None:
    """Choose Pro with overage on, pay, and run into it: W8's 600 above 5,000."""
    page = ada.opens("/plans/")
    page.get_by_role("link", name="Choose Pro").click()
    expect(page.get_by_text("Then $0.005 per execution, with overage on")).to_be_visible()
    page.get_by_label(re.compile("Let use go on")).check()
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(re.compile(re.escape(ada.app.stripe.url)))
    story.pay(page)
    expect(page.get_by_text("You are subscribed to Pro")).to_be_visible(timeout=story.PATIENCE)

    left = ada.uses("execution", 1, only_asks=True)["balance"]["quantity"]
    ada.uses("execution", int(left) + 600)
    expect(ada.opens_subscription().get_by_text("all 5,000 used, 600 above them")).to_be_visible()


def is_declined_and_enters_another_card(ada: Subscriber) -> None:
    """The renewal with its overage is declined; she is told by page and mail, and the new card pays it."""
    ada.enters_card(DECLINED_LATER)
    ada.waits(days=32)
    ada.is_written_to("We could not charge your card for invoice")
    page = ada.opens_subscription()
    expect(page.get_by_text("Pro is past due")).to_be_visible()
    page.get_by_role("link", name="Go to the invoices").click()
    page.get_by_role("link", name=re.compile("^INV-")).first.click()
    expect(page.get_by_text("Your card was declined.")).to_be_visible()
    expect(story.figure(page, "total")).to_have_text("$32.00")

    ada.enters_card(story.GOOD_CARD)
    ada.sees_it_paid()
    ada.is_written_to("for $32.00 is paid")
    expect(ada.opens_subscription().get_by_text("5,000 of 5,000 left")).to_be_visible()


def upgrades_as_it_was_shown(ada: Subscriber) -> None:
    """Each line of the preview is charged as it was shown."""
    page = ada.opens_subscription()
    page.get_by_role("link", name="All plans").click()
    page.get_by_role("link", name="Choose Credits Pro").click()
    page.get_by_role("link", name="See what it costs").click()
    shown = AMOUNT.findall(page.get_by_role("main").inner_text())
    page.get_by_role("button", name="Change now").click()
    expect(page.get_by_text("You are subscribed to Credits Pro")).to_be_visible()

    ada.waits(seconds=60)
    page = ada.sees_it_paid()
    charged = page.locator("tbody td:last-child").all_inner_texts()
    assert sorted(charged) == sorted(shown[:2])
    assert shown[2] == story.figure(page, "total").inner_text()
    expect(ada.opens_subscription().get_by_text("100,000").first).to_be_visible()


def pays_for_overage_by_hand(ada: Subscriber) -> None:
    """W17 at 0.001: 200,000 of 100,000 credits; her bank asks, so she pays the $200 herself."""
    told = ada.uses("large-model-tokens", 4_000)
    assert told["balance"] == {"credits": "-100000", "usd": "-100.00"}
    ada.enters_card(ASKS_ALWAYS)
    ada.waits(days=32)
    ada.is_written_to("needs you")

    page = ada.opens_newest_invoice()
    expect(page.get_by_text("The payment did not go through")).to_be_visible()
    expect(story.figure(page, "total")).to_have_text("$200.00")
    page.get_by_role("button", name="Pay $200.00 now").click()
    story.pay(page, ASKS_ALWAYS)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page.get_by_text("Paid", exact=True).first).to_be_visible(timeout=story.PATIENCE)
    ada.waits(seconds=60)
    expect(story.figure(ada.opens("/wallet/"), "available")).to_contain_text("100,000")


def reads_the_papers(ada: Subscriber) -> None:
    """Sheet and table say what the page says."""
    page = ada.opens_newest_invoice()
    pdf = page.request.get(page.url + "pdf/")
    sheet = pypdf.PdfReader(io.BytesIO(pdf.body())).pages[0].extract_text()
    for part in ("Credits above the plan's", "Credits Pro", "$100.00", "$200.00", "Total in USD"):
        assert part in sheet, sheet
    rows = list(csv.DictReader(io.StringIO(page.request.get(page.url + "csv/").text())))
    sums = {row["line"]: row["amount_usd"] for row in rows}
    assert (sums["Subtotal"], sums["Total"]) == ("200.00", "200.00"), rows


def cancels_and_stays(ada: Subscriber) -> None:
    """Cancel, think again; pause, and come back."""
    page = ada.opens_subscription()
    page.get_by_role("button", name="Cancel at the end of the month").click()
    expect(page.get_by_text("It ends on")).to_be_visible()
    page.get_by_role("button", name="Keep it after all").click()
    expect(page.get_by_text("It ends on")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Credits Pro is paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("You are subscribed to Credits Pro")).to_be_visible()
