"""A statement adds up to the micro, verifies, and shows any tampering."""

import io
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pypdf
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from billing import cash_books
from config.devservices import postgres
from payouts.models import Payout, Statement, StatementDocument
from payouts.operations import sending, statement_papers
from payouts.queries import statements
from tests import conftest
from tests.support import runs as agent_runs
from tests.support.creators import (
    NEXT_WEEK,
    NOW,
    PAY_DAY,
    PAY_DAY_AFTER,
    approved,
    earn,
    earning_creator,
)
from tests.support.processes import StripeStandin
from wallets import books

LINES: Final = "The payout's lines are not those that were sealed."
SEAL: Final = "The seal does not fit what it seals."
CHAIN: Final = "The chain to the statement before is broken."
SUM: Final = "The lines do not add up to what is paid."
EARNED: Final = "A line names earnings that did not mature so."
LEDGER: Final = "The line “Debt taken off” is not what the ledger says."
SHORT: Final = "The line “Refunded or disputed runs” is not what the ledger says."
# What a person with the owner's rights might do, what verifying then says, and which invariant sees it by itself.
INSERTED: Final = (
    "INSERT INTO payouts_payoutitem (payout_id, creator_id, kind, amount, live)"
    " SELECT id, creator_id, k, a, true FROM payouts_payout, (VALUES ('debt', -5), ('carried_in', 5)) v(k, a)"
    " WHERE id = (SELECT min(id) FROM payouts_payout)"
)
DAMAGES: Final[tuple[tuple[str, set[str], str], ...]] = (
    (
        "UPDATE payouts_payoutitem SET amount = amount + 1 WHERE id = (SELECT min(id) FROM payouts_payoutitem)",
        {LINES, EARNED},
        "statement = its payout",
    ),
    (
        "DELETE FROM payouts_payoutitem WHERE id = (SELECT min(id) FROM payouts_payoutitem)",
        {LINES},
        "statement = its payout",
    ),
    (
        INSERTED,
        {LINES, LEDGER},
        "statement = its payout",
    ),
    ("UPDATE payouts_payout SET period_end = period_end + 1", {LINES}, ""),
    (
        "UPDATE payouts_statement SET body = jsonb_set(body, '{net}', '1') WHERE number = 1",
        {LINES, SEAL, SUM},
        "statement = its payout",
    ),
    (
        "UPDATE payouts_statement SET previous = repeat('1', 64) WHERE number = 2",
        {SEAL, CHAIN},
        "statements are a chain",
    ),
    (
        "UPDATE payouts_statement SET hash = repeat('1', 64) WHERE number = 1",
        {SEAL, CHAIN},
        "statements are a chain",
    ),
    ("DELETE FROM payouts_statement WHERE number = 1", {CHAIN}, "statements are a chain"),
    ("DELETE FROM payouts_statement WHERE number = 2", set(), "every payout has its statement"),
    ("UPDATE payouts_maturedearning SET short = 1", {SHORT}, "days are short of what was taken"),
)
KEPT: Final = ("payouts_payoutitem", "payouts_statement", "payouts_payout", "payouts_maturedearning")


@pytest.fixture
def two(stripe_standin: StripeStandin) -> list[Payout]:
    """Two weeks of one creator, the second with a carried part of a cent."""
    alice = earning_creator(stripe_standin)
    first = approved(alice)
    sending.send_approved(now=PAY_DAY)
    bob = agent_runs.make_customer("carol", credits=1_000)
    earn(alice.agents.get(), bob, "later", requests=10, now=NEXT_WEEK.matures_at.replace(day=10))
    second = approved(alice, period=NEXT_WEEK, now=PAY_DAY_AFTER)
    return [first, second]


@pytest.fixture
def owner() -> Iterator[psycopg.Connection[Any]]:
    with conftest.databases.cluster.connect(connection.settings_dict["NAME"], postgres.SUPERUSER) as passing:
        passing.autocommit = True
        passing.execute("SET session_replication_role = replica")
        for table in KEPT:
            passing.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
        yield passing


def restore(owner: psycopg.Connection[Any]) -> None:
    for table in KEPT:
        owner.execute(f"DELETE FROM {table}")
        owner.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}")


def broken() -> set[str]:
    found = {violation.name for violation in books.violations(now=PAY_DAY_AFTER)}
    return found - {invariant.name for invariant in cash_books.INVARIANTS}


@pytest.mark.django_db(transaction=True)
def test_tampering_is_found(
    two: list[Payout], owner: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_statements")
    assert "1 creators verify" in capsys.readouterr().out
    assert broken() == set()
    for damage, expected, invariant in DAMAGES:
        owner.execute(damage)
        wrong = statements.verified(creator=two[0].creator).values()
        assert {problem for problems in wrong for problem in problems} == expected, damage
        if invariant:
            assert invariant in broken(), damage
        if expected:
            with pytest.raises(CommandError):
                call_command("verify_statements", creator=two[0].creator.public_id)
        restore(owner)
    call_command("verify_statements")


@pytest.mark.django_db
@pytest.mark.usefixtures("books")
def test_its_creator_reads_downloads_and_verifies_it(two: list[Payout], client: Client) -> None:
    payout = two[0]
    user = User.objects.create_user("alice@people.example", "correct horse battery")
    Membership.objects.create(user=user, customer=payout.creator.customer, created_at=NOW)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    with time_machine.travel(PAY_DAY_AFTER, tick=False):
        url = reverse("payouts:payout", args=[payout.public_id])
        page = client.get(url).content.decode()
        statement = Statement.objects.get(payout=payout)
        for shown in ("Statement 1", statement.hash, "4,000", "Make a PDF", "CSV"):
            assert shown in page
        rows = client.get(f"{url}csv/").content.decode().splitlines()
        assert rows[0] == "line,agent,day,credits"
        assert rows[-1] == "paid,,,4000"
        assert "is what was sealed" in client.get(f"{url}verify/", follow=True).content.decode()
        assert client.get(f"{url}pdf/").status_code == 404
        for _ in range(2):
            client.post(f"{url}pdf/")
        document = StatementDocument.objects.get()
        assert "being drawn" in client.get(f"{url}live/").content.decode()
        statement_papers.make(document_id=document.pk, now=PAY_DAY_AFTER)
        drawn = client.get(f"{url}pdf/")
    said = " ".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(drawn.content)).pages)
    for part in ("Payout statement 1", "This payout ($4.00)", payout.public_id):
        assert part in said
