"""The money path without HTTP: pgbench calls our functions, and the floor."""

from collections.abc import Callable
from typing import Final

from tests.bench.pgbench import Pgbench
from tests.bench.rounds import Measure, Sample

CUSTOMERS: Final = 10_000
CREATORS: Final = 100
# A round's transactions, shared by its clients: enough that what a connection costs at first does not show.
TRANSACTIONS: Final = {1: 240, 16: 1_280, 32: 640}
FLOOR: Final = """
WITH taken AS (UPDATE bench.balance SET balance = balance - 1 WHERE id = :w)
INSERT INTO bench.entry (wallet_id, amount) VALUES (:w, -1);
"""
# Names are random, as real ones are: an index that takes them in order would flatter us.
RESERVE: Final = """
\\set k random(100000000000000000, 999999999999999999)
SELECT o_execution AS execution FROM bench.agent, billing_reserve(
    'router', 'bench', 'key' || :k, '\\x00', 'exe_' || :k, 'hld_' || :k, 'cst_bench' || :w, creator, agent, version,
    50000000, 50000000, NULL, '{"request": "1"}', '', '', '', false, now() + interval '1 hour', now())
WHERE number = 0"""
# Whatever is not settled divides by zero, and pgbench stops.
SETTLE: Final = """
SELECT 1 / (billing_settle(('[{{"principal": "bench", "keys": [["bench", "' || execution || '"]],
    "fingerprint": "00", "cost": 50000000, "charges": true, "usage": {{"request": "1"}}, "outcome": "success",
    "lines": [["request", "1", "50", 50000000]], "metrics": [["request", "1", 50000000]], "model": "",
    "occurred_at": null, "execution": "' || execution || '"}}]')::jsonb,
    '{{"plan": 10000, "promo": 10000, "bonus": 5000, "adjustment": 10000, "paid": 10000, "overage": 10000}}', now())
    -> 0 ->> 'answer' = 'settled')::int FROM (SELECT {execution}) AS x(execution);
"""
NEXT_READY: Final = "bench.ready_name(nextval('bench.settled'))"
MAKE_READY: Final = """
SELECT count(bench.reserve({wallet}, {agent}, bench.ready_name(nextval('bench.ready'))))
FROM generate_series(1, {count}) n
"""
ONE_CREATOR: Final = "1"
SPREAD: Final = f"1 + n % {CREATORS}"
HALF_ON_ONE: Final = f"CASE WHEN n % 2 = 0 THEN 1 ELSE 1 + n % {CREATORS} END"


def measures(pgbench: Pgbench) -> list[Measure]:
    """List reserve, settle and both after one another: spread over wallets, and on one."""
    plan = [(1, False), (16, False), (32, True)]
    return [measure for clients, hot in plan for measure in _of(pgbench, clients, hot=hot)]


def creators(pgbench: Pgbench) -> list[Measure]:
    """List the settle of runs on many creators, on one for half of them, and on one only."""
    plan = [
        (16, "spread creators", SPREAD),
        (16, "half of the runs on one creator", HALF_ON_ONE),
        (32, "spread creators", SPREAD),
        (32, "one creator", ONE_CREATOR),
    ]
    return [
        Measure(
            f"settle: {name}, {clients} clients",
            f"settle: spread creators, {clients} clients",
            settle(pgbench, clients, transactions=TRANSACTIONS[clients], agent=agent),
        )
        for clients, name, agent in plan
    ]


def reserve(
    pgbench: Pgbench, clients: int, *, transactions: int, last: int = CUSTOMERS
) -> Callable[[], Sample]:
    """Give a round of reserves by pgbench."""
    return pgbench.measure(f"{_pick(last)}{RESERVE};\n", clients=clients, transactions=transactions)


def settle(
    pgbench: Pgbench, clients: int, *, transactions: int, agent: str = "0", last: int = CUSTOMERS
) -> Callable[[], Sample]:
    """Give a round of settles by pgbench, of runs that are reserved ahead, unmeasured."""
    ready = MAKE_READY.format(wallet=f"1 + n % {last}", agent=agent, count=transactions)
    script = SETTLE.format(execution=NEXT_READY)
    return pgbench.measure(script, clients=clients, transactions=transactions, first=ready)


def floor(
    pgbench: Pgbench, clients: int, *, transactions: int, last: int = CUSTOMERS
) -> Callable[[], Sample]:
    """Give a round of the floor: the smallest durable form of a money movement."""
    return pgbench.measure(_pick(last) + FLOOR, clients=clients, transactions=transactions)


def _of(pgbench: Pgbench, clients: int, *, hot: bool) -> list[Measure]:
    told = f"{'one wallet' if hot else '10,000 wallets'}, {clients} client" + "s" * (clients > 1)
    last = 1 if hot else CUSTOMERS
    count = TRANSACTIONS[clients]
    base = f"floor: {told}"
    both = f"{_pick(last)}{RESERVE} \\gset\n{SETTLE.format(execution=':execution')}"
    return [
        Measure(base, base, floor(pgbench, clients, transactions=count, last=last)),
        Measure(f"reserve: {told}", base, reserve(pgbench, clients, transactions=count, last=last)),
        Measure(f"settle: {told}", base, settle(pgbench, clients, transactions=count, last=last)),
        Measure(f"reserve+settle: {told}", base, pgbench.measure(both, clients=clients, transactions=count)),
    ]


def _pick(last: int) -> str:
    return f"\\set w random(1, {last})\n"
