"""GET /v1/invoices, GET /v1/invoices/{id}, POST /v1/invoices/{id}/pay."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.models import InvoicePayment
from billing.operations.invoices import collecting
from tests.support.invoicing import NOW, draft_of, issued, with_card
from tests.support.people import bearer, customer_key, open_customer, router_key
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def bob() -> Customer:
    """Open Bob."""
    return open_customer()


@pytest.fixture
def headers(bob: Customer) -> dict[str, str]:
    """Give the headers of Bob's key."""
    return bearer(customer_key(bob))


def test_it_lists_newest_first_with_a_cursor(client: Client, bob: Customer, headers: dict[str, str]) -> None:
    issued(bob, 1_000)
    draft_of(bob, 500, name="next")

    first = client.get("/v1/invoices?limit=1", headers=headers).json()
    second = client.get(first["next"], headers=headers).json()

    assert [(one["status"], one["number"], one["total"]) for one in first["results"]] == [
        ("draft", None, "5.00")
    ]
    assert [(one["status"], one["number"], one["due"]) for one in second["results"]] == [
        ("open", "INV-000001", "10.00")
    ]
    assert second["next"] is None


def test_it_reads_one_with_its_lines(client: Client, bob: Customer, headers: dict[str, str]) -> None:
    invoice = issued(bob, 1_000)

    found = client.get(f"/v1/invoices/{invoice.public_id}", headers=headers).json()

    assert found["period"] == {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
    assert [(line["kind"], line["amount"], line["total"]) for line in found["lines"]] == [
        ("usage", "10.00", "10.00")
    ]


def test_it_refuses_another_customers_invoice(client: Client, headers: dict[str, str]) -> None:
    foreign = issued(open_customer("alice"), 1_000)

    assert client.get(f"/v1/invoices/{foreign.public_id}", headers=headers).status_code == 404
    assert client.post(f"/v1/invoices/{foreign.public_id}/pay", headers=headers).status_code == 404


def test_it_refuses_other_keys(client: Client) -> None:
    assert client.get("/v1/invoices").status_code == 401
    assert client.get("/v1/invoices", headers=bearer(router_key())).status_code == 403


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=x", "state=open"])
def test_it_refuses_bad_queries(client: Client, headers: dict[str, str], query: str) -> None:
    assert client.get(f"/v1/invoices?{query}", headers=headers).status_code == 400


def test_it_opens_one_checkout_under_a_key(
    client: Client, bob: Customer, headers: dict[str, str], stripe_standin: StripeStandin
) -> None:
    path = f"/v1/invoices/{issued(bob, 1_000).public_id}/pay"

    answers: list[Any] = [client.post(path, headers=headers | {"Idempotency-Key": "k"}) for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["checkout_url"] == InvoicePayment.objects.get().checkout_url


def test_it_refuses_a_key_of_another_invoice(
    client: Client, bob: Customer, headers: dict[str, str], stripe_standin: StripeStandin
) -> None:
    first, second = issued(bob, 1_000), issued(bob, 2_000, name="next")
    keyed = headers | {"Idempotency-Key": "k"}
    client.post(f"/v1/invoices/{first.public_id}/pay", headers=keyed)

    answer = client.post(f"/v1/invoices/{second.public_id}/pay", headers=keyed)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_it_refuses_what_is_not_open(
    client: Client, bob: Customer, headers: dict[str, str], stripe_standin: StripeStandin
) -> None:
    paid = collecting.collect(invoice_id=issued(with_card(bob), 1_000).pk, now=NOW)
    gathering = draft_of(bob, 500, name="next")

    for invoice in (paid, gathering):
        answer = client.post(f"/v1/invoices/{invoice.public_id}/pay", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "invoice_not_open")
