"""Pages that everybody can use: no WCAG 2.1 AA violation, no refused script or style, no sideways scrolling."""

from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Customer, User
from marketplace.models import Creator
from tests.marketplace.test_publish import EVERY_MODEL
from tests.support import catalogue, market, people, runs
from tests.support.invoicing import issued
from tests.support.staff import staff

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# Every rule is asked, but only what breaks one is written out: thousands of elements that pass took longer.
ONLY_VIOLATIONS: Final = {"resultTypes": ["violations"]}
RULES: Final = ONLY_VIOLATIONS | {"runOnly": [*WCAG, "best-practice"]}
# The admin's theme brings its own landmarks.
OF_STAFF: Final = ONLY_VIOLATIONS | {"runOnly": WCAG}
LOOKS: Final = [("light", 1280), ("dark", 390)]
OUTSIDE: Final = [
    "/",
    "/agents/",
    "/agents/per-request/",
    "/plans/",
    "/plans/pro/",
    "/accounts/login/",
    "/accounts/signup/",
    "/nowhere/",
]
CONSUMER: Final = [
    "/wallet/",
    "/wallet/add/",
    "/wallet/transactions/",
    "/subscriptions/",
    "/runs/",
    "/usage/",
    "/invoices/",
    "/invoices/details/",
    "/statements/",
    "/agents/per-request/run/",
    "/keys/",
]
CREATOR: Final = [
    "/creator/",
    "/creator/agents/",
    "/creator/agents/new/",
    "/creator/agents/per-request/",
    "/creator/earnings/",
    "/creator/payouts/",
    "/creator/connect/",
]


STAFF: Final = [
    "/admin/",
    "/admin/find/?q=a",
    "/admin/billing/dispute/",
    "/admin/billing/voucher/make/",
    "/admin/billing/promogrant/give/",
    "/admin/payouts/creatorterms/add/",
    "/admin/payouts/payoutrun/start/",
    "/admin/payouts/discrepancy/",
    "/admin/payouts/discrepancy/reconcile/",
    "/admin/payouts/withdrawal/withdraw/",
    "/admin/payouts/withdrawal/liability/",
]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def screen(request: pytest.FixtureRequest, browser: Browser) -> Any:
    """A browser window in light, or dark and as wide as a phone."""
    scheme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    yield context.new_page()
    context.close()


def sign_in(page: Page, server: LiveServer) -> Customer:
    """Sign a creator in who has one agent for sale."""
    user, customer = people.sign_up()
    market.for_sale("per-request", creator=market.open_creator(customer=customer))
    let_in(page, server, user)
    return customer


def let_in(page: Page, server: LiveServer, user: User) -> None:
    """Give the browser somebody's session."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])


def faults(page: Page, server: LiveServer, paths: list[str], rules: Any = RULES) -> list[str]:
    """Open pages and write down what is wrong with them."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    for path in paths:
        page.goto(server.url + path)
        found += faults_here(page, path, rules)
    return found


def faults_here(page: Page, name: str, rules: Any = RULES) -> list[str]:
    """Write down what is wrong with a page as it stands."""
    axe = Axe().run(page, options=rules)
    found = [f"{name} {rule['id']} {rule['nodes'][0]['html']}" for rule in axe.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append(f"{name} scrolls sideways")
    return found


def test_the_storefront(screen: Page, live_server: LiveServer) -> None:
    market.for_sale("per-request")
    catalogue.publish()

    assert faults(screen, live_server, OUTSIDE) == []


def test_a_consumers_pages(screen: Page, live_server: LiveServer) -> None:
    customer = sign_in(screen, live_server)
    bill = issued(customer, 1_000)
    digest = runs.make_agent(
        "digest", manifest=runs.SUBSCRIBED, creator=Creator.objects.get(customer=customer)
    )
    bills = [
        f"/subscriptions/{runs.subscribe(customer, digest).public_id}/",
        f"/invoices/{bill.public_id}/",
        f"/invoices/{bill.public_id}/print/",
        f"/statements/{bill.issued_at:%Y-%m}/",
    ]

    assert faults(screen, live_server, CONSUMER + bills) == []


def test_the_staffs_pages(screen: Page, live_server: LiveServer) -> None:
    customer = sign_in(screen, live_server)
    creator = Creator.objects.get(customer=customer)
    issued(customer, 1_000)
    screen.context.clear_cookies()
    let_in(screen, live_server, staff("olive").user)
    people_pages = [f"/admin/customers/{customer.public_id}/", f"/admin/creators/{creator.public_id}/"]

    assert faults(screen, live_server, STAFF + people_pages, OF_STAFF) == []


def test_a_creators_pages(screen: Page, live_server: LiveServer) -> None:
    sign_in(screen, live_server)

    assert faults(screen, live_server, CREATOR) == []


def test_the_pricing_editor_in_each_of_its_states(screen: Page, live_server: LiveServer) -> None:
    customer = sign_in(screen, live_server)
    market.for_sale("every-model", EVERY_MODEL, creator=Creator.objects.get(customer=customer))

    found = faults(screen, live_server, ["/creator/agents/every-model/"])
    expect(screen.locator("[data-figure=example]")).to_be_visible()
    found += faults_here(screen, "its example")
    screen.get_by_role("button", name="Add a band").first.click()
    expect(screen.get_by_role("button", name="Remove band 3")).to_be_visible()
    screen.get_by_role("button", name="Review changes").click()
    expect(screen.get_by_text("This field is required.").first).to_be_visible()
    found += faults_here(screen, "its errors")
    screen.get_by_role("button", name="Remove band 3").click()
    expect(screen.get_by_role("button", name="Remove band 3")).to_have_count(0)
    screen.get_by_role("button", name="Add a part").click()
    screen.get_by_label("Part of each charge").fill("70")
    screen.get_by_role("button", name="Review changes").click()
    expect(screen.get_by_role("heading", name="Version 2 of Every Model")).to_be_visible()
    found += faults_here(screen, "its review")
    screen.get_by_role("button", name="Back to editing").click()
    screen.get_by_role("button", name="YAML").click()
    expect(screen.get_by_label("Pricing manifest")).to_be_visible()
    found += faults_here(screen, "its YAML")

    assert found == []
