"""Every invariant of runs holds over a life of them, quotas and debts included, and finds its damage and only that."""

from typing import Final

import pytest

from billing.books import INVARIANTS
from billing.operations import posting
from tests.support import damage, ledger, runs
from tests.support.runs import MONDAY
from wallets import debts, quotas
from wallets.ledger import Source

pytestmark = pytest.mark.django_db(transaction=True)

UNIT: Final = "EXECUTION"
CLEARING: Final = "wallets_platform('CREDITS', 'clearing')"
A_TRANSACTION: Final = (
    "INSERT INTO wallets_transaction (public_id, kind, source_type, source_id, actor, description, occurred_at,"
    " recorded_at) VALUES ('ltx_x', '{kind}', 'execution', 'exe_x', 'x', '', '2026-03-02', '2026-03-02')"
)
# One more micro in clearing, in a transaction that has nothing to do with it.
IN_CLEARING: Final = (
    "INSERT INTO wallets_entry (transaction_id, wallet_id, unit, amount)"
    f" SELECT min(id), {CLEARING}, 'CREDITS', {{amount}} FROM wallets_transaction WHERE kind = 'topup'"
)
POSTED: Final = "(SELECT min(id) FROM billing_execution WHERE posting_id IS NOT NULL AND charged > 0)"
DAMAGE: Final = {
    "clearing is what is not posted": IN_CLEARING.format(amount=1),
    "executions charge what their settlement took": "UPDATE wallets_entry e SET amount = e.amount + x.change"
    " FROM (SELECT min(settlement_id) AS id, 1 AS change FROM billing_execution WHERE charged > 0 UNION ALL"
    " SELECT max(settlement_id), -1 FROM billing_execution WHERE charged > 0) x"
    f" WHERE e.transaction_id = x.id AND e.wallet_id = {CLEARING}",
    "settlements have their execution": A_TRANSACTION.format(kind="settle"),
    "cells make the charge": "UPDATE billing_execution SET platform_amount = platform_amount + 1 WHERE charged > 0",
    "cells follow the shares": "UPDATE marketplace_splitshare SET share_bp = 100",
    "earnings are the creators' cells": "UPDATE billing_earning SET amount = amount + 1",
    "earnings count on the day of settle": "UPDATE billing_earning SET day = day + 1",
    "postings never blur days": "UPDATE billing_execution SET closed_at = closed_at + interval '1 day'"
    " WHERE self_dealing",
    "postings take what their executions charged": "UPDATE wallets_entry SET amount = amount + 1"
    f" WHERE wallet_id = {CLEARING} AND transaction_id IN (SELECT posting_id FROM billing_execution);"
    + IN_CLEARING.format(amount=-1),
    "open executions lean on open holds": "UPDATE billing_execution SET held = held + 1 WHERE state = 'reserved'",
    "executions burned the cash of their grants": f"UPDATE billing_execution SET cash = cash + 1 WHERE id = {POSTED}",
    "executions know what they burned below zero": "UPDATE billing_execution SET overage = overage + 1"
    f" WHERE id = {POSTED}",
    "unbilled is what open overage carries": "UPDATE wallets_walletdebt SET carried = carried + 1",
    "deferred is the cash of what is not earned": "UPDATE wallets_creditgrant"
    " SET cash_remaining = cash_remaining + 1 WHERE funding_class = 'paid'",
    "quotas lose what executions used": "UPDATE billing_execution SET quota_used = quota_used + 1"
    " WHERE quota_used > 0",
    "uses of quotas have their execution": A_TRANSACTION.format(kind="quota"),
    "open executions lean on open quota holds": "UPDATE billing_execution SET quota_held = quota_held + 1"
    " WHERE state = 'reserved'",
    "usage events sum to their charge": "UPDATE billing_usageevent SET charged = charged + 1",
    "append-only guards of runs stand": "ALTER TABLE billing_earning DISABLE TRIGGER billing_earning_append_only",
    "no execution stays open after its time": "UPDATE billing_execution SET expires_at = '2026-03-01'"
    " WHERE state = 'reserved'",
}


@pytest.fixture(autouse=True)
def _life() -> None:
    """Let runs be charged and posted, the creator's own too, count in a quota, go below zero, and one be under way."""
    alice = runs.make_creator()
    echo = runs.make_agent("echo", creator=alice)
    counted = runs.make_agent("counted", creator=alice, quota_unit=UNIT)
    bob, carol = runs.make_customer(credits=1_000), runs.make_customer("carol", credits=100)
    for customer in (bob, carol):
        runs.charge(echo, customer, f"posted by {customer.name}")
    ledger.buy(runs.wallet_of(alice.customer), payment="pi_alice")
    runs.charge(echo, alice.customer, "her own")
    debts.set_overdraft(wallet_id=runs.wallet_of(carol).pk, limit=runs.credits(100), now=MONDAY)
    for number in range(2):
        runs.charge(echo, carol, f"below zero {number}")
    posting.post_splits(now=MONDAY)
    quotas.grant(
        customer_id=bob.pk,
        unit=UNIT,
        amount=runs.credits(9),
        source=Source("period", "1"),
        expires_at=MONDAY.replace(month=4),
        now=MONDAY,
    )
    runs.settle(runs.reserve(counted, bob))
    runs.reserve(counted, bob)


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    damage.assert_each_is_found(
        monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=MONDAY
    )
