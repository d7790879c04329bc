"""GET /v1/wallet/transactions."""

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
URL = "/v1/wallet/transactions"
HOUR = dt.timedelta(hours=1)
COLUMNS = {"id", "type", "amount", "balance_after", "kind", "reference_id", "description", "created_at"}


@pytest.fixture
def wallet() -> Wallet:
    return ledger.open_consumer_wallet(owner_id=people.open_customer().pk)


@pytest.fixture
def bob(wallet: Wallet) -> dict[str, str]:
    return bearer(people.customer_key(Customer.objects.get(pk=wallet.owner_id)))


def spend(wallet: Wallet, credits: int, *, execution: str, now: dt.datetime) -> None:
    holds.capture(
        wallet_id=wallet.pk,
        amount=credits * CREDIT,
        hold_id=None,
        source=Source("execution", execution),
        actor="test",
        now=now,
    )


@pytest.fixture
def history(wallet: Wallet) -> None:
    """Buy 10,000 credits, then spend 1 to 5 credits, one an hour."""
    ledger.buy(wallet)
    for number in range(1, 6):
        spend(wallet, number, execution=f"exe_{number}", now=MONDAY + number * HOUR)


def read(client: Client, headers: dict[str, str], **query: Any) -> list[str]:
    response = client.get(URL, query, headers=headers)
    assert response.status_code == 200, response.content
    return [line["reference_id"] for line in response.json()["results"]]


@pytest.mark.usefixtures("history")
class TestTransactions:
    def test_it_shows_the_contracts_columns_newest_first(
        self, client: Client, wallet: Wallet, bob: dict[str, str]
    ) -> None:
        body = client.get(URL, headers=bob).json()

        newest, oldest = body["results"][0], body["results"][-1]
        assert newest.keys() >= COLUMNS
        assert (newest["type"], newest["reference_id"]) == ("debit", "exe_5")
        assert newest["amount"] == {"credits": "5", "usd": "0.005"}
        assert newest["balance_after"] == {"credits": "9985", "usd": "9.985"}
        assert newest["created_at"] == "2026-03-02T17:00:00Z"
        assert newest["id"].startswith("ltx_")
        assert newest["wallet"] == wallet.public_id
        assert (oldest["type"], oldest["kind"], oldest["reference_id"]) == ("credit", "topup", "pi_1")
        assert oldest["amount"]["credits"] == "10000"
        assert (body["next"], body["previous"]) == (None, None)

    @pytest.mark.parametrize(
        ("query", "references"),
        [
            ({"type": "credit"}, ["pi_1"]),
            ({"type": "debit", "limit": 2}, ["exe_5", "exe_4"]),
            ({"kind": "topup"}, ["pi_1"]),
            ({"kind": "nothing"}, []),
            ({"from": "2026-03-02T16:00:00Z"}, ["exe_5", "exe_4"]),
            ({"to": "2026-03-02T13:00:00Z"}, ["pi_1"]),
            ({"from": "2026-03-02T13:00:00Z", "to": "2026-03-02T15:00:00Z"}, ["exe_2", "exe_1"]),
            ({"from": "2026-03-02T14:00:00+01:00", "to": "2026-03-02T15:00:00+01:00"}, ["exe_1"]),
            ({"from": "2026-03-03"}, []),
            ({"from": "2026-03-02", "to": "2026-03-03", "type": "credit"}, ["pi_1"]),
        ],
    )
    def test_it_filters(
        self, client: Client, bob: dict[str, str], query: dict[str, Any], references: list[str]
    ) -> None:
        assert read(client, bob, **query) == references

    def test_its_pages_cover_everything_once_forth_and_back(
        self, client: Client, bob: dict[str, str]
    ) -> None:
        pages = [client.get(URL, {"limit": 2}, headers=bob).json()]
        while pages[-1]["next"]:
            pages.append(client.get(pages[-1]["next"], headers=bob).json())

        seen = [[line["reference_id"] for line in page["results"]] for page in pages]
        assert seen == [["exe_5", "exe_4"], ["exe_3", "exe_2"], ["exe_1", "pi_1"]]
        assert pages[0]["previous"] is None
        back = client.get(pages[2]["previous"], headers=bob).json()
        assert back["results"] == pages[1]["results"]
        assert client.get(back["previous"], headers=bob).json()["results"] == pages[0]["results"]

    def test_a_page_stays_the_same_while_money_moves(
        self, client: Client, wallet: Wallet, bob: dict[str, str]
    ) -> None:
        first = client.get(f"{URL}?limit=2&type=debit", headers=bob).json()
        spend(wallet, 6, execution="exe_6", now=MONDAY + 6 * HOUR)

        second = client.get(first["next"], headers=bob).json()

        assert [line["reference_id"] for line in second["results"]] == ["exe_3", "exe_2"]

    def test_it_never_shows_a_strangers_movements(self, client: Client) -> None:
        charlie = bearer(people.customer_key(people.open_customer("charlie")))

        assert read(client, charlie) == []

    def test_it_lists_scoped_wallets_too(self, client: Client, wallet: Wallet, bob: dict[str, str]) -> None:
        scoped = operations.open_wallet(
            owner_type="consumer", owner_id=wallet.owner_id, scope="creator:cre_1", now=MONDAY
        )
        ledger.promise(scoped, credits=9)

        assert read(client, bob, limit=1) == ["promo_1"]

    @pytest.mark.parametrize(
        "query",
        [
            {"type": "deposit"},
            {"from": "yesterday"},
            {"to": "2026-02-30"},
            {"kind": "a\x00b"},
            {"form": "2026-03-02"},
            {"limit": "0"},
            {"limit": "201"},
            {"limit": "ten"},
            {"limit": "-1"},
            {"limit": "٣"},
            {"cursor": "zzz"},
            {"cursor": "YjEwMA"},
            {"cursor": "é"},
            {"cursor": "Yjk5OTk5OTk5OTk5OTk5OTk5OTk="},
        ],
    )
    def test_it_refuses_bad_input(self, client: Client, bob: dict[str, str], query: dict[str, str]) -> None:
        response = client.get(URL, query, headers=bob)

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"

    def test_it_asks_the_same_few_queries_however_long_the_page(
        self, client: Client, bob: dict[str, str], django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(5):
            assert len(read(client, bob)) == 6


def test_it_refuses_the_routers_key(client: Client) -> None:
    assert client.get(URL, headers=bearer(people.router_key())).status_code == 403
    assert client.get(URL).status_code == 401
