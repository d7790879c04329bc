"""A real worker dies by SIGKILL while its transfer is at Stripe: nothing is lost, nothing is sent twice."""

import os
import signal

import pytest

from billing.stripe.client import client
from config.devservices.processes import Child
from payouts.models import PayoutAttempt
from payouts.operations import approvals, sending
from tests.support.creators import OLIVE, PAY_DAY, drafted, earning_creator
from tests.support.processes import StripeStandin, eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.usefixtures("books"),
]


def transfers() -> list[int]:
    return [one.amount for one in client().v1.transfers.list({"limit": 100}).data]


def test_a_worker_killed_between_the_transfer_and_its_record(
    stripe_standin: StripeStandin, celery_worker_process: Child
) -> None:
    payout = drafted(earning_creator(stripe_standin))
    stripe_standin.post("/_sim/faults", kind="delay", method="POST", path="/v1/transfers", ms=2_000)
    approvals.approve(payouts=[payout], actor=OLIVE, now=PAY_DAY)
    # Stripe has the request; that the worker counted its call says only that it was about to make it.
    eventually(lambda: stripe_standin.get("/_sim/faults")["data"][0]["hits"])
    os.killpg(celery_worker_process.process.pid, signal.SIGKILL)
    celery_worker_process.process.wait()
    eventually(lambda: transfers() == [400])
    payout.refresh_from_db()
    assert payout.state == "sending"

    attempt = PayoutAttempt.objects.get()
    # The dead worker's lock went with its connection, and what it began is nobody else's to begin again.
    assert sending.send_approved(now=attempt.started_at) == 0
    assert sending.unresolved(now=attempt.started_at + sending.ANSWER_WITHIN) == 1
    payout.refresh_from_db()
    assert (payout.state, transfers()) == ("sent", [400])
    assert PayoutAttempt.objects.get().outcome == "succeeded"
