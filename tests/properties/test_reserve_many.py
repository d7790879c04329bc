"""A batch of reserves answers and writes what the same reserves do one after the other."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from billing.operations import executions, openings
from billing.runs import Allowed, Blocked, Gate, Opening
from config.kit.errors import DomainError
from marketplace import listings
from tests.support import ledger, runs
from tests.support.runs import MONDAY

pytestmark = pytest.mark.django_db
LATER = MONDAY + dt.timedelta(days=2)
# What differs for a good reason: numbers of rows, and ids that are random.
NUMBERS = {"id", "hold_id", "public_id", "source_id", "settlement_id", "posting_id", "transaction_id"}
STATEMENTS = {
    **{
        table: f"SELECT * FROM {table}"
        for table in (
            "billing_execution",
            "wallets_hold",
            "wallets_wallet",
            "wallets_creditgrant",
            "wallets_entry",
        )
    },
    "a run's own hold": """
        SELECT e.idempotency_key, e.held, h.amount, h.source_id = e.public_id AS its_own,
            h.wallet_id = e.wallet_id AS of_its_wallet
        FROM billing_execution e JOIN wallets_hold h ON h.id = e.hold_id
    """,
}

ITEM = st.fixed_dictionaries(
    {
        "agent": st.sampled_from(["echo", "gratis", "others", "subscribed", "withdrawn"]),
        "caller": st.sampled_from(["rich", "poor", "scoped", "expiring", "nobody"]),
        "max_charge": st.sampled_from([None, 10, 30, 60, 200]),
        "key": st.sampled_from([None, None, "a", "b", "c", "before"]),
    }
)


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        _make_world()
        yield
        transaction.set_rollback(True)


def _make_world() -> None:
    alice, carl = runs.make_creator(), runs.make_creator("carl")
    echo = runs.make_agent(creator=alice)
    runs.make_agent("gratis", manifest=runs.FREE, creator=alice)
    runs.make_agent("others", creator=carl)
    runs.make_agent("subscribed", manifest=runs.SUBSCRIBED, creator=carl)
    withdrawn = runs.make_agent("withdrawn", creator=carl)
    runs.make_customer("rich", credits=1000, external_id="rich")
    runs.make_customer("poor", credits=40, external_id="poor")
    scoped = runs.make_customer("scoped", credits=100, external_id="scoped")
    ledger.promise(runs.wallet_of(scoped, scope=alice.public_id), credits=70, source="scoped")
    expiring = runs.make_customer("expiring", credits=50, external_id="expiring")
    ends = MONDAY + dt.timedelta(days=1)
    ledger.promise(runs.wallet_of(expiring), credits=80, source="own", expires_at=ends)
    ledger.promise(
        runs.wallet_of(expiring, scope=alice.public_id), credits=90, source="theirs", expires_at=ends
    )
    for agent in (echo, withdrawn):
        executions.reserve(opening=_opening("rich", agent.slug, None, f"before{agent.slug[:1]}"), now=MONDAY)
    executions.reserve(opening=_opening("rich", "echo", 30, "before"), now=MONDAY)
    listings.unpublish(agent=withdrawn, actor="test", now=MONDAY)


def _opening(caller: str, agent: str, max_charge: int | None, key: str | None) -> Opening:
    asked = Opening(
        agent=agent,
        caller=caller,
        principal=runs.ROUTER,
        usage={"request": Decimal(1)},
        max_charge=max_charge and runs.credits(max_charge),
        key=key,
    )
    return Opening(
        **{**{name: getattr(asked, name) for name in asked.__slots__}, "fingerprint": asked.digest()}
    )


@given(items=st.lists(ITEM, min_size=1, max_size=12))
@pytest.mark.usefixtures("_world")
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_a_batch_is_the_same_as_one_after_the_other(items: list[dict[str, Any]]) -> None:
    asked = [_opening(item["caller"], item["agent"], item["max_charge"], item["key"]) for item in items]
    singly = _undone(lambda: [_single(opening) for opening in asked])
    together = _undone(lambda: openings.reserve_many(openings=asked, now=LATER))
    assert together[0] == singly[0]
    for name in STATEMENTS:
        assert together[1][name] == singly[1][name], name


def _single(opening: Opening) -> Any:
    try:
        return executions.reserve(opening=opening, now=LATER)
    except DomainError as refusal:
        return refusal


def _undone(act: Any) -> tuple[list[Any], dict[str, list[dict[str, Any]]]]:
    with transaction.atomic():
        told = [_told(each) for each in act()]
        rows = {name: _rows(statement) for name, statement in STATEMENTS.items()}
        transaction.set_rollback(True)
    return told, rows


def _told(found: Any) -> Any:
    if isinstance(found, Allowed):
        ids = (found.execution is None, found.hold is None) if not found.replayed else "again"
        return (
            "allowed",
            found.estimate,
            found.available,
            found.version,
            ids,
            found.expires_at,
            found.replayed,
        )
    if isinstance(found, Blocked):
        # The other gates are judged for the whole batch before anything is held.
        return found if found.gate is Gate.WALLET else (found.gate, found.required)
    return (type(found).__name__, found.detail)


def _rows(statement: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    kept = [{name: value for name, value in row.items() if name not in NUMBERS} for row in rows]
    return sorted(kept, key=repr)
