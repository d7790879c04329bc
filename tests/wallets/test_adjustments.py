"""Adjustments by two: asked for by one, decided by another, undone once; the database refuses all else."""

import datetime as dt
from typing import Any

import pytest
from django.db import Error, transaction

from accounts.models import AuditEntry, Membership
from config.kit.errors import ConflictError
from tests.support.ledger import CREDIT, MONDAY, buy, open_consumer_wallet
from tests.support.people import sign_up
from tests.support.races import race
from tests.support.staff import staff
from wallets import adjustments, holds, queries
from wallets.adjustments import AlreadyDecidedError, OwnWalletError, SamePersonError
from wallets.calls import InsufficientCreditsError
from wallets.ledger import Source
from wallets.models import Adjustment, Entry, Transaction, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LARGE = 20_000
REQUESTED, APPLIED, DECLINED = Adjustment.State.REQUESTED, Adjustment.State.APPLIED, Adjustment.State.DECLINED


@pytest.fixture
def wallet() -> Wallet:
    """Bob's wallet with 10,000 credits."""
    wallet = open_consumer_wallet(owner_id=sign_up("bob")[1].pk)
    buy(wallet)
    return wallet


def ask(wallet: Wallet, credits: int, *, name: str = "olive", **changes: Any) -> Adjustment:
    told = {"reason": "goodwill", "reference": f"adj_{name}{credits}", "now": MONDAY, **changes}
    return adjustments.request(wallet=wallet, amount=credits * CREDIT, by=staff(name), **told)


def approve(adjustment: Adjustment, name: str = "paul") -> Adjustment:
    return adjustments.approve(adjustment=adjustment, by=staff(name), now=MONDAY)


def reverse(adjustment: Adjustment, name: str = "paul") -> Adjustment:
    return adjustments.reverse(adjustment=adjustment, by=staff(name), now=MONDAY)


def available(wallet: Wallet) -> int:
    return queries.balance(wallet=wallet, now=MONDAY).available // CREDIT


def audited() -> list[tuple[str, str, str | None]]:
    return list(AuditEntry.objects.order_by("id").values_list("act", "actor", "address"))


def test_a_small_one_is_applied_at_once_and_audited(wallet: Wallet) -> None:
    made = ask(wallet, -500)
    again = ask(wallet, -500)

    assert (made.state, again.pk, available(wallet)) == (APPLIED, made.pk, 9_500)
    transaction = Transaction.objects.get(kind="adjustment")
    assert (transaction.pk, transaction.actor) == (made.transaction_id, "staff:olive@example.com")
    assert audited() == [("adjustment.request", "staff:olive@example.com", "10.1.2.3")]
    entry = AuditEntry.objects.get()
    assert (entry.object_id, "goodwill" in entry.reason) == (wallet.public_id, True)


@pytest.mark.parametrize("credits", [LARGE, -10_000])
def test_a_large_one_waits_for_another_person(wallet: Wallet, credits: int, settings: Any) -> None:
    settings.ADJUSTMENT_ALONE_CREDITS = 5_000
    asked = ask(wallet, credits)
    assert (asked.state, available(wallet)) == (REQUESTED, 10_000)

    with pytest.raises(SamePersonError):
        approve(asked, "olive")
    done = approve(asked)

    assert (done.state, done.decided_by, available(wallet)) == (APPLIED, staff("paul").user, 10_000 + credits)
    assert audited()[-1] == ("adjustment.approve", "staff:paul@example.com", "10.1.2.4")
    for decide in (approve, decline):
        with pytest.raises(AlreadyDecidedError):
            decide(asked)


def decline(adjustment: Adjustment, name: str = "paul") -> Adjustment:
    return adjustments.decline(adjustment=adjustment, reason="no ticket", by=staff(name), now=MONDAY)


def test_what_is_declined_moves_nothing(wallet: Wallet) -> None:
    asked = ask(wallet, LARGE)
    with pytest.raises(SamePersonError):
        decline(asked, "olive")

    done = decline(asked)

    assert (done.state, done.decision, available(wallet)) == (DECLINED, "no ticket", 10_000)
    assert not Transaction.objects.filter(kind="adjustment").exists()
    with pytest.raises(AlreadyDecidedError):
        approve(asked)


def test_many_small_ones_are_not_a_large_ones_way_round(wallet: Wallet) -> None:
    states = [ask(wallet, credits).state for credits in (6_000, -3_000, 1_000, 1)]
    other = ask(wallet, 2, name="paul")
    tomorrow = ask(wallet, 3, now=MONDAY + dt.timedelta(days=1, seconds=1))

    assert states == [APPLIED, APPLIED, APPLIED, REQUESTED]
    assert (other.state, tomorrow.state) == (APPLIED, APPLIED)


def test_nobody_adjusts_a_wallet_of_its_own(wallet: Wallet) -> None:
    asked = ask(wallet, LARGE)
    for name in ("olive", "paul"):
        Membership.objects.create(user=staff(name).user, customer_id=wallet.owner_id, created_at=MONDAY)

    with pytest.raises(OwnWalletError):
        ask(wallet, 5)
    with pytest.raises(OwnWalletError):
        approve(asked)
    # Past the operation too: the database looks at who shares the wallet.
    with pytest.raises(Error, match="of its own"), transaction.atomic():
        Adjustment.objects.filter(pk=asked.pk).update(
            state=DECLINED, decided_by=staff("paul").user, decided_at=MONDAY
        )
    asked.refresh_from_db()
    assert asked.state == REQUESTED


def test_the_database_refuses_what_two_did_not_decide(wallet: Wallet) -> None:
    asked = ask(wallet, LARGE)
    row = Adjustment.objects.filter(pk=asked.pk)
    moved = Transaction.objects.earliest("id").pk
    tampers: list[dict[str, Any]] = [
        {"state": APPLIED, "transaction": moved, "decided_at": MONDAY},  # alone, above the limit
        {"state": APPLIED, "transaction": moved, "decided_at": MONDAY, "decided_by": asked.requested_by},
        {"state": APPLIED, "decided_at": MONDAY, "decided_by": staff("paul").user},  # nothing moved
        {"state": DECLINED, "decided_at": MONDAY},  # by nobody
        {"amount": 1},
        {"alone_limit": LARGE * CREDIT},
        {"requested_by": staff("paul").user},
    ]
    for tamper in tampers:
        with pytest.raises(Error), transaction.atomic():
            row.update(**tamper)
    approve(asked)
    for tamper in ({"state": DECLINED}, {"decided_by": staff("quinn").user}, {"decision": "x"}):
        with pytest.raises(Error, match="decided once"), transaction.atomic():
            row.update(**tamper)
    with pytest.raises(Error, match="never deleted"), transaction.atomic():
        row.delete()


def test_it_refuses_what_the_wallet_no_longer_covers(wallet: Wallet, settings: Any) -> None:
    settings.ADJUSTMENT_ALONE_CREDITS = 0
    with pytest.raises(InsufficientCreditsError):
        ask(wallet, -10_001)
    asked = ask(wallet, -8_000)
    source = Source("execution", "exe_1")
    later = MONDAY + dt.timedelta(hours=1)
    held = holds.place(
        wallet_ids=[wallet.pk], amount=3_000 * CREDIT, source=source, expires_at=later, now=MONDAY
    )

    with pytest.raises(InsufficientCreditsError):
        approve(asked)

    asked.refresh_from_db()
    assert (asked.state, available(wallet)) == (REQUESTED, 7_000)
    assert len(audited()) == 1  # what was not done is not audited
    holds.release(hold_id=held.hold_id, now=MONDAY)
    assert approve(asked).state == APPLIED


def test_it_is_reversed_once_of_what_is_available(wallet: Wallet) -> None:
    first = approve(ask(wallet, LARGE))
    ask(wallet, -5_000, name="quinn")
    ask(wallet, -10_000, name="rita")  # 15,000 of the 30,000 are left

    undo = reverse(first)

    assert (undo.amount, undo.reverses, undo.state) == (-15_000 * CREDIT, first, APPLIED)
    assert available(wallet) == 0
    assert audited()[-1][0] == "adjustment.reverse"
    for again in (first, undo):
        with pytest.raises(ConflictError):
            reverse(again)
    back = reverse(Adjustment.objects.get(amount=-5_000 * CREDIT))
    assert (back.amount, available(wallet)) == (5_000 * CREDIT, 5_000)


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_at_once_have_one_effect(wallet: Wallet, no_deadlocks: None) -> None:
    asked = ask(wallet, LARGE)
    people = [staff(name).user.email.split("@")[0] for name in ("paul", "quinn", "rita", "sven")]
    acts = [approve, decline, approve, decline]

    outcomes = race(4, lambda n: acts[n](asked, people[n]))

    done = [outcome for outcome in outcomes if isinstance(outcome, Adjustment)]
    assert len(done) == 1
    assert sum(isinstance(outcome, AlreadyDecidedError) for outcome in outcomes) == 3
    moved = LARGE if done[0].state == APPLIED else 0
    assert available(wallet) == 10_000 + moved
    first = approve(ask(wallet, LARGE + 1))
    outcomes = race(4, lambda n: reverse(first, people[n]))
    assert sum(isinstance(outcome, Adjustment) for outcome in outcomes) == 1
    assert Entry.objects.filter(wallet=wallet, transaction__kind="adjustment").count() == (moved > 0) + 2


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_share_one_limit(wallet: Wallet, no_deadlocks: None) -> None:
    staff()

    made = race(4, lambda n: ask(wallet, 4_000 + n))

    assert sorted(each.state for each in made if isinstance(each, Adjustment)) == [
        APPLIED,
        APPLIED,
        REQUESTED,
        REQUESTED,
    ]
