"""The operator's first page and the admin's navigation."""

import pytest
from django.test import Client

from accounts.models import User
from billing.models import QuarantinedEvent
from tests.support import people
from tests.support.people import MONDAY
from wallets.models import BooksCheck

pytestmark = pytest.mark.django_db


@pytest.fixture
def olive(client: Client) -> User:
    user = User.objects.create_superuser("olive@example.com", "x")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def dashboard(client: Client) -> str:
    page = client.get("/admin/")
    assert page.status_code == 200
    return page.content.decode()


def test_it_is_for_staff_only(client: Client) -> None:
    user, _customer = people.sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/admin/").status_code == 302


def test_it_says_when_the_books_were_never_proven(client: Client, olive: User) -> None:
    assert "Not proven" in dashboard(client)


@pytest.mark.parametrize(("violations", "words"), [(0, "Balanced"), (3, "3 broken")])
def test_it_says_whether_the_books_balance(client: Client, olive: User, violations: int, words: str) -> None:
    BooksCheck.objects.create(name="sums", protects="all", violations=violations, checked_at=MONDAY)

    assert words in dashboard(client)


def test_it_lists_what_waits_for_somebody(client: Client, olive: User) -> None:
    assert "Stripe events set aside" not in dashboard(client)
    QuarantinedEvent.objects.create(
        stripe_id="evt_1", type="x", reason="y", first_at=MONDAY, last_at=MONDAY, quarantined_at=MONDAY
    )

    assert "Stripe events set aside" in dashboard(client)


def test_it_draws_what_was_charged_each_day(client: Client, olive: User) -> None:
    assert "0 credits in 14 days" in dashboard(client)


def test_the_navigation_leads_to_every_list(client: Client, olive: User) -> None:
    page = dashboard(client)

    for address in ("accounts/customer", "wallets/wallet", "wallets/transaction", "marketplace/agent"):
        assert f'href="/admin/{address}/"' in page
