"""The API, spoken to by the committed schema: a section at a time, in this process."""

import logging
import random
from typing import Final

from billing.operations import executions, fees
from billing.stripe.balance import BalanceLine
from config.kit import clock
from tests.fuzz import api
from tests.fuzz.world import patient, populate
from wallets import chart, money
from wallets.models import Entry

SECTIONS: Final = ("/internal", "/v1")


def prove(*, count: int, seed: int) -> str:
    """Send that many cases; give the line that says so. Raises AssertionError with the answers that were wrong."""
    # Each refusal of a machine that sends nonsense would be a line.
    logging.disable(logging.CRITICAL)
    try:
        world, each = populate(random.Random(seed)), -(-count // len(SECTIONS))
        with patient():
            for prefix in SECTIONS:
                tally = api.speak(prefix=prefix, count=each, number=seed, world=world)
                api.expect_promised(tally, prefix=prefix, count=each)
        _sweep()
    finally:
        logging.disable(logging.NOTSET)
    return f"api: {each * len(SECTIONS):,} cases, seed {seed}; no 5xx, every answer as the schema says"


def _sweep() -> None:
    """Do what beat would have done meanwhile, of which the books ask whether it was done in time."""
    now = clock.now()
    executions.expire_due(now=now)
    # What the world bought, it bought without Stripe: its lines are told here.
    bought = Entry.objects.filter(wallet__kind=chart.STRIPE_CASH.kind, transaction__kind="topup")
    for entry in bought.select_related("transaction"):
        payment, cents = entry.transaction.source_id, -entry.amount // money.CENT
        named = (f"txn_{payment}", "charge", f"ch_{payment}", "usd")
        fees.record(line=BalanceLine(*named, cents, 0, cents, now, now, payment), now=now)
