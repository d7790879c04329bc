"""Signing up, the keys' page, switching customers."""

import re

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Customer, Membership, User
from config.kit import clock
from tests.support import people
from tests.support.people import MONDAY

pytestmark = pytest.mark.django_db
KEYS = "/keys/"
SECRET = re.compile(r"fbx_customer_[0-9a-z]{8}_[0-9a-z]{26}_[0-9a-z]{6}")


@pytest.fixture
def bob(client: Client) -> Customer:
    user, customer = people.sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return customer


class TestSignUp:
    def sign_up(self, client: Client, email: str = "Dana@Example.com") -> int:
        form = {"email": email, "password1": "correct horse battery"}
        return int(client.post("/accounts/signup/", form).status_code)

    def test_it_opens_a_customer(self, client: Client) -> None:
        assert self.sign_up(client) == 302

        membership = Membership.objects.select_related("user", "customer").get()
        assert membership.user.email == "dana@example.com"
        assert (membership.customer.name, membership.customer.email) == ("dana", "dana@example.com")

    def test_it_signs_in_by_e_mail(self, client: Client) -> None:
        people.sign_up()

        form = {"login": "BOB@example.com", "password": "correct horse battery"}
        response = client.post("/accounts/login/", form)

        assert response.status_code == 302
        assert client.get(KEYS).status_code == 200

    def test_it_refuses_a_second_account_quietly(self, client: Client) -> None:
        people.sign_up("dana")

        self.sign_up(client)

        assert User.objects.count() == Customer.objects.count() == 1


class TestKeysPage:
    def test_it_needs_a_sign_in(self, client: Client) -> None:
        response = client.get(KEYS)

        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")

    def test_it_shows_a_new_secret_once(self, client: Client, bob: Customer) -> None:
        response = client.post(KEYS, {"name": "laptop"})

        secrets = set(SECRET.findall(response.content.decode()))
        assert len(secrets) == 1
        principal = keys.authenticate(secret=secrets.pop(), now=clock.now())
        assert (principal.customer_id, principal.name) == (bob.pk, "laptop")
        assert "no-store" in response.headers["Cache-Control"]
        again = client.get(KEYS).content.decode()
        assert "laptop" in again
        assert not SECRET.search(again)

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
    def test_it_refuses_a_bad_name(self, client: Client, bob: Customer, name: str) -> None:
        response = client.post(KEYS, {"name": name})

        assert response.status_code == 400
        assert not ApiKey.objects.exists()

    def test_it_lists_only_the_customers_own(self, client: Client, bob: Customer) -> None:
        people.customer_key(bob, name="mine")
        people.customer_key(people.open_customer("charlie"), name="not mine")

        page = client.get(KEYS).content.decode()

        assert "mine" in page
        assert "not mine" not in page

    def test_it_revokes(self, client: Client, bob: Customer) -> None:
        key = people.customer_key(bob).key

        for _ in range(2):
            response = client.post(f"/keys/{key.public_id}/revoke/")
            assert response.headers["Location"] == KEYS

        key.refresh_from_db()
        assert key.revoked_at is not None

    def test_it_never_revokes_a_strangers_key(self, client: Client, bob: Customer) -> None:
        key = people.customer_key(people.open_customer("charlie")).key

        assert client.post(f"/keys/{key.public_id}/revoke/").status_code == 404
        key.refresh_from_db()
        assert key.revoked_at is None

    def test_a_link_revokes_nothing(self, client: Client, bob: Customer) -> None:
        key = people.customer_key(bob).key

        assert client.get(f"/keys/{key.public_id}/revoke/").status_code == 405


class TestActiveCustomer:
    def test_staff_without_one_get_one(self, client: Client) -> None:
        olive = User.objects.create_superuser("olive@example.com", "x")
        client.force_login(olive, backend="django.contrib.auth.backends.ModelBackend")

        assert client.get(KEYS).status_code == 200
        assert Membership.objects.get().user == olive

    def test_it_switches_to_a_team_of_ones_own(self, client: Client, bob: Customer) -> None:
        team = people.open_customer("team")
        Membership.objects.create(user=User.objects.get(), customer=team, role="member", created_at=MONDAY)

        client.post(f"/customers/{team.public_id}/switch/")
        client.post(KEYS, {"name": "the team's"})

        assert ApiKey.objects.get().customer == team

    def test_it_never_switches_to_a_strangers(self, client: Client, bob: Customer) -> None:
        stranger = people.open_customer("charlie")

        assert client.post(f"/customers/{stranger.public_id}/switch/").status_code == 404
        client.post(KEYS, {"name": "mine"})
        assert ApiKey.objects.get().customer == bob
