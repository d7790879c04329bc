"""What was written stays: for the application by privilege and trigger, for the owner by trigger."""

import pytest
from django.db import Error, connection, transaction

from tests.support.ledger import buy, open_consumer_wallet

pytestmark = pytest.mark.django_db

TABLES = [
    "wallets_transaction",
    "wallets_entry",
    "wallets_grantdrawdown",
    "wallets_ledgersetting",
    "accounts_auditentry",
    "accounts_staffnote",
]


def refused(statement: str) -> str:
    """Run a statement that must fail; return its SQLSTATE."""
    with pytest.raises(Error) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    state: str = getattr(refusal.value.__cause__, "sqlstate", "")
    return state


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_may_not(table: str, statement: str) -> None:
    buy(open_consumer_wallet())

    assert refused(statement.format(table)) == "42501"  # insufficient privilege


@pytest.mark.parametrize("table", TABLES)
def test_the_owner_is_stopped_by_a_trigger(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s",
            [table, f"{table}_append_only"],
        )
        assert cursor.fetchone() == ("O",)
