"""The audit trail: every act of the staff in the admin is in it: who, what, why, from where; nothing else is."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client

from accounts import audit
from accounts.models import ApiKey, AuditEntry, Customer, User
from tests.support import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def olive(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
    return client


def trail() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("act", "object_id", "reason"))


def test_a_form_and_an_action_are_written_down(olive: Client) -> None:
    key = people.router_key().key
    form = {"name": "eu router", "kind": "router", "customer": "", "expires_at_0": "", "expires_at_1": ""}

    olive.post("/admin/accounts/apikey/add/", form, REMOTE_ADDR="10.1.2.3")
    olive.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [key.pk]})

    made = ApiKey.objects.latest("id")
    assert trail() == [("apikey.add", made.public_id, "Added."), ("apikey.revoke", key.public_id, "")]
    first = AuditEntry.objects.earliest("id")
    assert (first.actor, first.address) == ("staff:olive@example.com", "10.1.2.3")


def test_a_change_says_which_fields(olive: Client) -> None:
    bob = people.open_customer()
    inlines = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}

    olive.post(f"/admin/accounts/customer/{bob.pk}/change/", {"name": "Bobby", "email": bob.email, **inlines})

    assert Customer.objects.get().name == "Bobby"
    assert trail() == [("customer.change", bob.public_id, "Changed Name.")]


def test_what_was_not_done_is_not_written(olive: Client, client: Client) -> None:
    bob = people.open_customer()

    olive.get(f"/admin/accounts/customer/{bob.pk}/change/")
    olive.post(f"/admin/accounts/customer/{bob.pk}/change/", {"name": ""})  # refused: the form comes again
    olive.post(f"/admin/accounts/customer/{bob.pk}/delete/", {"post": "yes"})  # never allowed
    olive.post("/admin/accounts/customer/999999/change/", {"name": "x"})  # nobody
    olive.post("/admin/accounts/apikey/", {"action": "", "_selected_action": ["x"]})
    client.logout()
    client.post(f"/admin/accounts/customer/{bob.pk}/change/", {"name": "x"})  # a stranger: to the sign-in

    assert trail() == []


def test_the_trail_is_shown_and_nobody_edits_it(olive: Client) -> None:
    people.customer_key(people.open_customer())
    olive.post("/admin/accounts/apikey/", {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk]})
    entry = AuditEntry.objects.get()
    page = f"/admin/accounts/auditentry/{entry.pk}"

    assert b"apikey.revoke" in olive.get("/admin/accounts/auditentry/", {"q": entry.object_id}).content
    assert olive.get(f"{page}/change/").status_code == 200
    assert olive.post(f"{page}/change/", {"reason": "x"}).status_code == 403
    assert olive.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert olive.get("/admin/accounts/auditentry/add/").status_code == 403
    assert len(trail()) == 1


@pytest.mark.parametrize(
    ("proxies", "meta", "address"),
    [
        (0, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1"}, "10.0.0.1"),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 2.2.2.2"}, "2.2.2.2"),
        (2, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "2.2.2.2"}, "10.0.0.1"),
        (1, {"REMOTE_ADDR": "unix:", "HTTP_X_FORWARDED_FOR": ""}, None),
        (0, {"REMOTE_ADDR": "fe80::1%eth0"}, "fe80::1"),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(
    settings: Any, proxies: int, meta: dict[str, str], address: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = HttpRequest()
    request.META = meta

    assert audit.address_of(request=request) == address
