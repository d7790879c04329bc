"""The pages around a top-up: billing.views.topups and the wallet they lead back to."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from billing.models import TopUp
from tests.support.checkout import ask, buy
from tests.support.people import sign_up
from tests.support.processes import StripeStandin
from tests.support.races import race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

NEW = "/wallet/add/"
PAGES = ["billing:topup_return", "billing:topup_live"]


@pytest.fixture
def bob(client: Client) -> Customer:
    """Sign Bob in."""
    user, customer = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return customer


def choose(client: Client, choice: str, **fields: str) -> Any:
    """Send the form."""
    return client.post(NEW, {"key": "k1", "choice": choice, "amount_usd": "", **fields})


def test_it_offers_amounts_and_packages(client: Client, bob: Customer) -> None:
    page = client.get(NEW)

    assert page.status_code == 200
    for text in ("10,000 credits", "Starter", "+20 %", "260,000 credits", "$1.00 to $10,000.00"):
        assert text in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_it_makes_a_new_key_for_each_visit(client: Client, bob: Customer) -> None:
    assert client.get(NEW).context["key"] != client.get(NEW).context["key"]


@pytest.mark.parametrize(
    ("choice", "amount", "cents"),
    [("10.00", "", 1_000), ("package:growth", "", 5_000), ("custom", "$1,234.50", 123_450)],
)
def test_it_leads_to_the_checkout(
    client: Client, bob: Customer, stripe_standin: StripeStandin, *, choice: str, amount: str, cents: int
) -> None:
    answer = choose(client, choice, amount_usd=amount)

    top_up = TopUp.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, top_up.checkout_url)
    assert top_up.amount_cents == cents
    assert top_up.principal == f"page:{bob.public_id}"


@pytest.mark.parametrize(
    ("choice", "amount"),
    [
        *(("custom", text) for text in ("", "0", "0.99", "10000.01", "-10", "10.005", "NaN", "ten", "1e9")),
        *((text, "") for text in ("", "custom", "nonsense", "package:", "package:gold")),
    ],
)
def test_it_refuses_bad_input(client: Client, bob: Customer, choice: str, amount: str) -> None:
    answer = choose(client, choice, amount_usd=amount)

    assert answer.status_code == 400
    assert answer.context["error"]
    assert answer.context["key"] == "k1"
    assert not TopUp.objects.exists()


def test_it_says_so_when_stripe_is_down_and_the_same_form_works_later(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    stripe_standin.post("/_sim/faults", kind="status", status=503, path="/v1/checkout/sessions", count=3)

    down = choose(client, "10.00")
    again = choose(client, "10.00")

    assert down.status_code == 503
    assert "Payments are not available" in down.content.decode()
    assert again.status_code == 302
    assert TopUp.objects.count() == 1


def test_somebody_who_comes_back_may_choose_another_amount(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    assert choose(client, "10.00").headers["Location"] != choose(client, "25.00").headers["Location"]
    assert TopUp.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_top_up(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    stripe_standin.post("/_sim/faults", kind="delay", ms=500, path="/v1/checkout/sessions", count=1)

    answers = race(4, lambda _: choose(client, "10.00").headers["Location"])

    assert answers == [TopUp.objects.get().checkout_url] * 4


def test_the_same_form_sent_after_paying_shows_what_was_paid(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    top_up = buy(bob, stripe_standin, key="k1:1000:")

    answer = choose(client, "10.00")

    assert answer.headers["Location"] == reverse("billing:topup_return", args=[top_up.public_id])
    assert "10,000 credits added" in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_it_waits_and_polls_until_the_payment_is_known(
    client: Client, bob: Customer, stripe_standin: StripeStandin, name: str
) -> None:
    page = client.get(reverse(name, args=[ask(bob).public_id])).content.decode()

    assert "Waiting for the payment" in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize("name", PAGES)
def test_it_refuses_a_stranger(
    client: Client, bob: Customer, stripe_standin: StripeStandin, name: str
) -> None:
    page = reverse(name, args=[ask(bob).public_id])
    client.force_login(sign_up("charlie")[0], backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(page).status_code == 404
    client.logout()
    assert client.get(page).status_code == 302
    assert client.get(NEW).status_code == 302


def test_the_wallet_shows_balance_grants_and_movements(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    buy(bob, stripe_standin)

    page = client.get("/wallet/").content.decode()

    for text in ("10,000", "Credits you bought", "Top-up of $10.00", "does not expire"):
        assert text in page
    assert "10,000" in client.get("/wallet/balance/").content.decode()


def test_an_empty_wallet_is_a_page_too(client: Client, bob: Customer) -> None:
    assert "No activity yet" in client.get("/wallet/").content.decode()
    assert "Nothing here" in client.get("/wallet/transactions/").content.decode()
    assert client.get("/subscriptions/").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "shown"),
    [
        ("", 200, True),
        ("?type=credit", 200, True),
        ("?type=debit", 200, False),
        ("?kind=topup&from=2026-01-01&to=", 200, True),
        ("?kind=settle", 200, False),
        ("?to=2026-01-01", 200, False),
        ("?type=sideways", 400, False),
        ("?from=yesterday", 400, False),
        ("?cursor=nonsense", 400, False),
        ("?limit=1000", 400, False),
        ("?kind=%00", 400, False),
    ],
)
def test_the_transactions_can_be_filtered(
    client: Client, bob: Customer, stripe_standin: StripeStandin, *, query: str, status: int, shown: bool
) -> None:
    buy(bob, stripe_standin)

    page = client.get("/wallet/transactions/" + query)

    assert page.status_code == status
    assert ("Top-up of $10.00" in page.content.decode()) is shown
