"""Staff make and stop vouchers, and give single customers credits, within a limit."""

import re

import pytest
from django.test import Client, override_settings

from accounts import customers
from accounts.models import AuditEntry, User
from billing.models import PromoGrant, Voucher
from billing.operations import vouchers
from billing.operations.vouchers import VoucherUsedError
from tests.support import runs
from tests.support.people import MONDAY
from tests.support.runs import credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MAKE = "/admin/billing/voucher/make/"
GIVE = "/admin/billing/promogrant/give/"
NEW = {
    "credits": "1,000", "name": "Spring", "code": "SPRING-2026", "uses_max": "5", "per_customer": "1",
    "starts": "2026-03-01", "last": "2026-03-31", "credits_days": "",
}  # fmt: skip


@pytest.fixture
def olive(client: Client) -> Client:
    """An operator, signed in to the admin."""
    client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
    return client


def test_a_voucher_is_made_and_stopped_and_both_are_audited(olive: Client) -> None:
    assert re.search(r'value="\w{4}-\w{4}-\w{4}"', olive.get(MAKE).content.decode())
    for wrong in ({"code": "X"}, {"uses_max": "9" * 12}, {"last": "9999-12-31"}):
        assert olive.post(MAKE, NEW | wrong).status_code == 200
    made = olive.post(MAKE, NEW, follow=True)
    assert "redeem it as SPRING-2026" in made.content.decode()
    voucher = Voucher.objects.get()
    bob = runs.make_customer()
    vouchers.redeem(customer=bob, code="SPRING-2026", actor="user:bob", now=MONDAY)
    assert runs.wallet_of(bob).balance == credits(1_000)

    assert olive.get(f"/admin/billing/voucher/{voucher.pk}/stop").status_code in (200, 301)
    olive.post(f"/admin/billing/voucher/{voucher.pk}/stop/")

    with pytest.raises(VoucherUsedError):
        vouchers.redeem(customer=runs.make_customer("dave"), code="SPRING-2026", actor="user:x", now=MONDAY)
    assert AuditEntry.objects.count() == 2
    assert "2026" in olive.get("/admin/billing/voucher/").content.decode()


@override_settings(PROMO_DAILY_LIMIT_CENTS=100)
def test_a_gift_is_given_once_with_its_reason_and_within_a_days_limit(olive: Client) -> None:
    bob = runs.make_customer()
    reference = re.search(r'name="reference" value="([^"]+)"', olive.get(GIVE).content.decode())
    assert reference
    form = {
        "credits": "600",
        "customer": bob.public_id,
        "reason": "a slow run",
        "last": "",
        "reference": reference[1],
    }
    assert olive.post(GIVE, form | {"reason": ""}).status_code == 200
    for _ in range(2):
        assert olive.post(GIVE, form).status_code == 302

    other = olive.post(GIVE, form | {"credits": "700"}).content.decode()
    assert "sent before with something else" in other
    assert runs.wallet_of(bob).balance == credits(600)
    own = customers.open_first(user=User.objects.get(email="olive@example.com"), now=MONDAY)
    to_herself = olive.post(GIVE, form | {"customer": own.public_id, "reference": "gft_0"}).content.decode()
    assert "You share this wallet" in to_herself
    refused = olive.post(GIVE, form | {"reference": "gft_2"}).content.decode()
    assert "600 credits in the last 24 hours; 1000 are the limit" in refused
    assert PromoGrant.objects.get().reason == "a slow run"
    assert AuditEntry.objects.filter(act__contains="promogrant").exists()


def test_staff_without_the_permission_do_neither(client: Client) -> None:
    user = User.objects.create_user("stan@example.com", "correct horse battery", is_staff=True)
    client.force_login(user)

    assert client.post(MAKE, NEW).status_code == 403
    assert client.post(GIVE, {}).status_code == 403
    assert not Voucher.objects.exists()
