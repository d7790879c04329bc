"""The operator's way to adjust a balance: search, state a reason, see before and after, confirm, once."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client

from accounts.models import AuditEntry, User
from tests.support.ledger import CREDIT, buy, open_consumer_wallet
from tests.support.people import sign_up
from tests.support.staff import staff
from wallets.models import Adjustment, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def wallet() -> Wallet:
    """Bob's wallet with $10 of credits."""
    _, bob = sign_up("bob")
    wallet = open_consumer_wallet(owner_id=bob.pk)
    buy(wallet)
    return wallet


@pytest.fixture
def olive(client: Client) -> Client:
    """An operator, signed in to the admin."""
    client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
    return client


def adjust_url(wallet: Wallet) -> str:
    return f"/admin/wallets/wallet/{wallet.pk}/adjust/"


def reference(client: Client, wallet: Wallet) -> str:
    """The form's own reference, which makes a double click one adjustment."""
    found = re.search(r'name="reference" value="([^"]+)"', client.get(adjust_url(wallet)).content.decode())
    assert found
    return found[1]


def test_a_wallet_is_found_by_its_customers_e_mail(olive: Client, wallet: Wallet) -> None:
    answer = olive.get("/admin/wallets/wallet/", {"q": "bob@example.com"})

    assert [found.public_id for found in answer.context["cl"].result_list] == [wallet.public_id]


def test_the_preview_shows_before_and_after_and_changes_nothing(olive: Client, wallet: Wallet) -> None:
    form = {"amount": "500", "reason": "goodwill", "reference": reference(olive, wallet), "step": "preview"}
    page = olive.post(adjust_url(wallet), form).content.decode()

    assert "10,000" in page
    assert "10,500" in page
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_confirming_twice_adjusts_once_and_is_logged(olive: Client, wallet: Wallet) -> None:
    form = {"amount": "-500", "reason": "goodwill", "reference": reference(olive, wallet), "step": "confirm"}
    olive.post(adjust_url(wallet), form)
    olive.post(adjust_url(wallet), form)

    wallet.refresh_from_db()
    assert wallet.balance == 9_500 * CREDIT
    transaction = Transaction.objects.get(kind="adjustment")
    assert (transaction.actor, transaction.description) == ("staff:olive@example.com", "goodwill")
    assert AuditEntry.objects.get().reason.endswith("-500 credits: goodwill")


@pytest.mark.parametrize(
    ("amount", "reason"),
    [("500", ""), ("", "goodwill"), ("NaN", "x"), ("1e9", "x"), ("0", "x"), ("-10001", "x")],
)
def test_it_refuses_bad_input_and_changes_nothing(
    olive: Client, wallet: Wallet, amount: str, reason: str
) -> None:
    form = {"amount": amount, "reason": reason, "reference": reference(olive, wallet), "step": "confirm"}
    answer = olive.post(adjust_url(wallet), form)

    assert answer.status_code == 200
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_staff_without_the_permission_may_not(client: Client, wallet: Wallet) -> None:
    user = User.objects.create_user("paul@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_wallet"))
    client.force_login(user)

    answer = client.post(
        adjust_url(wallet), {"amount": "5", "reason": "x", "reference": "adj_1", "step": "confirm"}
    )

    assert answer.status_code in {302, 403}
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_a_consumer_may_not(client: Client, wallet: Wallet) -> None:
    client.force_login(User.objects.get(email="bob@example.com"))

    assert client.get(adjust_url(wallet)).status_code == 302


def test_a_large_one_is_decided_by_another_through_the_pages(
    client: Client, olive: Client, wallet: Wallet
) -> None:
    form = {"amount": "20000", "reason": "goodwill", "reference": reference(olive, wallet)}
    assert b"another person must approve" in olive.post(adjust_url(wallet), form).content
    olive.post(adjust_url(wallet), form | {"step": "confirm"})
    asked = Adjustment.objects.get()
    page = f"/admin/wallets/adjustment/{asked.pk}"
    own = olive.get(f"{page}/decide/").content.decode()
    assert "another person decides" in own
    assert ">Approve<" not in own
    refused = olive.post(f"{page}/decide/", {"step": "approve"}, follow=True).content.decode()
    assert "You asked for it: another person decides." in refused

    client.force_login(staff("paul").user)
    assert "Adjustments to approve" in client.get("/admin/").content.decode()
    shown = client.get(f"{page}/decide/").content.decode()
    assert "30,000" in shown
    client.post(f"{page}/decide/", {"step": "approve"})
    client.post(f"{page}/decide/", {"step": "approve"})
    wallet.refresh_from_db()
    assert wallet.balance == 30_000 * CREDIT
    assert "Reverse it now" in client.get(f"{page}/reverse/").content.decode()
    client.post(f"{page}/reverse/")
    client.post(f"{page}/reverse/")

    wallet.refresh_from_db()
    assert wallet.balance == 10_000 * CREDIT
    acts = list(AuditEntry.objects.order_by("id").values_list("act", "actor"))
    assert acts == [
        ("adjustment.request", "staff:olive@example.com"),
        ("adjustment.approve", "staff:paul@example.com"),
        ("adjustment.reverse", "staff:paul@example.com"),
    ]


def test_a_declined_one_says_why(client: Client, olive: Client, wallet: Wallet) -> None:
    form = {"amount": "20000", "reason": "goodwill", "reference": reference(olive, wallet), "step": "confirm"}
    olive.post(adjust_url(wallet), form)
    page = f"/admin/wallets/adjustment/{Adjustment.objects.get().pk}"
    client.force_login(staff("paul").user)

    assert client.post(f"{page}/decide/", {"step": "decline", "reason": ""}).status_code == 200
    client.post(f"{page}/decide/", {"step": "decline", "reason": "no ticket"})

    assert b"no ticket" in client.get(f"{page}/change/").content
    assert Adjustment.objects.get().state == "declined"
    assert not Transaction.objects.filter(kind="adjustment").exists()


LEDGER = [model for model in apps.get_app_config("wallets").get_models() if admin.site.is_registered(model)]


@pytest.mark.parametrize("model", LEDGER, ids=lambda model: str(model._meta.model_name))
def test_superusers_cannot_add_change_or_delete_a_ledger_row(
    olive: Client, wallet: Wallet, model: type[Model]
) -> None:
    form = {"amount": "500", "reason": "x", "reference": reference(olive, wallet), "step": "confirm"}
    olive.post(adjust_url(wallet), form)
    page = f"/admin/wallets/{model._meta.model_name}/"
    row = model._default_manager.order_by("-pk").first()

    assert olive.get(page).status_code == 200
    assert olive.get(f"{page}add/").status_code == 403
    assert olive.post(f"{page}add/", {"amount": "1"}).status_code == 403
    if row is None:
        return
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert olive.get(f"{page}{row.pk}/change/").status_code == 200
    for url in (f"{page}{row.pk}/change/", f"{page}{row.pk}/delete/"):
        assert olive.post(url, {"post": "yes", "amount": "1", "state": "x"}).status_code == 403
    olive.post(page, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_the_proof_is_run_and_shown(olive: Client, wallet: Wallet) -> None:
    page = olive.post("/admin/wallets/bookscheck/prove", follow=True)

    assert b"0 violated" in page.content
    assert b"transactions balance" in page.content
