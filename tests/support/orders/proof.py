"""The books after each order: every invariant in one prepared statement, beside what the world outside knows."""

import datetime as dt
from typing import Final

from django.db import connection

from billing.models import CreatorPull, Earning
from payouts.queries import standing
from tests.support import runs as agent_runs
from tests.support.orders.life import PRICE, Life
from wallets import books, money
from wallets.models import Claw, CreditGrant, Wallet, WalletDebt

# Planned once, and not for the few rows of one life: planning sixty queries is most of what they cost.
PLANNED: Final = "SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_generic_plan"
PLATFORM: Final = """
    SELECT w.unit || ' ' || w.kind, coalesce(sum(e.amount), 0)::bigint FROM wallets_wallet w
    LEFT JOIN wallets_entry e ON e.wallet_id = w.id WHERE w.owner_type = 'platform' GROUP BY 1
"""
# What is left of a purchase and is not worth a cent goes along with its refund.
A_CENT: Final = 11 * money.MICRO


class Proof:
    """Proves one database's books again and again, in one transaction."""

    def __init__(self) -> None:
        parts = [
            f"SELECT {_quoted(one.name)}::text WHERE EXISTS (SELECT FROM ({one.query}) broken)"
            for one in books.invariants()
            if not one.timely
        ]
        query = " UNION ALL ".join(parts).replace("%(now)s", "$1").replace("%%", "%")
        with connection.cursor() as cursor:
            cursor.execute(PLANNED)
            cursor.execute(f"PREPARE books_of_orders (timestamptz) AS {query}".replace("%", "%%"), [])

    def close(self) -> None:
        """Forget the statement: the connection lives on."""
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE books_of_orders")

    def broken(self, life: Life, end: dict[str, int]) -> list[str]:
        """Name what does not hold: of the books, and of what was paid and had."""
        return [*_violated(life.now), *_lost(life, end)]


def ended(life: Life) -> dict[str, int]:
    """Give where everybody's money came to, in micros of its unit."""
    wallet = Wallet.objects.get(pk=agent_runs.wallet_of(life.customer).pk)
    purse = standing.purse(creator_id=life.creator.pk)
    with connection.cursor() as cursor:
        cursor.execute(PLATFORM)
        platform = dict(cursor.fetchall())
    return platform | {
        "balance": wallet.balance,
        "debts": sum(debt.remaining for debt in wallet.debts.all()),
        "pending": purse.pending,
        "payable": purse.payable,
        "reserve": purse.reserve,
        "creator's debt": purse.debt,
        "transferred": life.told.get("transferred", 0),
    }


def _violated(now: dt.datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE books_of_orders (%s)", [now])
        return [name for (name,) in cursor.fetchall()]


def _lost(life: Life, end: dict[str, int]) -> list[str]:
    """What the customer paid is with creators, the platform, Stripe and its own bank, and nowhere else."""
    told = {name: life.told.get(name, 0) for name in NAMES}
    frozen = sum(CreditGrant.objects.values_list("frozen", flat=True))
    lost = sum(debt.written_off - debt.recovered for debt in WalletDebt.objects.all())
    clawed = told["bought"] - told["spent"] + lost - frozen - end["balance"]
    pulls = CreatorPull.objects.values_list("from_pending", "from_payable", "from_reserve", "to_debt")
    pulled = sum(sum(parts) for parts in pulls)
    earned = sum(Earning.objects.filter(creator=life.creator).values_list("amount", flat=True))
    has = end["pending"] + end["payable"] + end["reserve"] + end["creator's debt"]
    transferred = money.cents_to_credits(told["transferred"])
    given_back = money.cents_to_micros(told["given_back"])
    facts = {
        "Stripe has what came in and did not go out": -end["USD stripe_cash"]
        == money.cents_to_micros(told["cash"]),
        "money that went back took its credits along": 0
        <= clawed - 11_000 * money.MICRO * told["given_back"] // PRICE
        < A_CENT,
        "claws are for what went back": sum(Claw.objects.values_list("usd", flat=True)) == given_back,
        "creators have what they earned and did not give back": has + transferred == earned - pulled,
        "what is redeemed was transferred": end["CREDITS redeemed"] == transferred,
    }
    return [name for name, holds in facts.items() if not holds]


NAMES: Final = ("cash", "bought", "spent", "given_back", "transferred")


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
