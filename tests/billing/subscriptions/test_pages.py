"""The pages of plans and subscriptions."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import Invoice, Subscription
from billing.operations import payments
from config.kit import clock
from tests.support import people
from tests.support.checkout import pay
from tests.support.plans import attach, on_sale
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def bob(client: Client) -> Customer:
    """Bob, signed in, with plans on sale."""
    on_sale()
    user, customer = people.sign_up("bob")
    client.force_login(user)
    return customer


@pytest.fixture
def team(bob: Customer, stripe_standin: StripeStandin) -> Subscription:
    """Bob's paid plan of two seats."""
    subscription = attach(bob, "team", quantity=2, now=clock.now())
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=clock.now())
    return subscription


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_free_plan_starts_from_its_page(client: Client, bob: Customer) -> None:
    assert "Start Credits Free" in text(client.get("/plans/credits-free/"))
    assert "Choose Credits Free" in text(client.get("/plans/"))

    answer = client.post("/plans/credits-free/", {"key": "k"}, follow=True)

    assert Subscription.objects.get(customer=bob).state == "active"
    assert "5,000" in text(answer)
    listed = text(client.get("/plans/"))
    assert "Choose Credits Free" not in listed
    assert (listed.count("Your plan"), "Choose Pro" in listed) == (1, True)


def test_a_paid_plan_leads_to_the_checkout(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    assert "Let use go on above" in text(client.get("/plans/pro/"))

    answer = client.post("/plans/pro/", {"key": "k", "overage": "on"})

    found = Subscription.objects.get(customer=bob)
    assert answer["Location"] == found.checkout_url
    assert found.overage


def test_a_trial_starts_from_the_plans_page(
    client: Client, bob: Customer, stripe_standin: StripeStandin
) -> None:
    assert "Try it for 14 days" in text(client.get("/plans/pro/"))

    client.post("/plans/pro/", {"key": "k", "trial": "on"})
    found = Subscription.objects.get(customer=bob)
    path = f"/subscriptions/{found.public_id}/"
    assert "nothing is charged" in text(client.get(path))
    pay(stripe_standin, found.stripe_session_id)
    payments.fulfil(session_id=found.stripe_session_id, now=clock.now())

    page = text(client.get(path))
    assert ("then $29.00 a month is taken" in page, "Cancel at the end of the trial" in page) == (True, True)
    client.post(f"{path}step/", {"step": "cancel_now"})
    page = text(client.get("/plans/pro/"))
    assert ("Try it" in page, "had already" in page, "Continue to payment" in page) == (False, True, True)


def test_a_double_click_makes_one(client: Client, bob: Customer) -> None:
    for _ in range(2):
        client.post("/plans/credits-free/", {"key": "k"})

    assert Subscription.objects.count() == 1


@pytest.mark.parametrize("quantity", ["0", "-1", "many", "1.5", "99999999"])
def test_a_wrong_number_of_seats_is_told(client: Client, bob: Customer, quantity: str) -> None:
    answer = client.post("/plans/team/", {"key": "k", "quantity": quantity})

    assert answer.status_code == 200
    assert not Subscription.objects.exists()


def test_no_plan_is_404(client: Client, bob: Customer) -> None:
    assert client.get("/plans/platinum/").status_code == 404


def test_its_page_shows_what_is_included(client: Client, team: Subscription) -> None:
    page = text(client.get(f"/subscriptions/{team.public_id}/"))

    assert "50,000 of 50,000 left" in page
    assert "$50.00 a month" in page


def test_a_change_is_shown_line_by_line_and_then_made(client: Client, team: Subscription) -> None:
    path = f"/subscriptions/{team.public_id}/change/"

    page = text(client.get(path, {"quantity": "4"}))
    assert ("2 more seats" in page, "$100.00 a month" in page) == (True, True)
    client.post(path, {"quantity": "4"})

    assert Invoice.objects.filter(state="draft").get().lines.get().kind == "seats"
    assert Subscription.objects.get(pk=team.pk).quantity == 4


def test_it_is_cancelled_and_kept(client: Client, team: Subscription) -> None:
    path = f"/subscriptions/{team.public_id}/step/"

    assert "It ends on" in text(client.post(path, {"step": "cancel"}, follow=True))
    assert "It ends on" not in text(client.post(path, {"step": "keep"}, follow=True))
    client.post(path, {"step": "explode"})
    assert "Let it go on" in text(client.get(f"/subscriptions/{team.public_id}/"))
    assert "Stop there instead" in text(client.post(path, {"step": "overage_on"}, follow=True))
    assert Subscription.objects.get(pk=team.pk).state == "active"
