"""Staff see what a customer sees: read only, with a banner, audited page by page, until a click or the time ends it."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import Error, connection
from django.test import Client

from accounts import middleware
from accounts.models import AuditEntry, Customer, Membership, User
from config.kit import clock
from tests.support import people, runs
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

BANNER = "You see what Bob sees, read only"


@pytest.fixture
def bob(db: None) -> Customer:
    """A customer with money."""
    return runs.make_customer("bob", credits=1000)


@pytest.fixture
def olive(client: Client) -> Client:
    """An operator, signed in."""
    client.force_login(staff("olive").user)
    return client


def impersonate(client: Client, customer: Customer, reason: str = "ticket 42") -> Any:
    return client.post(f"/impersonate/{customer.public_id}/", {"reason": reason})


def trail() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("act", "object_id", "reason"))


def test_it_shows_the_customers_pages_and_writes_each_down(olive: Client, bob: Customer) -> None:
    before = olive.session.session_key

    assert impersonate(olive, bob)["Location"] == "/wallet/"

    assert olive.session.session_key != before
    wallet = olive.get("/wallet/").content.decode()
    assert BANNER in wallet
    assert "1,000" in wallet
    for _ in range(2):
        olive.get("/wallet/live/", headers={"HX-Request": "true"})
    assert trail() == [
        ("impersonation.start", bob.public_id, "ticket 42"),
        ("impersonation.see", bob.public_id, "/wallet/"),
        ("impersonation.see", bob.public_id, "/wallet/live/"),
    ]
    ended = olive.post("/impersonate/end/")
    assert ended["Location"] == f"/admin/customers/{bob.public_id}/"
    assert BANNER not in olive.get("/wallet/").content.decode()
    assert trail()[-1] == ("impersonation.end", bob.public_id, "by a click")


def test_nothing_can_be_sent_anywhere(olive: Client, bob: Customer) -> None:
    key = people.customer_key(bob).key
    impersonate(olive, bob)

    for path in (
        *("/keys/", f"/keys/{key.public_id}/revoke/", "/wallet/add/", "/invoices/card/", "/creator/start/"),
        *(
            f"/customers/{bob.public_id}/switch/",
            "/admin/accounts/customer/add/",
            "/accounts/password/change/",
        ),
        f"/impersonate/{bob.public_id}/",
    ):
        answer = olive.post(path, {"name": "x", "reason": "x"})
        assert (answer.status_code, b"You only look" in answer.content) == (403, True), path
    for send in (olive.put, olive.patch, olive.delete):
        assert send("/keys/").status_code == 403
    assert olive.get("/creator/connect/refresh/").status_code == 403
    key.refresh_from_db()
    assert (key.revoked_at, bob.api_keys.count()) == (None, 1)
    assert olive.get("/admin/").status_code == 200  # to look something up


@pytest.mark.django_db(transaction=True)
def test_the_database_only_reads_meanwhile(
    olive: Client, bob: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    impersonate(olive, bob)
    for path in (
        "/wallet/",
        "/wallet/transactions/",
        "/runs/",
        "/usage/",
        "/keys/",
        "/invoices/",
        "/agents/",
        "/subscriptions/",
        "/statements/",
        "/plans/",
        "/wallet/add/",
    ):
        assert olive.get(path).status_code == 200, path

    def writes(_: Any) -> Any:
        Customer.objects.update(name="Mallory")

    monkeypatch.setattr("accounts.views.queries.keys_of", lambda **_: writes(None))
    answer = olive.get("/keys/")

    assert (answer.status_code, b"You only look" in answer.content) == (403, True)
    assert not Customer.objects.filter(name="Mallory").exists()
    Customer.objects.filter(pk=bob.pk).update(external_id="free again")  # the connection writes again
    with middleware._reading_only(), pytest.raises(Error, match="read-only"):
        Customer.objects.update(name="Mallory")
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_it_ends_with_its_time(olive: Client, bob: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    impersonate(olive, bob)
    later = clock.now() + dt.timedelta(minutes=15)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert BANNER not in olive.get("/wallet/").content.decode()
    assert trail()[-1] == ("impersonation.end", bob.public_id, "its time was over")


def test_it_ends_with_the_right_to_it(client: Client, bob: Customer) -> None:
    paul = User.objects.create_user("paul@example.com", "x", is_staff=True)
    client.force_login(paul)
    assert impersonate(client, bob).status_code == 403
    paul.user_permissions.add(Permission.objects.get(codename="impersonate_customer"))
    impersonate(client, bob)
    assert BANNER in client.get("/wallet/").content.decode()
    User.objects.filter(pk=paul.pk).update(is_staff=False)

    assert BANNER not in client.get("/wallet/").content.decode()
    assert trail()[-1][2] == "the right to it is gone"


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}])
def test_nobody_sees_through_staff(olive: Client, bob: Customer, fields: dict[str, bool]) -> None:
    quinn = User.objects.create_user("quinn@example.com", "x", **fields)
    Membership.objects.create(user=quinn, customer=bob, created_at=people.MONDAY)

    impersonate(olive, bob)

    assert BANNER not in olive.get("/wallet/").content.decode()
    assert trail() == []


def test_it_needs_a_reason_and_staff(client: Client, olive: Client, bob: Customer) -> None:
    for reason in ("", "  ", "x" * 301):
        impersonate(olive, bob, reason)
    assert trail() == []
    client.force_login(people.sign_up("charlie")[0])

    assert impersonate(client, bob).status_code == 403
    assert client.post("/impersonate/end/")["Location"] == "/"
    assert trail() == []


def test_the_api_knows_nothing_of_it(olive: Client, bob: Customer) -> None:
    impersonate(olive, bob)

    assert olive.get("/v1/wallet/balance").status_code == 401
    assert olive.get("/v1/subscriptions").status_code == 401
    own = people.customer_key(people.open_customer("dora"))
    balance = olive.get("/v1/wallet/balance", headers=people.bearer(own))
    assert (balance.status_code, "1000" in balance.content.decode()) == (200, False)
