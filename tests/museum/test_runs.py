"""Runs: holds, charges and their keys, and what others lost or charged twice between reserve and settle."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import Error, transaction
from django.test import Client

from billing.models import Earning, Execution, UsageEvent
from billing.operations import executions, page_runs, partitions, settlement
from billing.runs import Allowed, Blocked, Report, Settled
from config.devservices import valkey
from config.kit.errors import KeyReusedError
from tests.museum.exhibits import incident
from tests.support import ledger, people, runs
from tests.support.callers import Caller
from tests.support.races import race
from tests.support.runs import MONDAY, credits
from wallets import grants, holds, queries
from wallets.calls import InsufficientCreditsError
from wallets.ledger import Source
from wallets.models import CreditGrant, GrantDrawdown, Hold, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MINUTE = dt.timedelta(minutes=1)


def left() -> list[int]:
    """List what is left of each grant, in whole credits, oldest first."""
    return [
        remaining // credits(1)
        for remaining in CreditGrant.objects.order_by("id").values_list("remaining", flat=True)
    ]


def forget_caches() -> None:
    """Empty every cache there is, Valkey's too."""
    cache.clear()
    valkey.flush(settings.VALKEY_PORT)


@incident("https://github.com/elizaOS/eliza/issues/22681")
def test_a_negative_charge_mints_nothing() -> None:
    """A price of -1 made settlement refund more than it had held: 31,348.80 credits came from nowhere."""
    wallet = ledger.open_consumer_wallet()
    ledger.promise(wallet, credits=100)

    with contextlib.suppress(Error), transaction.atomic():
        holds.capture(
            wallet_id=wallet.pk,
            amount=-credits(1_618),
            hold_id=None,
            source=Source("execution", "negative"),
            actor="test",
            now=MONDAY,
        )

    assert queries.balance(wallet=wallet, now=MONDAY).available == credits(100)


@incident("https://github.com/elizaOS/eliza/issues/10857")
@pytest.mark.django_db(transaction=True)
def test_reservations_at_once_never_pass_what_is_there() -> None:
    """Requests at once all read a balance of $1 and nothing was held: N runs were served for the price of one."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=200)

    found = race(12, lambda _: executions.reserve(opening=runs.opening(agent, bob), now=MONDAY))

    assert Counter(type(each) for each in found) == {Allowed: 4, Blocked: 8}
    assert runs.wallet_of(bob).held == credits(200)


@incident("https://github.com/BerriAI/litellm/issues/34732")
@pytest.mark.django_db(transaction=True)
def test_charges_at_once_check_and_record_in_one_step() -> None:
    """The budget was checked before, and the spend recorded after: whoever came between passed too."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=200)

    found = race(12, lambda number: runs.charge(agent, bob, f"e{number}"))

    assert Counter(type(each) for each in found) == {Settled: 4, InsufficientCreditsError: 8}
    assert runs.wallet_of(bob).balance == 0


@incident("https://github.com/BerriAI/litellm/issues/40095")
@pytest.mark.django_db(transaction=True)
def test_the_first_calls_of_a_new_customer_at_once_are_all_refused() -> None:
    """Eight first calls at once of somebody new found no budget row yet, and all went through."""
    agent, bob = runs.make_agent(), people.open_customer("bob")

    found = race(8, lambda _: executions.reserve(opening=runs.opening(agent, bob), now=MONDAY))

    assert Counter(type(each) for each in found) == {Blocked: 8}
    assert Wallet.objects.filter(owner_type="consumer", owner_id=bob.pk).count() == 1


@incident("https://github.com/elizaOS/eliza/pull/10572")
def test_a_hold_that_is_released_twice_gives_back_once() -> None:
    """Settle threw before its release and leaked the hold; the first mend then refunded it twice."""
    wallet = ledger.open_consumer_wallet()
    ledger.promise(wallet, credits=100)
    first, second = (
        holds.place(
            wallet_ids=[wallet.pk],
            amount=credits(40),
            source=Source("execution", run),
            expires_at=MONDAY + MINUTE,
            now=MONDAY,
        ).hold_id
        for run in ("one", "two")
    )

    released = [holds.release(hold_id=first, now=MONDAY) for _ in range(2)]

    assert released == [True, False]
    assert queries.balance(wallet=wallet, now=MONDAY).available == credits(60)
    assert holds.release(hold_id=second, now=MONDAY)


@incident("https://github.com/elizaOS/eliza/issues/11169")
@pytest.mark.django_db(transaction=True)
def test_a_sweep_racing_a_late_settle_leaves_one_end() -> None:
    """The sweeper gave a hold back while its run was being settled: refunded and charged, or refunded twice."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    reserved = [runs.reserve(agent, bob, ttl_seconds=60) for _ in range(4)]
    late = MONDAY + 2 * MINUTE
    steps: list[Callable[[int], object]] = [
        lambda number: runs.settle(reserved[number % 4], now=late),
        lambda _: executions.expire_due(now=late),
    ]

    race(12, lambda number: steps[number % 3 == 0](number))

    assert runs.wallet_of(bob).held == 0
    assert runs.wallet_of(bob).balance == credits(800)
    assert Execution.objects.filter(state="settled", charged=credits(50)).count() == 4


@incident("https://github.com/Lore-Hex/quill-router/pull/919")
def test_a_settle_after_expiry_is_never_an_error(client: Client) -> None:
    """A report that came after its hold's expiry was answered 500, and the usage was lost."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)
    reserved = runs.reserve(agent, bob, ttl_seconds=60)
    executions.expire_due(now=MONDAY + 2 * MINUTE)
    runs.charge(agent, bob, "what was left")
    router = Caller(client, people.router_key(), "/internal/usage/log")

    answer = router.post({"execution": reserved.execution, "usage": {"request": 1}, "outcome": "success"})

    assert (answer.status_code, answer.json()["status"]) == (201, "unbilled")
    assert answer.json()["unbilled"]["credits"] == "50"


@incident("https://github.com/HamedMP/matrix-os/pull/1780")
def test_a_late_settle_takes_what_is_still_there() -> None:
    """A hold's expiry freed the credits of work that was still running; the work then went unpaid."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=70)
    slow = runs.reserve(agent, bob, ttl_seconds=60)
    late = MONDAY + 2 * MINUTE
    executions.expire_due(now=late)
    runs.charge(agent, bob, "quick", now=late)

    settled = runs.settle(slow, now=late)

    assert (settled.charged, settled.unbilled) == (credits(20), credits(30))
    assert runs.wallet_of(bob).balance == 0


@incident("https://github.com/formancehq/wallets/pull/109")
def test_a_reserve_sent_again_gives_the_same_hold() -> None:
    """Each try of a request made a hold id of its own, so that a retry was refused or held twice."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=50)

    found = [runs.reserve(agent, bob, key="k", fingerprint=b"same") for _ in range(3)]

    assert len({(each.execution, each.hold, each.available) for each in found}) == 1
    assert [each.replayed for each in found] == [False, True, True]
    assert Hold.objects.count() == 1


@incident("https://github.com/XortexAI/XMem/pull/212")
def test_a_charge_that_is_refused_takes_nothing_from_any_grant() -> None:
    """A charge consumed the lots, then failed on the wallet; its retry consumed them again."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=60)
    ledger.promise(runs.wallet_of(bob), credits=40)

    with pytest.raises(InsufficientCreditsError):
        runs.charge(agent, bob, "e1", usage={"request": Decimal(3)})
    assert left() == [60, 40]
    runs.charge(agent, bob, "e1", usage={"request": Decimal(2)})

    assert left() == [0, 0]
    assert sum(GrantDrawdown.objects.values_list("amount", flat=True)) == credits(100)


@incident("https://github.com/openmeterio/openmeter/pull/4902")
def test_an_event_counts_as_seen_only_when_it_is_stored() -> None:
    """The cache said `seen` of events that the store had never kept: 77 seconds of paid usage were lost."""
    agent, bob = runs.make_agent(), runs.make_customer()
    with pytest.raises(InsufficientCreditsError):
        runs.charge(agent, bob, "e1")
    ledger.buy(runs.wallet_of(bob), cents=100)

    first = runs.charge(agent, bob, "e1")
    forget_caches()
    again = runs.charge(agent, bob, "e1")

    assert (first.replayed, again.replayed) == (False, True)
    assert runs.wallet_of(bob).balance == credits(950)


@incident(
    "https://github.com/openmeterio/openmeter/blob/3e2d059662be69237f70a93122da91f1c0fa2375/app/config/dedupe.go"
)
def test_an_event_sent_again_a_year_later_is_known() -> None:
    """Deduplication is off by default there, and where it is on it forgets an event after its expiration."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    runs.charge(agent, bob, "e1")
    next_year = MONDAY + dt.timedelta(days=400)
    partitions.make_ahead(now=next_year)

    again = runs.charge(agent, bob, "e1", now=next_year)

    assert again.replayed
    assert runs.wallet_of(bob).balance == credits(950)


@incident("https://github.com/getlago/lago-api/pull/5359")
def test_an_event_counts_once_whichever_month_it_names() -> None:
    """Deduplication by bucket counted one event in each bucket that its copies fell into."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    last_month = MONDAY - dt.timedelta(days=5)

    runs.charge(agent, bob, "e1", occurred_at=last_month)
    with pytest.raises(KeyReusedError):
        runs.charge(agent, bob, "e1", occurred_at=MONDAY)

    assert UsageEvent.objects.count() == 1
    assert runs.wallet_of(bob).balance == credits(950)


@incident("https://github.com/flexprice/flexprice/pull/1400")
def test_two_runs_in_the_same_instant_are_two_runs() -> None:
    """A key was made from the minute: the second of two changes in one minute was taken for the first."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)

    both = [runs.charge(agent, bob, event_id, now=MONDAY) for event_id in ("e1", "e2")]
    reserved = [runs.reserve(agent, bob, now=MONDAY).execution for _ in range(2)]

    assert [each.replayed for each in both] == [False, False]
    assert len(set(reserved)) == 2
    assert runs.wallet_of(bob).balance == credits(900)


@incident("https://github.com/useautumn/autumn/pull/3230")
def test_a_wiped_cache_loses_no_charge(client: Client) -> None:
    """Balances lived in the cache and reached the database later: a wiped cache lost 650 burned credits."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    reserved = runs.reserve(agent, bob)
    forget_caches()
    runs.settle(reserved)
    forget_caches()

    answer = client.get("/v1/wallet/balance", headers=people.bearer(people.customer_key(bob)))

    assert answer.json()["available"]["credits"] == "950"


@incident("https://github.com/elizaOS/eliza/issues/11310")
def test_every_way_to_charge_pays_the_creator_alike(client: Client) -> None:
    """One endpoint knew the creator's markup and another did not: runs through it earned nothing."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=1_000)
    usage = {"request": Decimal(1)}
    router = Caller(client, people.router_key(), "/internal/usage/log")
    runs.settle(runs.reserve(agent, bob))
    runs.charge(agent, bob, "direct")
    batch = Report(runs.ROUTER, usage, agent=agent.slug, caller=bob.public_id, event_id="batch")
    settlement.settle_many(reports=[batch], now=MONDAY)
    page = page_runs.start(customer=bob, agent=agent.slug, usage=usage, key="page", now=MONDAY)
    assert isinstance(page, Allowed)
    page_runs.finish(execution=page.execution or "", now=MONDAY)
    event = {"agent": agent.slug, "caller": bob.public_id, "usage": {"request": 1}, "outcome": "success"}
    assert router.post({**event, "event_id": "http"}).status_code == 201
    assert router.post({"events": [{**event, "event_id": "http batch"}]}).status_code == 200

    assert list(Earning.objects.values_list("amount", flat=True)) == [credits(40)] * 6


@incident("https://github.com/managoat/fountain/issues/1126")
def test_expiry_takes_from_its_own_grant_only() -> None:
    """Credits burned between reading a lot and expiring it: the expiry took the rest from purchased money."""
    agent, bob = runs.make_agent(), runs.make_customer(credits=100)
    tomorrow = MONDAY + dt.timedelta(days=1)
    ledger.promise(runs.wallet_of(bob), credits=100, expires_at=tomorrow)
    runs.charge(agent, bob, "e1")

    expired = [grants.expire_due(wallet_id=runs.wallet_of(bob).pk, now=tomorrow) for _ in range(2)]

    assert expired == [credits(50), 0]
    assert left() == [100, 0]
    with pytest.raises(InsufficientCreditsError):
        runs.charge(agent, bob, "e2", usage={"request": Decimal(3)}, now=tomorrow)
