"""Check and reserve: what a run may cost is held, once per key, on the wallet that may pay for it."""

import datetime as dt
from decimal import Decimal

import pytest

from billing.models import Execution
from billing.operations import executions
from billing.operations.settlement import SubscriptionRequiredError
from billing.runs import Allowed, Blocked, CustomerNotFoundError, ExecutionClosedError, Gate, Opening
from config.kit.errors import InvalidInputError, KeyReusedError
from marketplace import listings, publishing
from marketplace.queries import AgentNotFoundError
from tests.support import ledger, runs
from tests.support.runs import MONDAY, credits
from wallets.models import Hold

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_check_writes_nothing() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    found = executions.check(opening=runs.opening(agent, bob), now=MONDAY)
    assert isinstance(found, Allowed)
    assert (found.estimate, found.available, found.execution) == (credits(50), credits(1000), None)
    assert not Execution.objects.exists()


def test_it_holds_the_rated_usage() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    found = runs.reserve(agent, bob)
    assert (found.estimate, found.available) == (credits(50), credits(950))
    hold = Hold.objects.get(public_id=found.hold)
    assert (hold.amount, hold.source_id, hold.expires_at) == (
        credits(50),
        found.execution,
        MONDAY + dt.timedelta(seconds=900),
    )


def test_max_charge_decides_the_hold() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    found = runs.reserve(agent, bob, max_charge=credits(300))
    assert (found.estimate, found.available) == (credits(50), credits(700))


def test_without_anything_to_hold_it_is_refused() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    with pytest.raises(InvalidInputError):
        runs.reserve(agent, bob, usage=None)


def test_the_versions_default_hold_stands_in() -> None:
    manifest = runs.PER_REQUEST + "  default_hold: 120\n"
    agent, bob = runs.make_agent(manifest=manifest), runs.make_customer(credits=1000)
    assert runs.reserve(agent, bob, usage=None).available == credits(880)


def test_the_wallet_blocks_what_it_does_not_cover() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=40)
    for step in (executions.check, executions.reserve):
        found = step(opening=runs.opening(agent, bob), now=MONDAY)
        assert found == Blocked(Gate.WALLET, credits(50), credits(40))
    assert not Execution.objects.exists()


def test_the_same_key_gives_the_same_answer() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    first = runs.reserve(agent, bob, key="k", fingerprint=b"a")
    runs.reserve(agent, bob)
    again = runs.reserve(agent, bob, key="k", fingerprint=b"a", now=MONDAY + dt.timedelta(days=1))
    assert again.replayed
    assert (again.execution, again.hold, again.available) == (first.execution, first.hold, first.available)
    with pytest.raises(KeyReusedError):
        runs.reserve(agent, bob, key="k", fingerprint=b"b")


def test_a_replay_outlives_its_agent() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    first = runs.reserve(agent, bob, key="k", fingerprint=b"a")
    listings.unpublish(agent=agent, actor="test", now=MONDAY)
    assert runs.reserve(agent, bob, key="k", fingerprint=b"a").execution == first.execution
    with pytest.raises(AgentNotFoundError):
        runs.reserve(agent, bob, key="other", fingerprint=b"a")


def test_the_price_is_pinned_at_the_reserve() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    reserved = runs.reserve(agent, bob)
    dearer = runs.PER_REQUEST.replace("50", "70")
    publishing.publish(agent=agent, manifest=dearer, actor="test", now=MONDAY)
    assert runs.settle(reserved).charged == credits(50)
    assert runs.reserve(agent, bob, now=MONDAY + dt.timedelta(seconds=1)).estimate == credits(70)


def test_it_knows_a_caller_by_external_id_and_no_stranger() -> None:
    agent = runs.make_agent()
    runs.make_customer(credits=50, external_id="acme-7")
    opening = runs.opening(agent, runs.make_customer("carol"))
    found = executions.reserve(opening=_as(opening, caller="acme-7"), now=MONDAY)
    assert isinstance(found, Allowed)
    for step in (executions.check, executions.reserve):
        with pytest.raises(CustomerNotFoundError):
            step(opening=_as(opening, caller="nobody"), now=MONDAY)


def test_credits_of_a_creators_plan_pay_first_and_for_that_creator_only() -> None:
    alice, carl = runs.make_creator(), runs.make_creator("carl")
    hers, his = runs.make_agent(creator=alice), runs.make_agent("other", creator=carl)
    bob = runs.make_customer(credits=1000)
    scoped = runs.wallet_of(bob, scope=alice.public_id)
    ledger.promise(scoped, credits=60)
    runs.settle(runs.reserve(hers, bob))
    runs.settle(runs.reserve(his, bob))
    scoped.refresh_from_db()
    assert (scoped.balance, runs.wallet_of(bob).balance) == (credits(10), credits(950))


def test_a_subscribers_agent_asks_for_the_subscription() -> None:
    agent, bob = runs.make_agent(manifest=runs.SUBSCRIBED), runs.make_customer(credits=1000)
    for usage in (None, {"request": Decimal(1)}):
        found = executions.reserve(opening=runs.opening(agent, bob, usage=usage), now=MONDAY)
        assert isinstance(found, Blocked)
        assert (found.gate, found.required) == (Gate.SUBSCRIPTION, credits(1))


def test_a_subscriber_runs_on_the_version_subscribed_to() -> None:
    agent, bob = runs.make_agent(manifest=runs.SUBSCRIBED), runs.make_customer(credits=1000)
    runs.subscribe(bob, agent)
    later = MONDAY + dt.timedelta(hours=1)
    dearer = runs.SUBSCRIBED + "  rates:\n    - metric: request\n      amount: 70\n"
    publishing.publish(agent=agent, manifest=dearer, actor="test", now=later)
    reserved = runs.reserve(agent, bob, usage=None, now=later + dt.timedelta(hours=1))
    assert (reserved.estimate, reserved.available) == (credits(1), credits(999))
    assert runs.settle(reserved, now=later + dt.timedelta(hours=1)).charged == credits(1)
    assert runs.charge(agent, bob, "e1", now=later + dt.timedelta(hours=1)).charged == credits(1)
    lapsed = MONDAY + dt.timedelta(days=40)
    found = executions.reserve(opening=runs.opening(agent, bob), now=lapsed)
    assert isinstance(found, Blocked)
    with pytest.raises(SubscriptionRequiredError):
        runs.charge(agent, bob, "e2", now=lapsed)


def test_release_gives_the_hold_back_and_may_be_repeated() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    reserved = runs.reserve(agent, bob)
    for _ in range(2):
        executions.release(execution=reserved.execution or "", reason="cancelled", now=MONDAY)
    assert runs.wallet_of(bob).held == 0
    assert Execution.objects.get().released == credits(50)


def test_release_after_settle_is_refused() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    reserved = runs.reserve(agent, bob)
    runs.settle(reserved)
    with pytest.raises(ExecutionClosedError):
        executions.release(execution=reserved.execution or "", reason="", now=MONDAY)


def test_expiry_frees_the_hold() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    runs.reserve(agent, bob, ttl_seconds=60)
    assert executions.expire_due(now=MONDAY + dt.timedelta(seconds=59)) == 0
    assert executions.expire_due(now=MONDAY + dt.timedelta(seconds=60)) == 1
    assert (Execution.objects.get().state, runs.wallet_of(bob).held) == ("expired", 0)


def test_meter_counts_down_the_hold_and_ignores_older_readings() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    execution = runs.reserve(agent, bob, max_charge=credits(120)).execution or ""
    readings = [(1, 1), (2, 2), (1, 9), (3, 3)]
    found = [
        executions.meter(
            execution=execution, sequence=sequence, usage={"request": Decimal(requests)}, now=MONDAY
        )
        for sequence, requests in readings
    ]
    assert [(m.metered, m.remaining, m.stop) for m in found] == [
        (credits(50), credits(70), False),
        (credits(100), credits(20), False),
        (credits(100), credits(20), False),
        (credits(150), 0, True),
    ]


def _as(opening: Opening, *, caller: str) -> Opening:
    return Opening(agent=opening.agent, caller=caller, principal=opening.principal, usage=opening.usage)
