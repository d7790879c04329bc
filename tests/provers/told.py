"""What Stripe would tell of the money that goes through it."""

import datetime as dt

from billing.models import TopUp as TopUpRow
from billing.stripe.balance import BalanceLine
from billing.stripe.checkout import Payment
from tests.provers.commands import Refund, TopUp


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
