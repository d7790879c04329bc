"""Every invariant of refunds holds over a life of them, and finds its damage and only that."""

from typing import Any, Final

import pytest

from billing.models import CreatorPull, TopUp
from billing.operations import refunds
from billing.operations.refunds import Ask
from billing.queries import lineage
from billing.refund_books import INVARIANTS
from tests.support import checkout, damage
from tests.support import runs as agent_runs
from tests.support.checkout import NOW
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, ledger, operations
from wallets.ledger import Leg, Source
from wallets.models import Wallet
from wallets.money import MICRO

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGE: Final = {
    "a refund's cash is what Stripe gave back": "UPDATE billing_refund SET amount_cents = amount_cents + 1",
    "refunds are of their rows": "UPDATE billing_refund SET stripe_refund_id = NULL, claw_id = NULL, state = 'failed'"
    " WHERE state = 'refunded' AND amount_cents = 200; DELETE FROM billing_refundstatechange"
    " WHERE refund_id = (SELECT id FROM billing_refund WHERE amount_cents = 200); INSERT INTO billing_refundstatechange"
    " (refund_id, from_state, to_state, reason, changed_at) SELECT id, 'sending', 'failed', '', now()"
    " FROM billing_refund WHERE amount_cents = 200",
    "a top-up is refunded when all of it was given back": "UPDATE billing_topup SET status = 'refunded'",
    "arrears are receivable": "UPDATE wallets_entry SET wallet_id = wallets_platform('USD', 'receivable')"
    " WHERE wallet_id = wallets_platform('USD', 'revenue') AND amount > 0",
    "open refunds keep their credits": "UPDATE billing_refund SET hold_id = (SELECT hold_id FROM billing_refund"
    " WHERE state = 'refunded' AND hold_id IS NOT NULL) WHERE state = 'requested'",
    "refund history is whole": "DELETE FROM billing_refundstatechange WHERE to_state = 'refunded'",
    "pulls are of their transactions": "UPDATE billing_creatorpull SET from_pending = from_pending + 1",
    "append-only guards of refunds stand": "ALTER TABLE billing_creatorpull DISABLE TRIGGER"
    " billing_creatorpull_append_only",
    "no refund hangs": "UPDATE billing_refund SET created_at = '2020-01-01' WHERE state = 'requested'",
}


def ask(top_up: TopUp, cents: int) -> Any:
    """Ask for a refund."""
    payment = lineage.by_intent(intent_id=str(top_up.payment_intent_id))
    assert payment is not None
    asked = Ask(amount_cents=cents, principal="test", key=f"k{cents}")
    return refunds.request(payment=payment, ask=asked, now=NOW)


def earn(pending: Wallet, kind: str, amount: int) -> int:
    """Move credits between the platform and a creator."""
    return ledger.post(
        kind=kind,
        source=Source("test", kind),
        actor="test",
        legs=[Leg(chart.PLATFORM_SHARE, -amount), Leg(pending.pk, amount)],
        plug=chart.REVENUE,
        now=NOW,
    ).transaction_id


@pytest.fixture(autouse=True)
def _life(stripe_standin: StripeStandin) -> None:
    """One refund is made, one came back, one is on its way; and a creator has given back a credit."""
    top_up = checkout.buy(open_customer(), stripe_standin)
    refunds.send(refund=ask(top_up, 200), now=NOW)
    made = ask(top_up, 300)
    refunds.send(refund=made, now=NOW)
    made.refresh_from_db()
    stripe_standin.post(f"/_sim/refunds/{made.stripe_refund_id}/fail")
    refunds.sync(intent_id=str(top_up.payment_intent_id), now=NOW)
    ask(top_up, 400)
    creator = agent_runs.make_creator()
    pending = operations.open_wallet(owner_type="creator", owner_id=creator.pk, kind=chart.PENDING, now=NOW)
    earn(pending, "posting", MICRO)
    CreatorPull.objects.create(
        creator=creator,
        cause_type="test",
        cause_id="1",
        from_pending=MICRO,
        transaction_id=earn(pending, "write_off", -MICRO),
        created_at=NOW,
    )


def test_they_hold_and_each_damage_is_found_by_its_invariant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    damage.assert_each_is_found(monkeypatch, tables="billing_", invariants=INVARIANTS, damage=DAMAGE, now=NOW)
