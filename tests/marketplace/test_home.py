import pytest
from django.test import Client

from tests.support import market, people

pytestmark = pytest.mark.django_db


def test_it_shows_what_is_for_sale(client: Client) -> None:
    market.for_sale("per-request")

    page = client.get("/")

    assert page.status_code == 200
    assert "Per Request" in page.content.decode()


def test_it_stands_without_any_agent(client: Client) -> None:
    assert "In the marketplace" not in client.get("/").content.decode()


def test_it_sends_who_is_signed_in_to_the_wallet(client: Client) -> None:
    user, _customer = people.sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/").headers["Location"] == "/wallet/"
