"""Invoices in the admin: found, read, charged, credited, voided, given up; by staff who may."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing.models import CreditNote, Invoice
from tests.support.invoicing import draft_of, issued, with_card
from tests.support.people import open_customer
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LIST = "/admin/billing/invoice/"


@pytest.fixture
def olive(client: Client) -> User:
    """Sign an operator in."""
    user = User.objects.create_superuser("olive@example.com", "correct horse battery")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def act(client: Client, invoice: Invoice, step: str, **fields: Any) -> Any:
    said = {"reference": "act_1", "reason": "asked by phone", **fields}
    return client.post(f"{LIST}{invoice.pk}/{step}/", said, follow=True)


def test_it_is_found_by_its_number(client: Client, olive: User) -> None:
    issued(open_customer(), 1_000)
    issued(open_customer("alice"), 2_000)

    page = client.get(f"{LIST}?q=2").content.decode()

    assert "INV-000002" in page
    assert "INV-000001" not in page


def test_it_shows_everything_of_one(client: Client, olive: User) -> None:
    page = client.get(f"{LIST}{issued(open_customer(), 1_000).pk}/change/")

    assert page.status_code == 200
    assert "Charge the saved card now" in page.content.decode()


def test_it_charges_now(client: Client, olive: User, stripe_standin: StripeStandin) -> None:
    invoice = issued(with_card(), 1_000)

    act(client, invoice, "charge")

    invoice.refresh_from_db()
    assert invoice.state == "paid"


def test_it_credits_once(client: Client, olive: User) -> None:
    invoice = issued(open_customer(), 1_000)

    for _ in range(2):
        act(client, invoice, "credit", amount="2.50")

    note = CreditNote.objects.get()
    assert (note.amount_cents, note.actor) == (250, "staff:olive@example.com")


@pytest.mark.parametrize("amount", ["", "x", "0.001", "-1", "10.00", "99", "NaN"])
def test_it_refuses_an_amount_that_is_none(client: Client, olive: User, amount: str) -> None:
    page = act(client, issued(open_customer(), 1_000), "credit", amount=amount)

    assert page.status_code == 200
    assert CreditNote.objects.count() == 0


@pytest.mark.parametrize(("step", "state"), [("void", "void"), ("give-up", "uncollectible")])
def test_it_closes_with_a_reason_and_a_name(client: Client, olive: User, step: str, state: str) -> None:
    invoice = issued(open_customer(), 1_000)

    act(client, invoice, step, reason="")
    invoice.refresh_from_db()
    assert invoice.state == "open"
    act(client, invoice, step)

    invoice.refresh_from_db()
    change = invoice.changes.latest("pk")
    assert (invoice.state, change.reason, change.actor) == (
        state,
        "asked by phone",
        "staff:olive@example.com",
    )


def test_it_refuses_what_is_not_open(client: Client, olive: User) -> None:
    page = act(client, draft_of(open_customer(), 1_000), "void")

    assert "The invoice is draft." in page.content.decode()


def test_staff_without_the_permission_may_not(client: Client) -> None:
    paul = User.objects.create_user("paul@example.com", "correct horse battery", is_staff=True)
    client.force_login(paul, backend="django.contrib.auth.backends.ModelBackend")
    invoice = issued(open_customer(), 1_000)

    assert act(client, invoice, "void").status_code == 403
    invoice.refresh_from_db()
    assert invoice.state == "open"
