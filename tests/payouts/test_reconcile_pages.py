"""The operator's pages of reconciling: green, red with the row and its links, corrected by two."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.operations import fees
from payouts.models import Correction, Discrepancy, Withdrawal
from payouts.operations import reconciliation
from tests.support.checkout import buy
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LIST = "/admin/payouts/discrepancy/"
REAL = dt.datetime.now(dt.UTC)


def staff(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(f"{name}@example.com", "correct horse battery"))
    return client


def read(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.fixture
def planted(stripe_standin: StripeStandin) -> str:
    """Let Bob buy credits, and Stripe correct itself by a line that nothing explains."""
    buy(open_customer(), stripe_standin)
    line = str(stripe_standin.post("/_sim/balance/adjust", amount=-1_234)["id"])
    reconciliation.reconcile(
        first=REAL.date(), last=REAL.date(), actor="test", now=REAL + dt.timedelta(hours=2)
    )
    return line


def test_it_is_red_with_the_row_until_two_people_have_corrected_it(
    planted: str, stripe_standin: StripeStandin
) -> None:
    olive, oscar = staff("olive"), staff("oscar")
    page = read(olive, LIST)
    for text in ("1 to explain", planted, "In suspense", f"{stripe_standin.url}/objects/{planted}"):
        assert text in page

    assert "1 to explain" in read(olive, "/admin/")

    row = Discrepancy.objects.get()
    form = f"{LIST}{row.pk}/correct/"
    assert "loss \N{MINUS SIGN}$12.34" in read(olive, form)
    olive.post(form, {"account": "loss", "reason": "Stripe's own correction"})
    asked = Correction.objects.get()
    decide = f"/admin/payouts/correction/{asked.pk}/approve/"
    assert "another person decides it" in olive.post(decide, follow=True).content.decode()
    assert "It is posted." in oscar.post(decide, follow=True).content.decode()

    assert "Reconciled" in read(olive, LIST)
    assert "resolved" in read(olive, f"{LIST}{row.pk}/change/")
    assert queries.platform_balance(chart.SUSPENSE) == 0


def test_reconciling_from_the_page_is_posted_and_never_linked_to(stripe_standin: StripeStandin) -> None:
    olive = staff("olive")
    assert "read afresh" in read(olive, f"{LIST}reconcile/")
    assert "Not compared" in read(olive, LIST)

    assert "0 matched, 0 to explain" in olive.post(f"{LIST}reconcile/", follow=True).content.decode()


def test_who_may_only_look_may_not_correct_or_withdraw(planted: str) -> None:
    ivy = User.objects.create_user("ivy@example.com", "correct horse battery", is_staff=True)
    names = ["view_discrepancy", "view_withdrawal", "view_correction"]
    ivy.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(ivy)

    assert client.get(LIST).status_code == 200
    for path in (f"{LIST}reconcile/", f"{LIST}{Discrepancy.objects.get().pk}/correct/"):
        assert client.post(path, {"account": "loss", "reason": "x"}).status_code in {302, 403}
    assert client.post("/admin/payouts/withdrawal/withdraw/", {"amount": "1"}).status_code in {302, 403}
    assert not Correction.objects.exists()


def test_a_withdrawal_is_previewed_and_refused_beyond_what_is_free(stripe_standin: StripeStandin) -> None:
    stripe_standin.post("/_sim/balance/topup", amount=2_000)
    fees.sweep(now=REAL)
    olive, path = staff("olive"), reverse("admin:payouts_withdrawal_withdraw")
    reference = re.search(r'name="reference" value="(wdr_[^"]+)"', read(olive, path))
    assert reference
    asked = {"amount": "5", "reason": "Rent", "reference": reference[1]}
    confirmed = asked | {"step": "confirm"}
    assert "are free" in olive.post(path, confirmed | {"amount": "20.01"}).content.decode()
    assert "go from Stripe to our bank" in (shown := olive.post(path, asked).content.decode())
    assert reference[1] in shown
    assert not Withdrawal.objects.exists()

    for _ in range(2):
        olive.post(path, confirmed)

    assert Withdrawal.objects.get().state == "sent"
