"""What people do in the browser, in their words; the journeys are told with these."""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.processes import LiveApp

GOOD_CARD = "4242 4242 4242 4242"
PASSWORD = "correct horse battery"
DECLINED_CARD = "4000 0000 0000 0002"
# What the page's own polling (every 2 s) and a busy machine may take together.
PATIENCE = 30_000


def sign_in(page: Page, app: LiveApp, person: dict[str, Any]) -> None:
    """Sign in by e-mail and password."""
    page.goto(f"{app.url}/accounts/login/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(person["email"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/accounts/login/"))


def sit_down(page: Page, app: LiveApp, person: dict[str, Any]) -> None:
    """Let somebody else sit down at the same browser."""
    # The page before may poll: an answer on its way would bring another token than the form has.
    page.goto("about:blank")
    page.context.clear_cookies()
    sign_in(page, app, person)


def sign_up(page: Page, app: LiveApp, name: str) -> None:
    """Open an account, as somebody new."""
    page.goto(f"{app.url}/accounts/signup/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Create|Sign up")).click()
    expect(page).not_to_have_url(re.compile("/accounts/signup/"))


def figure(page: Page, name: str) -> Any:
    """Find one of the big numbers by its name."""
    return page.locator(f"[data-figure={name}]").first


def choose_ten_dollars(page: Page, app: LiveApp) -> None:
    """Go from the wallet to the hosted checkout page for $10."""
    page.goto(f"{app.url}/wallet/")
    page.get_by_role("link", name="Add credits").first.click()
    page.get_by_text("$10", exact=True).first.click()
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(re.compile(re.escape(app.stripe.url)))


def pay(page: Page, card: str = GOOD_CARD) -> None:
    """Type a card on the hosted page and pay."""
    fill_card(page, card)
    page.get_by_role("button", name=re.compile("^Pay")).click()


def fill_card(page: Page, card: str) -> None:
    """Type a card on the hosted page."""
    page.get_by_label("Card number").fill(card)
    page.get_by_label(re.compile("Expiry")).fill("12 / 34")
    page.get_by_label(re.compile("CVC|Security code", re.IGNORECASE)).fill("123")
    name = page.get_by_label(re.compile("^Name"))
    if name.count():
        name.fill("Ada Lovelace")


def buy_credits(page: Page, app: LiveApp) -> None:
    """Buy $10 of credits, to the page that says they have arrived."""
    choose_ten_dollars(page, app)
    pay(page)
    expect(page.get_by_text("10,000 credits added").first).to_be_visible(timeout=PATIENCE)


def run_agent(page: Page, app: LiveApp, slug: str, usage: dict[str, str]) -> None:
    """Run an agent from its page and wait until it is settled."""
    page.goto(f"{app.url}/agents/{slug}/run/")
    for metric, value in usage.items():
        page.locator(f"#usage-{metric}").fill(value)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text(re.compile("Settled at")).first).to_be_visible(timeout=PATIENCE)


def earn_through_the_router(page: Page, app: LiveApp, demo: dict[str, Any], *, requests: int) -> None:
    """Let the demo's consumer buy $100 of credits and its router report so many requests at 50 credits."""

    def post(path: str, key: str, body: dict[str, Any]) -> Any:
        answer = page.request.post(app.url + path, data=body, headers={"Authorization": f"Bearer {key}"})
        assert answer.ok, answer.text()
        return answer.json()

    consumer = demo["consumer"]
    bought = post("/v1/wallet/topup", consumer["api_key"], {"amount_usd": "100.00"})
    app.stripe.post(f"/_sim/checkout/sessions/{bought['stripe_session_id']}/complete")
    report = {"agent": "per-request", "caller": consumer["id"], "event_id": f"router-{requests}"}
    give_up_at = time.monotonic() + PATIENCE / 1000
    said = {"usage": {"request": requests}, "outcome": "success"}
    headers = {"Authorization": f"Bearer {demo['router']['api_key']}"}
    while not page.request.post(f"{app.url}/internal/usage/log", data={**report, **said}, headers=headers).ok:
        # Refused until the webhook has brought the credits.
        assert time.monotonic() < give_up_at, "the credits never came"
        page.wait_for_timeout(500)


def connect_stripe(page: Page, app: LiveApp, answer: str = "Complete everything") -> None:
    """Go through the hosted onboarding and come back; nothing is left to do when all is set up."""
    page.goto(f"{app.url}/creator/connect/")
    if page.get_by_text("You are set up").is_visible():
        return
    page.get_by_role("button", name=re.compile("Connect Stripe|Continue at Stripe")).click()
    page.get_by_role("button", name=answer).click()
    page.wait_for_url(re.compile(re.escape(app.url)))


def reload_until(page: Page, seen: Callable[[], bool], seconds: float = 30.0) -> None:
    """Reload a page that does not poll until it shows what is expected."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, f"{page.url} never showed it:\n{page.inner_text('body')[:2000]}"
        page.wait_for_timeout(500)
        page.reload()
