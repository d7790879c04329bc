"""A batch of runs is what the same runs are one by one: every answer and every row that they leave."""

import datetime as dt
import hashlib
import json
import random
from typing import Any, Final

import pytest
from django.db import connection, transaction

from accounts.models import Customer
from billing.operations import executions, posting
from billing.runs import Allowed
from marketplace.defaults import class_rates_bp
from marketplace.models import Agent
from tests.support import ledger, runs
from tests.support.runs import MONDAY, credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

ROUNDS: Final = 6
ITEMS: Final = 14
SETTLE: Final = "SELECT billing_settle(%s::jsonb, %s::jsonb, %s)"
# What a settlement may touch, without the ids that are new each time.
ROWS: Final = {
    "executions": """
        SELECT public_id, state, source, principal, customer_id, agent_id, version_id, wallet_id, hold_id, model,
            encode(settle_fingerprint, 'hex'), estimate, held, usage::text, lines::text, outcome, cost, charged,
            released, unbilled, cells::text, platform_amount, cash, zero_cash_earned, processing, self_dealing,
            available_after_settle, occurred_at, opened_at, expires_at, closed_at, settlement_id IS NULL
        FROM billing_execution ORDER BY public_id""",
    "holds": "SELECT id, state, settled, closed_at FROM wallets_hold ORDER BY id",
    "wallets": "SELECT id, balance, held, seq, next_expiry FROM wallets_wallet ORDER BY id",
    "entries": """
        SELECT e.wallet_id, e.wallet_seq, e.unit, e.amount, e.balance_after, t.kind, t.source_type, t.source_id,
            t.actor, t.occurred_at, t.recorded_at
        FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
        ORDER BY t.kind, t.source_id, e.unit, e.wallet_id""",
    "grants": "SELECT id, remaining, burned, expired, cash_remaining FROM wallets_creditgrant ORDER BY id",
    "drawdowns": """
        SELECT d.grant_id, d.amount, d.cash, t.source_id
        FROM wallets_grantdrawdown d JOIN wallets_transaction t ON t.id = d.transaction_id
        ORDER BY t.source_id, d.grant_id""",
    "earnings": """
        SELECT e.public_id, r.creator_id, r.agent_id, r.amount, r.zero_cash_amount, r.day, r.earned_at
        FROM billing_earning r JOIN billing_execution e ON e.id = r.execution_id ORDER BY 1, 2""",
    "events": """
        SELECT e.public_id, u.metric, u.quantity, u.charged, u.model, u.end_user, u.customer_id, u.agent_id,
            u.occurred_at, u.recorded_at
        FROM billing_usageevent u JOIN billing_execution e ON e.id = u.execution_id ORDER BY 1, 2""",
    "keys": """
        SELECT k.source, k.event_id, encode(k.fingerprint, 'hex'), k.created_at, e.public_id
        FROM billing_usageeventkey k JOIN billing_execution e ON e.id = k.execution_id ORDER BY 1, 2""",
}


class World:
    """Customers with every kind of credit, agents, and reserved runs; some credits fall due on the way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = MONDAY
        self.number = 0
        self.alice = runs.make_creator()
        self.agents = [
            runs.make_agent(creator=self.alice),
            runs.make_agent("other", creator=runs.make_creator("carl")),
        ]
        self.callers = [
            self.alice.customer,
            *(runs.make_customer(name, credits=credits) for name, credits in (("bob", 3000), ("eve", 90))),
        ]
        for number, caller in enumerate(self.callers):
            wallet = runs.wallet_of(caller)
            ledger.buy(
                wallet, cents=7, bonus_credits=33, payment=f"pi_w{number}", bonus_expires_at=self.at(200)
            )
            for part, minutes in enumerate((30, 90, 150)):
                ledger.promise(wallet, credits=60, source=f"p{number}:{part}", expires_at=self.at(minutes))
        ledger.promise(
            runs.wallet_of(self.callers[1], scope=self.alice.public_id), credits=120, source="scoped"
        )
        self.reserved: list[str] = []
        self.sent: list[dict[str, Any]] = []

    def at(self, minutes: int) -> dt.datetime:
        return MONDAY + dt.timedelta(minutes=minutes)

    def go_on(self) -> None:
        """Reserve some runs, let time pass, let some of them expire."""
        for _ in range(6):
            agent, caller = self.random.choice(self.agents), self.random.choice(self.callers)
            opening = runs.opening(agent, caller, ttl_seconds=self.random.choice([60, 7200]))
            found = executions.reserve(opening=opening, now=self.now)
            if isinstance(found, Allowed) and found.execution is not None:
                self.reserved.append(found.execution)
        self.now += dt.timedelta(minutes=self.random.randint(1, 45))
        executions.expire_due(now=self.now)

    def batch(self) -> list[dict[str, Any]]:
        """Draw what a router may send: new, again, changed, unknown."""
        return [self.item() for _ in range(ITEMS)]

    def item(self) -> dict[str, Any]:
        self.number += 1
        dice = self.random.random()
        if self.sent and dice < 0.15:
            return self.random.choice(self.sent)
        item = self.direct() if dice < 0.5 or not self.reserved else self.of_reserved()
        if self.sent and dice > 0.93:
            item["keys"] = self.random.choice(self.sent)["keys"]
        item["fingerprint"] = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
        self.sent.append(item)
        return item

    def of_reserved(self) -> dict[str, Any]:
        execution = self.random.choice([*self.reserved[-8:], "exe_nobody"])
        return self.said() | {"execution": execution, "run": None}

    def direct(self) -> dict[str, Any]:
        agent, caller = self.random.choice(self.agents), self.random.choice(self.callers)
        return self.said() | {"execution": None, "run": self.run(agent, caller)}

    def run(self, agent: Agent, caller: Customer) -> dict[str, Any]:
        name = "cst_nobody" if self.random.random() < 0.05 else caller.public_id
        return {
            "public_id": f"exe_direct{self.number}",
            "caller": name,
            "creator": agent.creator.public_id,
            "agent": agent.pk,
            "version": agent.plan.versions.get().pk,
        }

    def said(self) -> dict[str, Any]:
        cost = self.random.choice(
            [0, 1, credits(50), credits(50), credits(70), self.random.randint(1, credits(200))]
        )
        part = self.random.randint(0, cost)
        keys = [["router", f"e{self.number}"], ["once:router", f"k{self.number}"]]
        return {
            "principal": "key:router",
            "keys": keys[: self.random.choice([1, 2])],
            "cost": cost,
            "charges": self.random.random() < 0.85,
            "usage": {"request": "1"},
            "lines": [["request", "1", "50", cost]],
            "metrics": [["request", "1", part], ["second", "1.5", cost - part]],
            "outcome": "success",
            "model": self.random.choice(["", "haiku"]),
            "occurred_at": self.random.choice([None, MONDAY.isoformat()]),
        }


def _settle(items: list[dict[str, Any]], now: dt.datetime) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [json.dumps(items), json.dumps(class_rates_bp()), now])
        return list(json.loads(cursor.fetchone()[0]))


def _rows() -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for name, query in ROWS.items():
            cursor.execute(query)
            found[name] = cursor.fetchall()
    return found


@pytest.mark.parametrize("seed", range(8))
def test_a_batch_is_what_its_items_are_one_by_one(seed: int) -> None:
    world = World(seed)
    settled = 0
    for _ in range(ROUNDS):
        world.go_on()
        batch = world.batch()
        twin = transaction.savepoint()
        expected = [_settle([item], world.now)[0] for item in batch]
        expected_rows = _rows()
        transaction.savepoint_rollback(twin)
        found = _settle(batch, world.now)
        assert found == expected
        for name, rows in _rows().items():
            assert rows == expected_rows[name], name
        settled += sum(answer["answer"] == "settled" for answer in found)
    # A driver whose items are mostly refused proves little.
    assert settled / (ROUNDS * ITEMS) >= 0.3
    posting.post_splits(now=world.now)
