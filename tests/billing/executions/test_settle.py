"""Settle: the exact cost is charged, the rest released, the split fixed."""

import datetime as dt
from decimal import Decimal

import pytest

from billing.models import Earning, Execution, UsageEvent
from billing.operations import executions, posting
from billing.runs import ExecutionClosedError, ExecutionNotFoundError
from config.kit.errors import KeyReusedError
from tests.support import ledger, runs
from tests.support.runs import FAILED, MONDAY, credits
from wallets.calls import InsufficientCreditsError
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_it_charges_the_cost_and_releases_the_rest() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    settled = runs.settle(runs.reserve(agent, bob, max_charge=credits(300)), requests=2)
    assert (settled.state, settled.charged, settled.released) == ("settled", credits(100), credits(200))
    assert (settled.creator, settled.platform) == (credits(80), credits(20))
    assert settled.available == credits(900)
    wallet = runs.wallet_of(bob)
    assert (wallet.balance, wallet.held) == (credits(900), 0)


def test_it_posts_the_split_to_the_creator_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    for _ in range(3):
        runs.settle(runs.reserve(agent, bob))
    assert posting.post_splits(now=MONDAY) == 3
    assert posting.post_splits(now=MONDAY) == 0
    pending = Wallet.objects.get(owner_type="creator", kind="pending")
    assert pending.balance == credits(120)
    assert Earning.objects.count() == 3


def test_it_settles_the_same_report_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob)
    first = runs.settle(reserved, event_id="e1")
    again = runs.settle(reserved, event_id="e1", now=MONDAY + dt.timedelta(days=40))
    assert again.replayed
    assert (again.charged, again.available, again.lines) == (first.charged, first.available, first.lines)
    assert runs.wallet_of(bob).balance == credits(950)


def test_it_settles_once_without_any_key() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob)
    runs.settle(reserved)
    assert runs.settle(reserved).replayed
    with pytest.raises(ExecutionClosedError):
        runs.settle(reserved, requests=2)


def test_it_refuses_another_report_under_the_same_event_id() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob)
    runs.settle(reserved, event_id="e1")
    with pytest.raises(KeyReusedError):
        runs.settle(reserved, event_id="e1", requests=2)
    with pytest.raises(KeyReusedError):
        runs.settle(runs.reserve(agent, bob), event_id="e1")


def test_it_knows_no_foreign_execution() -> None:
    runs.make_agent()
    with pytest.raises(ExecutionNotFoundError):
        runs.charge_execution("exe_00000000000000000000000000")


def test_above_the_hold_it_takes_all_when_available_covers_it() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    settled = runs.settle(runs.reserve(agent, bob), requests=3)
    assert (settled.charged, settled.unbilled, settled.released) == (credits(150), 0, 0)


def test_above_the_hold_it_takes_the_hold_alone_when_available_falls_short() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=100)
    settled = runs.settle(runs.reserve(agent, bob), requests=3)
    assert (settled.state, settled.charged, settled.unbilled) == ("settled", credits(50), credits(100))
    assert runs.wallet_of(bob).balance == credits(50)


def test_it_never_charges_above_max_charge() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    settled = runs.settle(runs.reserve(agent, bob, max_charge=credits(60)), requests=3)
    assert (settled.charged, settled.unbilled) == (credits(60), credits(90))


def test_a_failed_run_costs_nothing_where_success_is_charged() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    settled = runs.settle(runs.reserve(agent, bob), outcome=FAILED)
    assert (settled.state, settled.charged, settled.released) == ("released", 0, credits(50))
    assert (runs.wallet_of(bob).balance, runs.wallet_of(bob).held) == (credits(1000), 0)


def test_a_failed_run_is_charged_where_the_start_is() -> None:
    agent, bob = runs.make_agent(outcome_policy="start"), runs.make_customer(credits=1000)
    assert runs.settle(runs.reserve(agent, bob), outcome=FAILED).charged == credits(50)


def test_after_expiry_it_charges_what_is_still_there() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob, ttl_seconds=60)
    late = MONDAY + dt.timedelta(minutes=2)
    assert executions.expire_due(now=late) == 1
    settled = runs.settle(reserved, now=late)
    assert (settled.state, settled.charged, settled.unbilled) == ("settled", credits(50), 0)


def test_after_expiry_it_charges_no_more_than_the_hold_had_been() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob, ttl_seconds=60)
    late = MONDAY + dt.timedelta(minutes=2)
    executions.expire_due(now=late)
    settled = runs.settle(reserved, requests=3, now=late)
    assert (settled.charged, settled.unbilled) == (credits(50), credits(100))


def test_after_expiry_without_funds_it_is_unbilled_and_never_an_error() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    reserved = runs.reserve(agent, bob, ttl_seconds=60)
    late = MONDAY + dt.timedelta(minutes=2)
    executions.expire_due(now=late)
    runs.settle(runs.reserve(agent, bob, now=late), now=late)
    settled = runs.settle(reserved, now=late)
    assert (settled.state, settled.charged, settled.unbilled) == ("unbilled", 0, credits(50))
    assert runs.settle(reserved, now=late).replayed


def test_after_a_release_it_is_refused() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob)
    executions.release(execution=reserved.execution or "", reason="cancelled", now=MONDAY)
    with pytest.raises(ExecutionClosedError):
        runs.settle(reserved)
    assert runs.wallet_of(bob).held == 0


def test_a_free_run_moves_nothing() -> None:
    agent, bob = runs.make_agent(manifest=runs.FREE), runs.make_customer()
    reserved = runs.reserve(agent, bob)
    assert reserved.hold is None
    settled = runs.settle(reserved)
    assert (settled.state, settled.charged) == ("settled", 0)
    assert posting.post_splits(now=MONDAY) == 0


def test_a_run_without_a_reserve_is_charged_at_once() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=100)
    assert runs.charge(agent, bob, "e1").charged == credits(50)
    assert runs.charge(agent, bob, "e1").replayed
    assert runs.charge(agent, bob, "e2").available == 0
    with pytest.raises(InsufficientCreditsError) as refused:
        runs.charge(agent, bob, "e3")
    assert refused.value.extra["blocking_gate"] == "wallet"
    assert refused.value.extra["shortfall"]["credits"] == "50"
    assert Execution.objects.count() == 2


def test_a_creators_run_of_its_own_agent_earns_the_platform() -> None:
    alice = runs.make_creator()
    agent = runs.make_agent(creator=alice)
    ledger.buy(runs.wallet_of(alice.customer), cents=1000)
    settled = runs.settle(runs.reserve(agent, alice.customer))
    assert (settled.charged, settled.creator, settled.platform) == (credits(50), 0, credits(50))
    assert Execution.objects.get().self_dealing
    assert posting.post_splits(now=MONDAY) == 1
    assert not Wallet.objects.filter(owner_type="creator").exists()


def test_a_bonus_credit_earns_half_and_a_promo_credit_at_the_platforms_expense() -> None:
    agent, bob = runs.make_agent(), runs.make_customer()
    wallet = runs.wallet_of(bob)
    ledger.promise(wallet, credits=20)
    ledger.buy(wallet, cents=100, bonus_credits=10, payment="pi_bonus")
    settled = runs.settle(runs.reserve(agent, bob))
    assert settled.creator == credits(16) + credits(4) + credits(16)
    assert Execution.objects.get().zero_cash_earned == credits(16)
    posting.post_splits(now=MONDAY)


def test_usage_events_sum_to_the_charge() -> None:
    agent, bob = runs.make_agent(manifest=runs.PER_TOKEN), runs.make_customer(credits=10)
    usage = {"input_tokens": Decimal(1001), "output_tokens": Decimal(7), "seconds": Decimal("1.5")}
    settled = runs.settle(runs.reserve(agent, bob, usage=usage), usage=usage, model="haiku")
    assert settled.charged == 1_022_000
    events = {event.metric: event for event in UsageEvent.objects.all()}
    assert sum(event.charged for event in events.values()) == settled.charged
    assert (events["input_tokens"].charged, events["seconds"].quantity) == (1_001_000, Decimal("1.5"))
    assert events["seconds"].model == "haiku"
