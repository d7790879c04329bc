"""The admin shows a transaction's seal, and the head of each day."""

import pytest
from django.test import Client

from accounts.models import User
from tests.support.ledger import MONDAY, buy, open_consumer_wallet
from wallets import seals
from wallets.models import Seal, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


@pytest.fixture
def olive(client: Client) -> Client:
    """An operator, signed in to the admin, with one transaction in the books."""
    client.force_login(User.objects.create_superuser("olive@example.com", "correct horse battery"))
    buy(open_consumer_wallet())
    return client


def test_a_transaction_shows_its_seal_once_it_is_sealed(olive: Client) -> None:
    path = f"/admin/wallets/transaction/{Transaction.objects.get().pk}/change/"
    assert "not sealed yet" in olive.get(path).content.decode()

    seals.seal_waiting(now=MONDAY)

    assert f"1 · {bytes(Seal.objects.get().hash).hex()}" in olive.get(path).content.decode()


def test_each_days_head_is_listed_and_nobody_changes_it(olive: Client) -> None:
    seals.seal_waiting(now=MONDAY)
    seals.seal_waiting(now=MONDAY)

    listed = olive.get("/admin/wallets/sealhead/").content.decode()
    shown = olive.get("/admin/wallets/sealhead/2026-03-02/change/")

    assert bytes(Seal.objects.get().hash).hex() in listed
    assert bytes(Seal.objects.get().hash).hex() in shown.content.decode()
    assert olive.post("/admin/wallets/sealhead/2026-03-02/change/", {"number": 9}).status_code == 403
    assert olive.get("/admin/wallets/sealhead/add/").status_code == 403
