"""GET /v1/wallet/balance."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from tests.support import ledger, people
from tests.support.ledger import CREDIT, MONDAY
from tests.support.people import bearer
from wallets import holds, operations
from wallets.ledger import Source
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
URL = "/v1/wallet/balance"


@pytest.fixture
def wallet() -> Wallet:
    return ledger.open_consumer_wallet(owner_id=people.open_customer().pk)


@pytest.fixture
def bob(wallet: Wallet) -> dict[str, str]:
    return bearer(people.customer_key(wallet_owner(wallet)))


def wallet_owner(wallet: Wallet) -> Customer:
    return Customer.objects.get(pk=wallet.owner_id)


def amounts(body: dict[str, Any]) -> dict[str, str]:
    return {name: body[name]["credits"] for name in ("balance", "reserved", "available", "owed")}


def test_it_shows_balance_reserved_and_available(client: Client, wallet: Wallet, bob: dict[str, str]) -> None:
    ledger.buy(wallet, cents=14_550)
    holds.place(
        wallet_ids=[wallet.pk],
        amount=3_000 * CREDIT,
        source=Source("execution", "exe_1"),
        expires_at=dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
        now=MONDAY,
    )

    body = client.get(URL, headers=bob).json()

    # W5: a balance of $145.50 with a hold of $3.00.
    assert body["available"] == {"credits": "142500", "usd": "142.50"}
    assert body["reserved"] == {"credits": "3000", "usd": "3.00"}
    assert body["balance"] == {"credits": "145500", "usd": "145.50"}
    assert body["owed"] == {"credits": "0", "usd": "0.00"}
    assert (body["wallet"], body["currency"]) == (wallet.public_id, "CREDITS")


def test_it_lists_the_grants_that_are_left(client: Client, wallet: Wallet, bob: dict[str, str]) -> None:
    ledger.buy(wallet, cents=1000, bonus_credits=1000)
    ledger.promise(wallet, credits=5, expires_at=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    ledger.promise(wallet, credits=7, source="gone", expires_at=MONDAY + dt.timedelta(days=1))

    body = client.get(URL, headers=bob).json()

    assert [(g["funding_class"], g["remaining"]["credits"], g["expires_at"]) for g in body["grants"]] == [
        ("promo", "5", "2100-01-01T00:00:00Z"),
        ("paid", "10000", None),
        ("bonus", "1000", None),
    ]
    assert all(g["id"].startswith("grt_") and g["scope"] == "" for g in body["grants"])
    assert body["balance"]["credits"] == "11005"


def test_it_shows_scoped_credits_beside_the_balance(
    client: Client, wallet: Wallet, bob: dict[str, str]
) -> None:
    scoped = operations.open_wallet(
        owner_type="consumer", owner_id=wallet.owner_id, scope="creator:cre_1", now=MONDAY
    )
    ledger.promise(scoped, credits=9)

    body = client.get(URL, headers=bob).json()

    assert body["balance"]["credits"] == "0"
    assert [(g["scope"], g["remaining"]["credits"]) for g in body["grants"]] == [("creator:cre_1", "9")]


def test_it_opens_the_wallet_of_a_new_customer(client: Client) -> None:
    headers = bearer(people.customer_key(people.open_customer("new")))

    first, again = client.get(URL, headers=headers).json(), client.get(URL, headers=headers).json()

    assert set(amounts(first).values()) == {"0"}
    assert first == again
    assert first["wallet"].startswith("wal_")


def test_it_never_shows_a_strangers_wallet(client: Client, wallet: Wallet) -> None:
    ledger.buy(wallet)
    charlie = bearer(people.customer_key(people.open_customer("charlie")))

    body = client.get(URL, headers=charlie).json()

    assert body["wallet"] != wallet.public_id
    assert (body["balance"]["credits"], body["grants"]) == ("0", [])


@pytest.mark.parametrize(("kind", "status"), [(None, 401), ("router", 403), ("narrow", 403)])
def test_it_refuses_other_keys(client: Client, wallet: Wallet, kind: str | None, status: int) -> None:
    made = {
        "router": people.router_key,
        "narrow": lambda: people.customer_key(wallet_owner(wallet), scopes=["usage:read"]),
    }
    headers = bearer(made[kind]()) if kind else {}

    assert client.get(URL, headers=headers).status_code == status


def test_it_refuses_parameters_that_it_would_ignore(client: Client, bob: dict[str, str]) -> None:
    assert client.get(URL, {"customer": "cst_x"}, headers=bob).status_code == 400
    assert client.post(URL, headers=bob).status_code == 405
