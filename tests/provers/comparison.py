"""What the database holds beside what the model says it must hold: wallets, grants, statements, runs, the books."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import connection

from tests.provers.books import Books
from tests.provers.market import Market
from tests.provers.model import Execution, Model
from tests.provers.system import System

WALLETS: Final = """
    SELECT id, balance, held, seq, overdraft_limit, arrears_allowance FROM wallets_wallet WHERE id = ANY(%s)
"""
GRANTS: Final = """
    SELECT wallet_id, funding_class, amount, remaining, burned, expired, voided, frozen, cash, cash_remaining
    FROM wallets_creditgrant WHERE wallet_id = ANY(%s) ORDER BY id
"""
DEBTS: Final = """
    SELECT wallet_id, kind, amount, remaining, paid, billed, written_off, recovered, carried FROM wallets_walletdebt
    WHERE wallet_id = ANY(%s) ORDER BY id
"""
DISPUTES: Final = """
    SELECT stripe_id, state, frozen, at_stake FROM billing_dispute WHERE customer_id = ANY(%s)
"""
WRITE_OFFS: Final = """
    SELECT amount, carried, pulled, own, lost FROM payouts_writeoff
    WHERE customer_id = ANY(%s) ORDER BY id
"""
BORNE: Final = """
    SELECT e.public_id, p.funding_class, p.amount, p.pulled FROM payouts_writeoffpart p
    JOIN payouts_writeoff w ON w.id = p.write_off_id JOIN billing_execution e ON e.id = p.execution_id
    WHERE w.customer_id = ANY(%s) ORDER BY p.id
"""
PASSED_ON: Final = """
    SELECT r.amount, r.returned, r.own, r.loss FROM payouts_writeoffrecovery r
    JOIN payouts_writeoff w ON w.id = r.write_off_id WHERE w.customer_id = ANY(%s) ORDER BY r.recovery_id
"""
HOLDS: Final = """
    SELECT wallet_id, source_id, amount FROM wallets_hold WHERE wallet_id = ANY(%s) AND state = 'open'
"""
ENTRIES: Final = """
    SELECT e.wallet_id, e.amount, e.balance_after
    FROM unnest(%s::bigint[], %s::bigint[]) AS since(wallet, seq)
    JOIN wallets_entry e ON e.wallet_id = since.wallet AND e.wallet_seq > since.seq
    ORDER BY e.wallet_id, e.wallet_seq
"""
EXECUTIONS: Final = """
    SELECT public_id, state, held, metered, cells::text, cash, overage, zero_cash_earned, wallet_id
    FROM billing_execution WHERE public_id = ANY(%s)
"""
ACCOUNTS: Final = """
    SELECT w.unit, w.kind, sum(e.amount)::bigint FROM wallets_wallet w
    JOIN wallets_entry e ON e.wallet_id = w.id WHERE w.owner_type = 'platform' GROUP BY 1, 2
"""
PENDING: Final = """
    SELECT owner_id, balance FROM wallets_wallet
    WHERE owner_type = 'creator' AND kind = 'pending' AND owner_id = ANY(%s)
"""
POSTINGS: Final = "SELECT count(*) FROM wallets_transaction WHERE kind = 'posting'"
T = TypeVar("T")


class Comparison:
    """Compares one writer's wallets and runs; of statements and runs only what is new since the last time."""

    def __init__(self, system: System, model: Model) -> None:
        self.system = system
        self.model = model
        self.lines: dict[int, int] = {}
        self.watched: set[int] = set()
        self.seen = 0

    def check(self) -> None:
        """Raise AssertionError where the database differs from the model."""
        wallets = self._wallets()
        ids = list(wallets)
        expected = {
            pk: (w.balance, w.held, len(w.entries), w.overdraft, w.allowance) for pk, w in wallets.items()
        }
        same("wallets", {pk: tuple(rest) for pk, *rest in _rows(WALLETS, [ids])}, expected)
        self._check_grants(wallets)
        self._check_debts(wallets)
        self._check_disputes()
        self._check_write_offs()
        self._check_holds(wallets)
        self._check_entries(wallets)
        self._check_executions({id(wallet): pk for pk, wallet in wallets.items()})

    def check_passed_on(self) -> None:
        """Raise AssertionError where what came back of write-offs went to others; when nobody else passes it on."""
        customers = [customer.pk for customer in self.system.customers]
        same("passed on", {"all": _rows(PASSED_ON, [customers])}, {"all": self.model.passed_on})

    def _wallets(self) -> dict[int, Any]:
        found = {}
        for (customer, scope), wallet in self.model.wallets.items():
            row = self.system.wallets[customer] if scope is None else self.system.plan_wallet(customer)
            found[row.pk] = wallet
        return found

    def _check_grants(self, wallets: dict[int, Any]) -> None:
        found: dict[int, list[Any]] = {pk: [] for pk in wallets}
        for pk, *columns in _rows(GRANTS, [list(wallets)]):
            found[pk].append(tuple(columns))
        expected = {
            pk: [
                (
                    g.funding_class,
                    g.amount,
                    g.remaining,
                    g.burned,
                    g.expired,
                    g.voided,
                    g.frozen,
                    g.cash,
                    g.cash_remaining,
                )
                for g in wallet.grants
            ]
            for pk, wallet in wallets.items()
        }
        same("grants", found, expected)

    def _check_debts(self, wallets: dict[int, Any]) -> None:
        found: dict[int, list[Any]] = {pk: [] for pk in wallets}
        for pk, *columns in _rows(DEBTS, [list(wallets)]):
            found[pk].append(tuple(columns))
        expected = {
            pk: [
                (d.kind, d.amount, d.remaining, d.paid, d.billed, d.written_off, d.recovered, d.carried)
                for d in wallet.debts
            ]
            for pk, wallet in wallets.items()
        }
        same("debts", found, expected)

    def _check_disputes(self) -> None:
        customers = [customer.pk for customer in self.system.customers]
        found = {name.removeprefix("dp_"): tuple(rest) for name, *rest in _rows(DISPUTES, [customers])}
        cases = self.model.disputes.items()
        same("disputes", found, {name: (c.state, c.set_aside, c.at_stake) for name, c in cases})

    def _check_write_offs(self) -> None:
        customers = [customer.pk for customer in self.system.customers]
        found = {"all": _rows(WRITE_OFFS, [customers])}
        written = self.model.written
        same("write-offs", found, {"all": [(w.amount, w.carried, w.pulled, w.own, w.lost) for w in written]})
        borne = [(self.system.numbers.of(name), *rest) for name, *rest in _rows(BORNE, [customers])]
        expected = [
            (b.run, b.funding_class, b.amount, sum(b.earned.values())) for w in written for b in w.borne
        ]
        same("bearers", {"all": borne}, {"all": expected})

    def _check_holds(self, wallets: dict[int, Any]) -> None:
        numbers = self.system.numbers
        found = {(pk, numbers.of(source)): amount for pk, source, amount in _rows(HOLDS, [list(wallets)])}
        expected = {
            (pk, number): hold.amount
            for pk, wallet in wallets.items()
            for number, hold in wallet.holds.items()
        }
        same("holds", found, expected)

    def _check_entries(self, wallets: dict[int, Any]) -> None:
        since = [self.lines.get(pk, 0) for pk in wallets]
        found: dict[int, list[Any]] = {pk: [] for pk in wallets}
        for pk, *columns in _rows(ENTRIES, [list(wallets), since]):
            found[pk].append(tuple(columns))
        expected = {
            pk: wallet.entries[start:] for (pk, wallet), start in zip(wallets.items(), since, strict=True)
        }
        same("entries", found, expected)
        self.lines = {pk: len(wallet.entries) for pk, wallet in wallets.items()}

    def _check_executions(self, rows: dict[int, int]) -> None:
        executions = self.model.executions
        self.watched |= set(range(self.seen + 1, len(executions) + 1))
        self.seen = len(executions)
        ids = [self.system.numbers.id(number) for number in self.watched]
        creators = [creator.pk for creator in self.system.market.creators]
        found = {self.system.numbers.of(name): tuple(rest) for name, *rest in _rows(EXECUTIONS, [ids])}
        expected = {
            number: _facts(executions[number], creators, rows[id(executions[number].wallet)])
            for number in self.watched
        }
        same("executions", found, expected)
        # What expired may still be settled late.
        final = {"settled", "unbilled", "released"}
        self.watched = {number for number in self.watched if executions[number].state not in final}


@dataclass
class Accounts:
    """The platform's accounts and the market's creators' pending earnings, and how many postings made them."""

    accounts: dict[tuple[str, str], int]
    pending: dict[int, int]
    postings: int

    @classmethod
    def read(cls, market: Market) -> "Accounts":
        """Read them now."""
        numbers = {creator.pk: number for number, creator in enumerate(market.creators)}
        pending = {numbers[pk]: amount for pk, amount in _rows(PENDING, [list(numbers)])}
        accounts = {(unit, kind): amount for unit, kind, amount in _rows(ACCOUNTS, [])}
        return cls(accounts, pending, _rows(POSTINGS, [])[0][0])

    def __sub__(self, before: "Accounts") -> "Accounts":
        """Give what was added since."""
        found = {name: amount - before.accounts.get(name, 0) for name, amount in self.accounts.items()}
        pending = {n: amount - before.pending.get(n, 0) for n, amount in self.pending.items()}
        return Accounts(nonzero(found), nonzero(pending), self.postings - before.postings)


def check_books(found: Accounts, books: Books) -> None:
    """Raise AssertionError where the accounts differ from the model's books."""
    same("accounts", found.accounts, nonzero(books.accounts))
    same("earnings", found.pending, nonzero(books.pending))


def nonzero(amounts: dict[T, int]) -> dict[T, int]:
    """Leave out what is 0."""
    return {name: amount for name, amount in amounts.items() if amount}


def same(what: str, found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    """Raise AssertionError with what differs, and nothing else."""
    keys = [key for key in {**expected, **found} if found.get(key) != expected.get(key)]
    told = [f"{key}: found {found.get(key)}, expected {expected.get(key)}" for key in keys[:3]]
    assert not keys, f"{what} differ: " + "; ".join(told)


def _facts(execution: Execution, creators: list[int], wallet: int) -> tuple[Any, ...]:
    cells = [
        [name, None if creator is None else creators[creator], amount]
        for name, creator, amount in execution.cells
    ]
    written = str(cells).replace("'", '"').replace("None", "null")
    figures = (execution.held, execution.metered, written, execution.cash, execution.overage)
    return (execution.state, *figures, execution.unpaid, wallet)


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
