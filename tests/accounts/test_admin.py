"""The operator's pages about people and keys."""

import re

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Customer, User
from config.kit import clock
from tests.support import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def olive(client: Client) -> User:
    user = User.objects.create_superuser("olive@example.com", "x")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_it_is_for_staff_only(client: Client) -> None:
    user, _ = people.sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/admin/accounts/customer/").status_code == 302


@pytest.mark.parametrize("query", ["bob@example.com", "cst_", "acme", "Bob"])
def test_it_finds_customers(client: Client, olive: User, query: str) -> None:
    people.open_customer("bob", external_id="acme")

    page = client.get("/admin/accounts/customer/", {"q": query}).content.decode()

    assert "bob@example.com" in page


@pytest.mark.parametrize("model", ["user", "customer", "apikey"])
def test_every_list_searches_and_every_row_opens(client: Client, olive: User, model: str) -> None:
    people.customer_key(people.sign_up()[1])
    rows = {"user": User, "customer": Customer, "apikey": ApiKey}[model].objects.all()  # type: ignore[attr-defined]

    assert client.get(f"/admin/accounts/{model}/", {"q": "x"}).status_code == 200
    assert client.get(f"/admin/accounts/{model}/add/").status_code == 200
    for row in rows:
        assert client.get(f"/admin/accounts/{model}/{row.pk}/change/").status_code == 200


def test_it_makes_a_router_key_and_shows_it_once(client: Client, olive: User) -> None:
    form = {"name": "eu router", "kind": "router", "customer": "", "expires_at_0": "", "expires_at_1": ""}

    page = client.post("/admin/accounts/apikey/add/", form, follow=True).content.decode()

    found = re.search(r"fbx_router_[0-9a-z_]+", page)
    assert found is not None
    assert keys.authenticate(secret=found[0], now=clock.now()).name == "eu router"
    assert ApiKey.objects.get().created_by == olive
    assert found[0] not in client.get("/admin/accounts/apikey/").content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "customer"}, "customer"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "expires_at"),
    ],
)
def test_it_says_what_is_wrong_with_a_key(
    client: Client, olive: User, change: dict[str, str], field: str
) -> None:
    form = {"name": "x", "kind": "router", "customer": "", "expires_at_0": "", "expires_at_1": "", **change}

    response = client.post("/admin/accounts/apikey/add/", form)

    assert response.status_code == 200
    assert f"The key cannot be made: {field}" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_it_revokes_keys(client: Client, olive: User) -> None:
    key = people.router_key().key

    client.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [key.pk]})

    key.refresh_from_db()
    assert key.revoked_at is not None


def test_it_opens_a_customer(client: Client, olive: User) -> None:
    form = {
        "name": "Acme",
        "email": "pay@acme.example",
        "external_id": "acme",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": str(olive.pk),
        "memberships-0-role": "owner",
    }

    response = client.post("/admin/accounts/customer/add/", form)

    assert response.status_code == 302, response.content
    customer = Customer.objects.get()
    assert (customer.external_id, customer.memberships.get().user) == ("acme", olive)


def test_it_deletes_neither_customers_nor_keys(client: Client, olive: User) -> None:
    key = people.customer_key(people.open_customer()).key

    assert client.post(f"/admin/accounts/apikey/{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        client.post(f"/admin/accounts/customer/{key.customer_id}/delete/", {"post": "yes"}).status_code == 403
    )


def test_it_adds_a_person(client: Client, olive: User) -> None:
    form = {
        "email": "New@Example.com",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }

    response = client.post("/admin/accounts/user/add/", form)

    assert response.status_code == 302, response.content
    assert User.objects.filter(email="new@example.com").exists()
