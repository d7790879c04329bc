"""Which of Stripe's lines are booked by which of our transactions: the one table, and the SQL that is made of it.

Both sides are named by one key: what caused the line at Stripe is the cause of our booking. A new kind of booking that
moves cash at Stripe is one more rule here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Lines that are nothing but a fee: no fee of their own, and a negative amount (ledger.md rule 24).
FEE_TYPES: Final = ("stripe_fee", "stripe_fx_fee", "tax_fee")
# Our own money on its way between our bank and Stripe: nothing else books it.
FLOAT_TYPES: Final = ("topup", "topup_reversal", "payout", "payout_cancel", "payout_failure")


@dataclass(frozen=True, slots=True)
class Rule:
    """How Stripe's lines of some types are booked: the column that names their cause, and our kinds.

    Where one cause moves money both ways, what comes back has a name of its own (`:back`).
    """

    types: tuple[str, ...]
    kinds: tuple[str, ...]
    named_by: str = "source_id"
    sign: int = 0
    back: bool = False


RULES: Final = (
    Rule(("charge", "payment"), ("topup", "subscription", "invoice_paid"), named_by="origin_id"),
    Rule(("refund", "payment_refund"), ("refund",)),
    Rule(("refund_failure", "payment_failure_refund"), ("refund_failure",), back=True),
    Rule(("adjustment",), ("dispute_opened",), sign=-1),
    Rule(("adjustment",), ("dispute_won",), sign=1, back=True),
    Rule(("transfer",), ("transfer",)),
    Rule(("transfer_refund",), ("transfer_reversal",)),
    Rule(FLOAT_TYPES, ("float",), named_by="stripe_id"),
)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _named(rule: Rule) -> str:
    sign = {0: "", 1: " AND b.amount_cents > 0", -1: " AND b.amount_cents < 0"}[rule.sign]
    name = f"coalesce(nullif(b.{rule.named_by}, ''), nullif(b.source_id, ''), b.stripe_id)"
    back = " || ':back'" if rule.back else ""
    return f"WHEN b.type IN ({_quoted(rule.types)}){sign} THEN {name}{back}"


KINDS: Final = tuple(kind for rule in RULES for kind in rule.kinds)
_BACK: Final = _quoted(kind for rule in RULES if rule.back for kind in rule.kinds)
_COST: Final = f"(b.fee_cents - CASE WHEN b.type IN ({_quoted(FEE_TYPES)}) THEN b.amount_cents ELSE 0 END)"
# An invoice is paid by the payment that it names. What clears or corrects a cause says it before a `#`.
_CAUSE: Final = (
    "CASE WHEN x.kind = 'stripe_fee' THEN x.source_id || ':fee'"
    f" WHEN x.kind IN ({_BACK}) THEN x.source_id || ':back'"
    " WHEN x.source_type = 'invoice' THEN coalesce((SELECT i.payment_intent_id FROM billing_invoice i"
    " WHERE i.public_id = x.source_id), x.source_id) ELSE split_part(x.source_id, '#', 1) END"
)

# What Stripe says, a row a line, and a row for its fee; amounts in USD micros as they change the balance there.
SAID: Final = (
    f"SELECT b.stripe_id AS ref, CASE {' '.join(map(_named, RULES))} ELSE b.stripe_id END AS key,"
    " 'stripe_cash ' || b.currency AS account, b.amount_cents * 10000 AS amount, b.created_at AS at"
    f" FROM billing_balancetransaction b WHERE b.type NOT IN ({_quoted(FEE_TYPES)}) AND b.amount_cents <> 0"
)
SAID_FEES: Final = (
    "SELECT b.stripe_id AS ref, b.stripe_id || ':fee' AS key, 'stripe_cash ' || b.currency AS account,"
    f" -{_COST} * 10000 AS amount, b.created_at AS at FROM billing_balancetransaction b WHERE {_COST} <> 0"
)
# What we say: every entry on our cash at Stripe, fees and all else apart.
_ENTRIES: Final = (
    f"SELECT x.public_id AS ref, {_CAUSE} AS key, 'stripe_cash usd' AS account, -e.amount AS amount,"
    " x.occurred_at AS at, x.recorded_at FROM wallets_entry e JOIN wallets_transaction x ON x.id = e.transaction_id"
    " WHERE e.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash'))"
)
BOOKED: Final = f"{_ENTRIES} AND x.kind <> 'stripe_fee'"
BOOKED_FEES: Final = f"{_ENTRIES} AND x.kind = 'stripe_fee'"
# What should have moved that cash and moved another asset instead, until it is rebooked.
_ASSETS: Final = "ARRAY['bank', 'suspense', 'disputes', 'receivable', 'loss']"
ELSEWHERE: Final = (
    f"SELECT x.public_id AS ref, {_CAUSE} AS key, e.kind || ' usd' AS account, -e.amount AS amount,"
    " x.occurred_at AS at, x.recorded_at FROM wallets_transaction x CROSS JOIN LATERAL (SELECT n.amount, w.kind"
    " FROM wallets_entry n JOIN wallets_wallet w ON w.id = n.wallet_id WHERE n.transaction_id = x.id"
    f" AND w.owner_type = 'platform' AND w.unit = 'USD' AND w.kind = ANY ({_ASSETS})"
    f" ORDER BY array_position({_ASSETS}, w.kind::text) LIMIT 1) e"
    f" WHERE x.kind IN ({_quoted(KINDS)}, 'stripe_fee', 'rebooking')"
    " AND x.source_type NOT IN ('invoice', 'subscription_period')"
    " AND NOT EXISTS (SELECT 1 FROM wallets_entry c WHERE c.transaction_id = x.id"
    " AND c.wallet_id = (SELECT wallets_platform('USD', 'stripe_cash')) AND x.kind <> 'rebooking')"
)
