"""The table of states: each move it names is made, with its line of history; every other is refused."""

import itertools
from typing import Any

import pytest

from payouts import states
from payouts.models import Payout, PayoutStateChange
from payouts.states import TRANSITIONS, PayoutStateError
from tests.support.creators import OLIVE, PAY_DAY, drafted, earning_creator
from tests.support.processes import StripeStandin

pytestmark = pytest.mark.django_db

STATES = list(Payout.State)


def in_state(payout: Payout, state: str) -> Payout:
    transfer = "tr_1" if state in Payout.TRANSFERRED else None
    Payout.objects.filter(pk=payout.pk).update(state=state, stripe_transfer_id=transfer)
    return Payout.objects.get(pk=payout.pk)


def test_only_the_moves_of_the_table_are_made(stripe_standin: StripeStandin) -> None:
    payout = drafted(earning_creator(stripe_standin))
    made = 0
    for old, new in itertools.product(STATES, STATES):
        found = in_state(payout, old)
        transfer: dict[str, Any] = {"stripe_transfer_id": "tr_1" if new in Payout.TRANSFERRED else None}
        lines = PayoutStateChange.objects.count()
        if new in TRANSITIONS[old]:
            states.advance(payout=found, to=new, actor=OLIVE, now=PAY_DAY, **transfer)
            made += 1
            assert Payout.objects.get().state == new
        else:
            with pytest.raises(PayoutStateError):
                states.advance(payout=found, to=new, actor=OLIVE, now=PAY_DAY, **transfer)
            assert Payout.objects.get().state == old
        assert PayoutStateChange.objects.count() == lines + (new in TRANSITIONS[old])
    assert made == sum(map(len, TRANSITIONS.values()))


def test_every_state_is_in_the_table_and_only_the_dead_are_the_end() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert {state for state, moves in TRANSITIONS.items() if not moves} == set(Payout.DEAD)


def test_a_row_that_was_moved_meanwhile_is_not_moved_again(stripe_standin: StripeStandin) -> None:
    payout = drafted(earning_creator(stripe_standin))
    stale = Payout.objects.get(pk=payout.pk)
    states.advance(payout=payout, to="cancelled", actor=OLIVE, now=PAY_DAY)
    with pytest.raises(PayoutStateError):
        states.advance(payout=stale, to="approved", actor=OLIVE, now=PAY_DAY)
