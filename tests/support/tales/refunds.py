"""Refunds: asked for, sent, told of by Stripe's dashboard, and handed back by a bank."""

from decimal import Decimal
from typing import Final

from billing.models import Refund, TopUp
from billing.operations import payments, refunds, topups
from billing.operations.refunds import Ask
from billing.queries import lineage
from billing.stripe.client import client
from tests.support import runs as agent_runs
from tests.support.checkout import TEN_DOLLARS, pay
from tests.support.crash_points import Life
from tests.support.people import open_customer
from tests.support.stories import Stage, Story


def _bought(stage: Stage, name: str) -> TopUp:
    """Let a customer buy 10,000 credits and spend 500."""
    asked = topups.request(
        customer=open_customer(name), principal="page", key=name, order=TEN_DOLLARS, now=stage.now
    )
    pay(stage.stripe, asked.top_up.stripe_session_id)
    payments.fulfil(session_id=asked.top_up.stripe_session_id, now=stage.now)
    agent = stage.once("agent", lambda: agent_runs.make_agent("echo"))
    agent_runs.charge(
        agent, asked.top_up.customer, f"{name}-run", usage={"request": Decimal(10)}, now=stage.now
    )
    asked.top_up.refresh_from_db()
    stage.sweep()
    return asked.top_up


def _asks(stage: Stage, top_up: TopUp) -> str:
    payment = lineage.by_intent(intent_id=str(top_up.payment_intent_id))
    assert payment is not None
    ask = Ask(amount_cents=1_000, principal="staff", key=top_up.public_id, spent=True)
    return refunds.request(payment=payment, ask=ask, now=stage.now).public_id


def _asks_again(stage: Stage, top_up: TopUp, life: Life) -> None:
    again = _asks(stage, top_up)
    assert life.killed or life.answer == again
    _is_swept(stage, top_up, life)


def _asked(stage: Stage, name: str) -> Refund:
    top_up = _bought(stage, name)
    return Refund.objects.get(public_id=_asks(stage, top_up))


def _is_swept(stage: Stage, subject: Refund | TopUp, life: Life) -> None:
    # A dead worker's call is looked up when it can no longer be under way.
    for _ in range(2):
        stage.time.passes(minutes=2)
        stage.sweep()


def _in_dashboard(stage: Stage, name: str) -> str:
    top_up = _bought(stage, name)
    client().v1.refunds.create({"charge": top_up.charge_id, "amount": 600})
    return str(top_up.payment_intent_id)


def _handed_back(stage: Stage, name: str) -> str:
    refund = _asked(stage, name)
    refunds.send(refund=refund, now=stage.now)
    refund.refresh_from_db()
    stage.stripe.post(f"/_sim/refunds/{refund.stripe_refund_id}/fail")
    return refund.payment_intent_id


def _syncs(stage: Stage, intent_id: str) -> int:
    return refunds.sync(intent_id=intent_id, now=stage.now)


def _syncs_again(stage: Stage, intent_id: str, life: Life) -> None:
    _syncs(stage, intent_id)
    stage.sweep()


TALES: Final = {
    "a refund is asked for": Story(_bought, _asks, _asks_again),
    "a refund is sent": Story(
        _asked, lambda stage, refund: refunds.send(refund=refund, now=stage.now), _is_swept
    ),
    "Stripe's dashboard refunds": Story(_in_dashboard, _syncs, _syncs_again),
    "a bank hands a refund back": Story(_handed_back, _syncs, _syncs_again),
}
