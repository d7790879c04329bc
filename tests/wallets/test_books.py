"""The proof of the books finds each kind of damage, and only that kind."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from config.devservices import postgres
from tests import conftest
from tests.support import damage
from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet, open_creator_wallet, promise
from tests.support.staff import staff
from wallets import adjustments, books, chart, claws, debts, freezing, holds, ledger, money, seals
from wallets.invariants import INVARIANTS
from wallets.ledger import Leg, Source
from wallets.models import CreditGrant

pytestmark = pytest.mark.django_db(transaction=True)

SEALED = "sealed transactions are unchanged"
# Each damage is done past the guards, by a superuser with triggers off and constraints dropped.
DAMAGE = {
    "transactions balance": "UPDATE wallets_entry SET amount = amount + 1 WHERE wallet_id ="
    " wallets_platform('CREDITS', 'issued.paid')",
    "transactions have two entries": "INSERT INTO wallets_transaction (public_id, kind,"
    " source_type, source_id,"
    " actor, description, occurred_at, recorded_at) VALUES ('ltx_x', 'x', 'x', 'x', 'x', '', now(), now())",
    "entries keep their wallet's unit": "UPDATE wallets_entry SET unit = 'EUR' WHERE transaction_id ="
    " (SELECT transaction_id FROM wallets_entry WHERE unit = 'USD' LIMIT 1) AND unit = 'USD'",
    "append-only guards stand": "ALTER TABLE wallets_entry DISABLE TRIGGER wallets_entry_append_only",
    "balances are the sum of entries": "UPDATE wallets_wallet SET balance = -1 WHERE owner_type = 'creator'"
    " AND kind = 'debt'",
    "running balances chain without gaps": "UPDATE wallets_entry SET balance_after = balance_after + 1"
    " WHERE wallet_seq = 1 AND amount > 0",
    "wallets know their last entry": "UPDATE wallets_wallet SET seq = seq + 1 WHERE owner_type = 'consumer'",
    "platform wallets stay untouched rows": "UPDATE wallets_wallet SET held = 1 WHERE kind = 'tax';"
    " INSERT INTO wallets_hold (public_id, wallet_id, amount, state, source_type, source_id,"
    " opened_at, expires_at)"
    " SELECT 'hld_x', id, 1, 'open', 'x', 'x', '2026-03-02', '2030-01-01' FROM wallets_wallet WHERE"
    " kind = 'tax'",
    "owners' entries are numbered": "UPDATE wallets_entry SET wallet_seq = 1, balance_after = amount"
    " WHERE wallet_id = wallets_platform('USD', 'deferred')"
    " AND transaction_id = (SELECT min(transaction_id) FROM wallets_entry);"
    " UPDATE wallets_wallet SET seq = 1 WHERE kind = 'deferred'",
    "one cause per transaction": "UPDATE wallets_transaction SET kind = 'promo', source_type = 'promo',"
    " source_id = 'promo_1' WHERE kind = 'topup'",
    "closed days stay closed": "INSERT INTO wallets_closedday (day, closed_by, closed_at) SELECT"
    " (occurred_at AT TIME ZONE 'UTC')::date, 'x', recorded_at - interval '1 second' FROM wallets_transaction"
    " ORDER BY id LIMIT 1",
    "the guard of closed days stands": "ALTER TABLE wallets_transaction DISABLE TRIGGER"
    " wallets_transaction_open_day",
    "held is the sum of open holds": "UPDATE wallets_wallet SET held = held + 1 WHERE owner_type ="
    " 'consumer' AND owner_id = 1",
    "holds close once": "UPDATE wallets_hold SET closed_at = now() WHERE state = 'open'",
    "no hold outlives its expiry": "UPDATE wallets_hold SET expires_at = '2026-03-01' WHERE state = 'open'",
    "grants cover the balance": "UPDATE wallets_creditgrant SET amount = amount + 1, remaining ="
    " remaining + 1"
    " WHERE funding_class = 'promo'",
    "grants add up": "UPDATE wallets_creditgrant SET voided = voided + 1 WHERE funding_class = 'promo'",
    "frozen is what open disputes set aside": "UPDATE wallets_frozenlot SET thawed_at = '2026-03-02'",
    "disputed is what is frozen": "UPDATE wallets_entry SET wallet_id = wallets_platform('CREDITS', 'loss')"
    " WHERE wallet_id = wallets_platform('CREDITS', 'disputed')",
    "burned is what drawdowns say": "UPDATE wallets_creditgrant SET amount = amount + 1, burned = burned + 1"
    " WHERE funding_class = 'paid'",
    "debts add up": "UPDATE wallets_walletdebt SET billed = billed + 1, amount = amount + 2"
    " WHERE kind = 'overage'; UPDATE wallets_grantdrawdown SET amount = amount + 2"
    " WHERE debt_id IS NOT NULL AND grant_id IS NULL",
    "debts are what was drawn on them": "UPDATE wallets_walletdebt SET amount = amount + 1, paid = paid + 1"
    " WHERE remaining > 0 AND kind = 'overage'",
    "each clawed credit has one bearer": "UPDATE wallets_clawpart SET amount = amount - 1 WHERE grant_id IS NOT NULL",
    "a purchase is clawed once": "UPDATE wallets_creditgrant SET amount = amount - 10000000, voided ="
    " voided - 10000000 WHERE source_id = 'pi_3'",
    "recovered is what was paid of write-offs": "UPDATE wallets_walletdebt SET recovered = 1",
    "arrears are what was forced": "UPDATE wallets_walletdebt SET amount = amount + 1, paid = paid + 1"
    " WHERE kind = 'arrears'",
    "billed debt is on an invoice": "UPDATE wallets_walletdebt SET amount = amount - 1, billed = billed - 1"
    " WHERE kind = 'overage'; UPDATE wallets_grantdrawdown SET amount = amount - 1"
    " WHERE debt_id IS NOT NULL AND grant_id IS NULL",
    "an empty grant has no cash left": "UPDATE wallets_creditgrant SET cash_remaining = 1, cash = 1"
    " WHERE funding_class = 'promo' AND remaining = 0",
    "expired credits are not spent": "UPDATE wallets_creditgrant SET expires_at = '2026-03-01'"
    " WHERE funding_class = 'promo' AND remaining = 0",
    "settlements draw what they charge": "UPDATE wallets_grantdrawdown SET transaction_id ="
    " (SELECT min(id) FROM wallets_transaction WHERE kind = 'topup')",
    "breakage is what expired": "UPDATE wallets_creditgrant SET amount = amount + 1, expired = expired + 1"
    " WHERE funding_class = 'promo'",
    "owed is the image of creators' credits": "UPDATE wallets_entry SET wallet_id ="
    " wallets_platform('USD', 'tax')"
    " WHERE wallet_id = wallets_platform('USD', 'owed')",
    "creators' debt has its image": "UPDATE wallets_entry SET wallet_id = wallets_platform('USD',"
    " 'creator_debt')"
    " WHERE wallet_id = wallets_platform('USD', 'revenue')",
    "creators' wallets keep their sign": "UPDATE wallets_wallet SET kind = 'debt', scope = 'x'"
    " WHERE owner_type = 'creator' AND kind = 'pending'",
    "adjustments are decided by two": "UPDATE wallets_adjustment SET decided_by_id = NULL",
    SEALED: "UPDATE wallets_transaction SET description = 'rewritten' WHERE kind = 'topup'",
    "the chain of seals has no gap": "DELETE FROM wallets_seal WHERE number = 2;"
    " UPDATE wallets_sealprogress SET passed = 0",
    "daily heads stand in the chain": "INSERT INTO wallets_sealhead (day, number, hash)"
    " SELECT '2026-03-02', 2, hash FROM wallets_seal WHERE number = 1",
    "no transaction slips past the seals": "DELETE FROM wallets_seal"
    " WHERE number = (SELECT max(number) FROM wallets_seal)",
}
# Damage that cannot be done without showing elsewhere too.
ALSO = {
    "transactions balance": {SEALED},
    "entries keep their wallet's unit": {SEALED},
    "running balances chain without gaps": {SEALED},
    "one cause per transaction": {SEALED},
    "disputed is what is frozen": {SEALED},
    "settlements draw what they charge": {SEALED},
    "debts add up": {SEALED, "settlements draw what they charge", "billed debt is on an invoice"},
    "billed debt is on an invoice": {SEALED, "settlements draw what they charge"},
    "owed is the image of creators' credits": {SEALED},
    "creators' debt has its image": {SEALED},
    "owners' entries are numbered": {"platform wallets stay untouched rows", SEALED},
    "creators' wallets keep their sign": {
        "owed is the image of creators' credits",
        "creators' debt has its image",
    },
}


@pytest.fixture(autouse=True)
def _money() -> None:
    """All that the ledger does, and all of it sealed.

    A top-up, a burned promotion, an open hold, a creator's earning, its debt wallet at zero, overage half billed, a
    purchase that was refunded after a credit of it was spent, an adjustment by two.
    """
    wallet = open_consumer_wallet()
    buy(wallet)
    promise(wallet, credits=5)
    holds.capture(
        wallet_id=wallet.pk,
        amount=7 * CREDIT,
        hold_id=None,
        source=Source("execution", "e1"),
        actor="test",
        now=MONDAY,
    )
    holds.place(
        wallet_ids=[wallet.pk],
        amount=CREDIT,
        source=Source("execution", "e2"),
        expires_at=MONDAY.replace(year=2030),
        now=MONDAY,
    )
    earner = open_creator_wallet()
    open_creator_wallet(kind=chart.DEBT)
    ledger.post(
        kind="posting",
        source=Source("posting", "1"),
        actor="test",
        legs=[Leg(chart.PLATFORM_SHARE, -CREDIT), Leg(earner.pk, CREDIT)],
        plug=chart.REVENUE,
        now=MONDAY,
    )
    debtor = open_consumer_wallet(owner_id=2)
    debts.set_overdraft(wallet_id=debtor.pk, limit=20 * CREDIT, now=MONDAY)
    holds.capture(
        wallet_id=debtor.pk,
        amount=20 * CREDIT,
        hold_id=None,
        source=Source("execution", "e3"),
        actor="test",
        now=MONDAY,
    )
    debts.bill(
        wallet_id=debtor.pk, amount=10 * CREDIT, bill_cents=1, source=Source("invoice_line", "1"), now=MONDAY
    )
    refunded = open_consumer_wallet(owner_id=3)
    buy(refunded, payment="pi_3")
    holds.capture(
        wallet_id=refunded.pk,
        amount=CREDIT,
        hold_id=None,
        source=Source("execution", "e4"),
        actor="test",
        now=MONDAY,
    )
    bought = claws.Purchase(
        "pi_3", refunded.pk, list(refunded.grants.values_list("pk", flat=True)), 10 * money.MICRO
    )
    claws.take(
        purchase=bought,
        usd=10 * money.MICRO,
        booking=claws.Booking("refund", Source("refund", "re_1"), "test"),
        now=MONDAY,
    )
    _adjust_by_two()
    _disputed()
    seals.seal_waiting(now=MONDAY)


def _adjust_by_two() -> None:
    adjusted = adjustments.request(
        wallet=open_consumer_wallet(owner_id=4),
        amount=20_000 * CREDIT,
        reason="a test",
        reference="adj_1",
        by=staff("olive"),
        now=MONDAY,
    )
    adjustments.approve(adjustment=adjusted, by=staff("paul"), now=MONDAY)


def _disputed() -> None:
    """A purchase whose rest is frozen."""
    buy(open_consumer_wallet(owner_id=5), payment="pi_5")
    freezing.freeze(
        grant_ids=list(CreditGrant.objects.filter(source_id="pi_5").values_list("pk", flat=True)),
        most=10_000 * CREDIT,
        cash=10_000_000,
        source=Source("dispute", "dp_1"),
        actor="test",
        now=MONDAY,
    )


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    damage.assert_each_is_found(
        monkeypatch, tables="wallets_", invariants=INVARIANTS, damage=DAMAGE, now=MONDAY, also=ALSO
    )


def test_the_command_prints_one_line_each_and_exits_0() -> None:
    out = StringIO()

    call_command("check_books", stdout=out)

    assert out.getvalue().count("ok ") == len(books.invariants())
    assert "0 violated" in out.getvalue()


def test_the_command_exits_1_on_a_violation() -> None:
    with conftest.databases.cluster.connect(connection.settings_dict["NAME"], postgres.SUPERUSER) as passing:
        passing.execute(DAMAGE["held is the sum of open holds"])
    out = StringIO()

    with pytest.raises(SystemExit) as stop:
        call_command("check_books", "--json", stdout=out)

    assert stop.value.code == 1
    broken = [result["name"] for result in json.loads(out.getvalue()) if result["violations"]]
    assert broken == ["held is the sum of open holds"]
