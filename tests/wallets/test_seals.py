"""The chain of seals: everything is sealed once, in whatever order it commits, and every later change is found."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import Error, connection, transaction

from config.devservices import postgres
from tests import conftest
from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, open_creator_wallet, promise
from tests.support.races import race
from wallets import chart, holds, ledger, seals, tasks
from wallets.ledger import Leg, Source
from wallets.models import Seal, SealHead, SealProgress, Transaction
from wallets.seals import Difference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
among_others = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)
GENESIS = bytes(32)
SEALED_TABLES = ("wallets_transaction", "wallets_entry", "wallets_grantdrawdown")
# Another value of a column, by its type.
OTHERS = {
    "bigint": "coalesce({0}, 0) + 1000000",
    "character varying": "'~' || substr({0}, 2)",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
}
COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = ANY(%s) ORDER BY 1, ordinal_position
"""


def move(reference: str = "1", *, credits: int = 1) -> int:
    """Post a little transaction between platform wallets; return its id."""
    return ledger.post(
        kind="withdrawal",
        source=Source("withdrawal", reference),
        actor="test",
        legs=[Leg(chart.STRIPE_CASH, credits), Leg(chart.BANK, -credits)],
        now=MONDAY,
    ).transaction_id


def spend() -> None:
    """Write every kind of row: a top-up, a charge that draws on two grants, a creator's earning."""
    wallet = open_consumer_wallet()
    buy(wallet, bonus_credits=5)
    promise(wallet, credits=5)
    source = Source("execution", "e1")
    holds.capture(
        wallet_id=wallet.pk, amount=7 * CREDIT, hold_id=None, source=source, actor="test", now=MONDAY
    )
    legs = [Leg(chart.PLATFORM_SHARE, -CREDIT), Leg(open_creator_wallet().pk, CREDIT)]
    ledger.post(
        kind="posting",
        source=Source("posting", "1"),
        actor="test",
        description='Says "so": 100 % – é\n',
        legs=legs,
        plug=chart.REVENUE,
        now=MONDAY,
    )


def seal() -> int:
    """Seal what waits."""
    return seals.seal_waiting(now=MONDAY)


def passed() -> int:
    """Up to which transaction nothing unsealed can turn up."""
    return SealProgress.objects.get().passed


def chain() -> list[int]:
    """The sealed transactions in the chain's order."""
    return list(Seal.objects.order_by("number").values_list("transaction_id", flat=True))


@pytest.fixture
def second() -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else, with a transaction open."""
    name = connection.settings_dict["NAME"]
    with conftest.databases.cluster.connect(name, postgres.SUPERUSER) as other:
        other.autocommit = False
        yield other
        other.rollback()


class TestSealing:
    def test_it_seals_each_transaction_once(self) -> None:
        spend()
        written = Transaction.objects.count()

        assert (seal(), seal()) == (written, 0)
        assert sorted(chain()) == list(Transaction.objects.order_by("id").values_list("id", flat=True))
        assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(
            range(1, written + 1)
        )

    def test_it_chains_each_seal_to_the_one_before(self) -> None:
        spend()
        seal()
        move()
        seal()

        found = [
            (bytes(before), bytes(own))
            for before, own in Seal.objects.order_by("number").values_list("previous", "hash")
        ]
        assert [before for before, _ in found] == [GENESIS, *(own for _, own in found[:-1])]

    def test_anybody_can_compute_a_seal_again_outside_the_database(self) -> None:
        spend()
        seal()

        for one in Seal.objects.select_related("transaction"):
            text = f"{one.number}\n{one.rows}\n" + "\n".join(lines_of(one.transaction))
            assert hashlib.sha256(bytes(one.previous) + text.encode()).digest() == bytes(one.hash)

    @among_others
    def test_it_seals_a_late_committer_with_a_lower_id(self, second: psycopg.Connection[Any]) -> None:
        late = late_transaction(second)
        early = move()
        assert (seal(), seal()) == (1, 0)
        assert (chain(), early > late, passed() < late) == ([early], True, True)

        second.commit()

        assert (seal(), chain()) == (1, [early, late])
        assert seals.verify() is None

    @among_others
    def test_it_waits_for_no_number_that_was_rolled_back(self, second: psycopg.Connection[Any]) -> None:
        late_transaction(second)
        newest = move()
        second.rollback()
        seal()

        assert (chain(), passed()) == ([newest], newest)

    @among_others
    def test_it_passes_what_is_done_while_others_keep_writing(self, second: psycopg.Connection[Any]) -> None:
        late_transaction(second, "x1")
        first = move("1")
        seal()
        with conftest.databases.cluster.connect(
            connection.settings_dict["NAME"], postgres.SUPERUSER
        ) as third:
            third.autocommit = False
            later = late_transaction(third, "x2")
            second.commit()
            seal()
            assert first <= passed() < later
            newest = move("2")
            seal()
            third.commit()
        seal()

        assert passed() == newest
        assert len(chain()) == 4

    def test_a_full_batch_leaves_the_rest_for_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seals, "BATCH", 2)
        monkeypatch.setattr(seals, "BATCHES_PER_TICK", 1)
        ids = [move(str(number)) for number in range(5)]

        assert [(seal(), passed()) for _ in range(3)] == [(2, ids[1]), (2, ids[3]), (1, ids[4])]
        assert chain() == ids

    @among_others
    def test_a_second_sealer_leaves_it_to_the_first(self, second: psycopg.Connection[Any]) -> None:
        move()
        second.execute("SELECT pg_advisory_xact_lock(hashtext('wallets_seal_transactions'))")
        assert seal() == 0
        second.rollback()
        assert seal() == 1

    @among_others
    def test_eight_sealers_among_eight_writers_seal_everything_once(self) -> None:
        def work(number: int) -> int:
            if number < 8:
                return sum(seal() for _ in range(20))
            return len([move(f"{number}:{turn}") for turn in range(25)])

        answers = race(16, work)
        seal()

        assert answers[8:] == [25] * 8
        assert sorted(chain()) == sorted(Transaction.objects.values_list("id", flat=True))
        assert (len(chain()), seals.verify()) == (200, None)

    @among_others
    def test_it_refuses_a_snapshot_that_could_miss_commits(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_isolation = 'repeatable read'")
        with pytest.raises(Error, match="READ COMMITTED"):
            seal()
        connection.close()

    def test_the_job_stores_each_days_head_once(self) -> None:
        spend()
        for moment in (MONDAY, MONDAY, MONDAY + DAY / 4, MONDAY + DAY):
            with time_machine.travel(moment, tick=False):
                tasks.seal_transactions()
        last = Seal.objects.latest("number")

        heads = SealHead.objects.order_by("day").values_list("day", "number", "hash")
        assert [(day, number, bytes(digest)) for day, number, digest in heads] == [
            ((MONDAY + n * DAY).date(), last.number, bytes(last.hash)) for n in range(2)
        ]

    def test_the_days_head_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        move()
        seal()
        with caplog.at_level("INFO"):
            seal()

        assert f"2026-03-02 1 {bytes(Seal.objects.get().hash).hex()}" in caplog.text


class TestGuards:
    @pytest.mark.parametrize("statement", ["UPDATE {} SET number = 9", "DELETE FROM {}", "TRUNCATE {}"])
    @pytest.mark.parametrize("table", ["wallets_seal", "wallets_sealhead"])
    def test_the_application_may_not_change_it(self, table: str, statement: str) -> None:
        with (
            pytest.raises(Error, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table))

    @among_others
    def test_a_superuser_is_stopped_by_a_trigger(self, second: psycopg.Connection[Any]) -> None:
        move()
        seal()
        seal()
        for table in ("wallets_seal", "wallets_sealhead"):
            for statement in ("UPDATE {} SET number = 9", "DELETE FROM {}"):
                with pytest.raises(psycopg.Error, match="append-only"):
                    second.execute(statement.format(table))
                second.rollback()


CHANGED = "is not what was sealed"
LOST = "is not in the chain"
UNCHAINED = "does not follow the seal before"
# What somebody past the guards does, and what verify says of it.
DAMAGE = {
    "DELETE FROM wallets_transaction WHERE id = 2": Difference(2, "wallets_transaction 2", CHANGED),
    "DELETE FROM wallets_entry WHERE id = 3": Difference(1, "wallets_entry 3", CHANGED),
    "DELETE FROM wallets_grantdrawdown WHERE id = 1": Difference(3, "wallets_grantdrawdown 1", CHANGED),
    "INSERT INTO wallets_entry (id, transaction_id, wallet_id, unit, amount) VALUES (999, 1, 1, 'USD', 1)": Difference(
        1, "wallets_entry 999", CHANGED
    ),
    "UPDATE wallets_entry SET wallet_seq = NULL WHERE id = 1": Difference(1, "wallets_entry 1", CHANGED),
    "UPDATE wallets_entry SET balance_after = NULL WHERE id = 1": Difference(1, "wallets_entry 1", CHANGED),
    "UPDATE wallets_seal SET number = 99 WHERE number = 4": Difference(
        4, "wallets_sealhead 2026-03-02", LOST
    ),
    "UPDATE wallets_seal SET transaction_id = 99 WHERE number = 2": Difference(
        2, "wallets_transaction 2", CHANGED
    ),
    "UPDATE wallets_seal SET previous = sha256('x') WHERE number = 2": Difference(
        2, "wallets_seal 2", CHANGED
    ),
    "UPDATE wallets_seal SET hash = sha256('x') WHERE number = 2": Difference(2, "wallets_seal 2", CHANGED),
    "UPDATE wallets_seal SET rows = rows || ' ' WHERE number = 2": Difference(2, "wallets_ ", CHANGED),
    "DELETE FROM wallets_seal WHERE number = 2": Difference(3, "wallets_seal 3", UNCHAINED),
    "DELETE FROM wallets_seal WHERE number = 4": Difference(4, "wallets_sealhead 2026-03-02", LOST),
    "DELETE FROM wallets_sealhead; DELETE FROM wallets_seal WHERE number = 4": Difference(
        None, "wallets_transaction 4", "has no seal"
    ),
    "UPDATE wallets_sealhead SET number = 2": Difference(2, "wallets_sealhead 2026-03-02", LOST),
    # The change and its own seal made anew: the next one betrays it.
    "UPDATE wallets_transaction SET actor = 'x' WHERE id = 1; UPDATE wallets_seal s SET rows ="
    " wallets_seal_marks(l.lines), hash = wallets_seal_hash(s.previous, s.number, wallets_seal_marks(l.lines),"
    " l.lines) FROM wallets_sealed_lines(1) l WHERE s.number = 1": Difference(2, "wallets_seal 2", UNCHAINED),
    # The whole chain made anew: the day's head betrays it.
    "UPDATE wallets_transaction SET actor = 'x' WHERE id = 1; DELETE FROM wallets_seal;"
    " UPDATE wallets_sealprogress SET passed = 0, waits_at = NULL, writers = '';"
    " SELECT wallets_seal_transactions(1000, '2026-03-02T13:00Z')": Difference(
        4, "wallets_sealhead 2026-03-02", LOST
    ),
}


@among_others
class TestVerify:
    @pytest.fixture
    def tamperer(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
        """A connection past every guard; verify reads through it, so that each change can be rolled back."""
        spend()
        seal()
        seal()  # the second stores the day's head
        name = connection.settings_dict["NAME"]
        with conftest.databases.cluster.connect(name, postgres.SUPERUSER) as passing:
            passing.execute("SET session_replication_role = replica")
            for table, constraint in passing.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint"
                " WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('c', 'u')",
                [list(SEALED_TABLES)],
            ).fetchall():
                passing.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
            monkeypatch.setattr(seals, "connection", passing)
            yield passing

    def test_it_names_the_row_of_every_change_of_every_column(
        self, tamperer: psycopg.Connection[Any]
    ) -> None:
        assert seals.verify() is None
        columns = tamperer.execute(COLUMNS, [list(SEALED_TABLES)]).fetchall()
        tried, unnoticed = 0, []
        for table, column, kind in columns:
            for (pk,) in tamperer.execute(f"SELECT id FROM {table}").fetchall():
                tried += 1
                with tamperer.transaction(force_rollback=True):
                    other = OTHERS[kind].format(column)
                    tamperer.execute(f"UPDATE {table} SET {column} = {other} WHERE id = {pk}")
                    found = seals.verify()
                if found is None or found.row != f"{table} {pk}":
                    unnoticed.append((table, column, pk, found))

        assert unnoticed == []
        assert {table for table, *_ in columns} == set(SEALED_TABLES)
        assert tried > 100

    def test_it_names_what_is_gone_added_cut_or_made_anew(self, tamperer: psycopg.Connection[Any]) -> None:
        found = {}
        for damage in DAMAGE:
            with tamperer.transaction(force_rollback=True):
                tamperer.execute(damage)
                found[damage] = seals.verify()

        assert found == DAMAGE


def late_transaction(writer: psycopg.Connection[Any], reference: str = "late") -> int:
    """Write a transaction without committing it; return its id."""
    found = writer.execute(
        "SELECT o_transaction FROM wallets_post('withdrawal', 'withdrawal', %s, 'test', '', now(), now(),"
        " ARRAY[wallets_platform('USD', 'bank'), wallets_platform('USD', 'stripe_cash')], ARRAY[-1, 1]::bigint[],"
        " NULL)",
        [reference],
    ).fetchone()
    assert found is not None
    return int(found[0])


def lines_of(one: Transaction) -> list[str]:
    """What is sealed of a transaction, written without the database's help."""
    rows: list[list[Any]] = [
        [
            "transaction",
            one.pk,
            one.public_id,
            one.kind,
            one.source_type,
            one.source_id,
            one.actor,
            one.description,
            one.occurred_at,
            one.recorded_at,
        ]
    ]
    for entry in one.entries.order_by("id"):
        figures = [entry.amount, entry.wallet_seq, entry.balance_after]
        rows.append(["entry", entry.pk, entry.transaction_id, entry.wallet_id, entry.unit, *figures])
    for drawn in one.drawdowns.order_by("id"):
        row = ["grantdrawdown", drawn.pk, drawn.grant_id, drawn.transaction_id, drawn.amount, drawn.cash]
        rows.append([*row, drawn.debt_id] if drawn.debt_id else row)
    return [f"[{', '.join(map(written, row))}]" for row in rows]


def written(value: Any) -> str:
    """Write a value as JSON; a moment as its seconds since 1970."""
    if isinstance(value, dt.datetime):
        return f"{int(value.timestamp())}.{value.microsecond:06}"
    return json.dumps(value, ensure_ascii=False)
