"""The operator's way to adjust a balance: search, state a reason, see before and after, confirm, once."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AuditEntry, User
from tests.support.ledger import CREDIT, buy, open_consumer_wallet
from tests.support.people import sign_up
from wallets.models import Transaction, Wallet

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

    assert "10000" in page
    assert "10500" in page
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_confirming_twice_adjusts_once_and_is_logged(olive: Client, wallet: Wallet) -> None:
    form = {"amount": "-500", "reason": "goodwill", "reference": reference(olive, wallet), "step": "confirm"}
    olive.post(adjust_url(wallet), form)
    olive.post(adjust_url(wallet), form)

    wallet.refresh_from_db()
    assert wallet.balance == 9_500 * CREDIT
    transaction = Transaction.objects.get(kind="adjustment")
    assert (transaction.actor, transaction.description) == ("staff:olive@example.com", "goodwill")
    assert AuditEntry.objects.latest("id").reason == "goodwill"


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


@pytest.mark.parametrize("model", ["wallet", "transaction", "entry", "bookscheck"])
def test_superusers_cannot_add_change_or_delete_a_ledger_row(
    olive: Client, wallet: Wallet, model: str
) -> None:
    page = f"/admin/wallets/{model}/"

    assert olive.get(page).status_code == 200
    assert olive.get(f"{page}add/").status_code == 403
    if model == "wallet":
        assert olive.get(f"{page}{wallet.pk}/change/").status_code == 200
        assert olive.post(f"{page}{wallet.pk}/change/", {"kind": "x"}).status_code == 403
        assert olive.post(f"{page}{wallet.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_proof_is_run_and_shown(olive: Client, wallet: Wallet) -> None:
    page = olive.post("/admin/wallets/bookscheck/prove", follow=True)

    assert b"0 violated" in page.content
    assert b"transactions balance" in page.content
