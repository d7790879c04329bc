"""The proof of disputes finds each damage, and only that."""

from typing import Final

import pytest

from billing.dispute_books import INVARIANTS
from tests.support import damage
from tests.support.checkout import NOW, buy
from tests.support.disputing import decide, followed, opened
from tests.support.people import open_customer
from tests.support.processes import StripeStandin

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGE: Final = {
    "disputed dollars are those of open disputes": "UPDATE wallets_entry SET wallet_id ="
    " wallets_platform('USD', 'loss') WHERE wallet_id = wallets_platform('USD', 'disputes') AND amount < 0",
    "credits are frozen by open disputes": "UPDATE billing_dispute SET frozen = frozen + 1 WHERE state = 'open'",
    "each step of a dispute is booked once": "UPDATE billing_dispute SET claw_id = NULL WHERE state = 'lost'",
    "no more is given back than was paid": "UPDATE billing_topup SET amount_cents = amount_cents - 1"
    " WHERE payment_intent_id = (SELECT payment_intent_id FROM billing_dispute WHERE state = 'lost')",
}


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(
    stripe_standin: StripeStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, still_open = (
        opened(stripe_standin, buy(open_customer(name), stripe_standin)) for name in ("bob", "alice")
    )
    decide(stripe_standin, lost.stripe_id, "lost")
    followed(lost.stripe_id)
    assert still_open.state == "open"

    damage.assert_each_is_found(monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=NOW)
