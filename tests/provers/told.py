"""What Stripe would tell of the money that goes through it."""

import datetime as dt
from typing import Final

from billing.models import TopUp as TopUpRow
from billing.stripe.balance import BalanceLine
from billing.stripe.checkout import Payment
from billing.stripe.disputes import DisputeFacts
from tests.provers.commands import Refund, TopUp

DISPUTE_FEE_CENTS: Final = 1_500


def payment(name: str, cents: int, now: dt.datetime) -> Payment:
    """Tell of a payment."""
    return Payment(f"pi_{name}", "succeeded", "usd", cents, f"ch_{name}", now, "", None)


def charged(asked: TopUp, top_up: TopUpRow, now: dt.datetime) -> BalanceLine:
    """Tell of the line of a payment, with its fee."""
    fee, cents = asked.fee or 0, top_up.amount_cents
    named = (f"txn_{asked.payment}", "charge", f"ch_{asked.payment}", "usd")
    return BalanceLine(*named, cents, fee, cents - fee, now, now, f"pi_{asked.payment}")


def given_back(asked: Refund, now: dt.datetime) -> BalanceLine:
    """Tell of the line of a refund."""
    named = (f"txn_re_{asked.reference}", "refund", f"re_{asked.reference}", "usd")
    return BalanceLine(*named, -asked.cents, 0, -asked.cents, now, now, f"pi_{asked.payment}")


def disputed(reference: str, intent_id: str, cents: int, status: str, now: dt.datetime) -> DisputeFacts:
    """Tell how a dispute stands: its money was taken; won, it is back."""
    moved = [("out", -cents, DISPUTE_FEE_CENTS, "dispute")]
    moved += [("in", cents, 0, "dispute_reversal")] if status == "won" else []
    lines = tuple(
        BalanceLine(
            stripe_id=f"txn_dp_{reference}_{way}",
            type="adjustment",
            source_id=f"dp_{reference}",
            currency="usd",
            amount_cents=amount,
            fee_cents=fee,
            net_cents=amount - fee,
            created_at=now,
            available_on=now,
            category=category,
        )
        for way, amount, fee, category in moved
    )
    return DisputeFacts(
        stripe_id=f"dp_{reference}",
        status=status,
        reason="fraudulent",
        currency="usd",
        amount_cents=cents,
        charge_id=intent_id.replace("pi_", "ch_"),
        intent_id=intent_id,
        evidence_due=None,
        evidence_sent=False,
        created_at=now,
        lines=lines,
    )
