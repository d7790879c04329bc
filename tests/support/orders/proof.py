"""The books after each order: every invariant in one prepared statement, beside what the world outside knows."""

from typing import Final

from django.db import connection

from tests.support import proof
from tests.support.orders.life import PRICE, Life
from wallets import money

# Where everybody's money came to, in micros of its unit; there is one customer and one creator.
ENDED: Final = """
    SELECT w.unit || ' ' || w.kind, coalesce(sum(e.amount), 0)::bigint FROM wallets_wallet w
    LEFT JOIN wallets_entry e ON e.wallet_id = w.id WHERE w.owner_type = 'platform' GROUP BY 1
    UNION ALL SELECT 'creator''s ' || kind, balance FROM wallets_wallet WHERE owner_type = 'creator'
    UNION ALL SELECT 'balance', sum(balance)::bigint FROM wallets_wallet WHERE owner_type = 'consumer'
    UNION ALL SELECT 'frozen', coalesce(sum(frozen), 0)::bigint FROM wallets_creditgrant
    UNION ALL SELECT 'debts', coalesce(sum(remaining), 0)::bigint FROM wallets_walletdebt
    UNION ALL SELECT 'written off', coalesce(sum(written_off - recovered), 0)::bigint FROM wallets_walletdebt
    UNION ALL SELECT 'clawed for', coalesce(sum(usd), 0)::bigint FROM wallets_claw
    UNION ALL SELECT 'earned', coalesce(sum(amount), 0)::bigint FROM billing_earning
    UNION ALL SELECT 'pulled', coalesce(sum(from_pending + from_payable + from_reserve + to_debt), 0)::bigint
    FROM billing_creatorpull
"""
# What is left of a purchase and is not worth a cent goes along with its refund.
A_CENT: Final = 11 * money.MICRO


class Proof:
    """Proves one database's books again and again, in one transaction."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(proof.PLANNED)
            cursor.execute(f"PREPARE ends_of_orders AS {ENDED}")

    def close(self) -> None:
        """Forget the statement: the connection lives on."""
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ends_of_orders")

    def ended(self, life: Life) -> dict[str, int]:
        """Give where everybody's money came to."""
        with connection.cursor() as cursor:
            cursor.execute("EXECUTE ends_of_orders")
            return dict(cursor.fetchall()) | {"transferred": life.told.get("transferred", 0)}

    def broken(self, life: Life, end: dict[str, int]) -> list[str]:
        """Name what does not hold: of the books, and of what was paid and had."""
        return [*proof.broken(now=life.now), *_lost(life, end)]


def _lost(life: Life, end: dict[str, int]) -> list[str]:
    """What the customer paid is with creators, the platform, Stripe and its own bank, and nowhere else."""
    told = {name: life.told.get(name, 0) for name in NAMES}
    clawed = told["bought"] - told["spent"] + end["written off"] - end["frozen"] - end["balance"]
    has = sum(amount for name, amount in end.items() if name.startswith("creator's "))
    transferred = money.cents_to_credits(told["transferred"])
    facts = {
        "Stripe has what came in and did not go out": -end["USD stripe_cash"]
        == money.cents_to_micros(told["cash"]),
        "money that went back took its credits along": 0
        <= clawed - 11_000 * money.MICRO * told["given_back"] // PRICE
        < A_CENT,
        "claws are for what went back": end["clawed for"] == money.cents_to_micros(told["given_back"]),
        "creators have what they earned and did not give back": has + transferred
        == end["earned"] - end["pulled"],
        "what is redeemed was transferred": end["CREDITS redeemed"] == transferred,
    }
    return [name for name, holds in facts.items() if not holds]


NAMES: Final = ("cash", "bought", "spent", "given_back", "transferred")
