"""Dispute payments at the stand-in, and let our job follow."""

import datetime as dt
from typing import Any

from billing.models import Dispute, TopUp
from billing.operations import disputes
from billing.stripe.balance import BalanceLine
from billing.stripe.disputes import DisputeFacts
from tests.support.checkout import NOW
from tests.support.processes import StripeStandin
from wallets import queries


def ask_bank(standin: StripeStandin, charge_id: str, **about: Any) -> str:
    """Dispute a charge, as its cardholder's bank does; give the dispute's id."""
    return str(standin.post(f"/_sim/charges/{charge_id}/dispute", **about)["id"])


def decide(standin: StripeStandin, dispute_id: str, status: str) -> None:
    """Let the bank decide."""
    standin.post(f"/_sim/disputes/{dispute_id}/close", status=status)


def followed(dispute_id: str, *, now: dt.datetime = NOW) -> Dispute:
    """Do the job that each of its events calls for."""
    disputes.follow(dispute_id=dispute_id, now=now)
    return Dispute.objects.get(stripe_id=dispute_id)


def opened(standin: StripeStandin, top_up: TopUp, **about: Any) -> Dispute:
    """Dispute a top-up and follow."""
    return followed(ask_bank(standin, top_up.charge_id, **about))


def disputed_unseen(intent_id: str, status: str, cents: int, *, now: dt.datetime = NOW) -> None:
    """Let Stripe tell how a dispute of so many cents stands, without Stripe: its money is taken, won it is back."""
    moved = [("txn_out", -cents, 1_500)] + ([("txn_in", cents, 0)] if status == "won" else [])
    lines = tuple(
        BalanceLine(
            stripe_id=f"{name}_{intent_id}",
            type="adjustment",
            source_id=f"dp_{intent_id}",
            currency="usd",
            amount_cents=amount,
            fee_cents=fee,
            net_cents=amount - fee,
            created_at=now,
            available_on=now,
            category="dispute" if amount < 0 else "dispute_reversal",
        )
        for name, amount, fee in moved
    )
    found = DisputeFacts(
        stripe_id=f"dp_{intent_id}",
        status=status,
        reason="fraudulent",
        currency="usd",
        amount_cents=cents,
        charge_id=f"ch_{intent_id}",
        intent_id=intent_id,
        evidence_due=None,
        evidence_sent=False,
        created_at=now,
        lines=lines,
    )
    disputes.bring(found=found, now=now)


def available(top_up: TopUp, *, now: dt.datetime = NOW) -> int:
    """Give what the wallet of a top-up can spend, in micros."""
    return queries.balance(wallet=type(top_up.wallet).objects.get(pk=top_up.wallet_id), now=now).available
