"""Large payouts are approved by two, and the database sees to it."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from payouts.models import Payout
from payouts.operations import approvals, runs, sending
from payouts.operations.approvals import SecondPersonError
from payouts.queries import why
from tests.support import races
from tests.support.creators import PAY_DAY, WEEK, change_account, earning_creator
from tests.support.processes import StripeStandin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books", "_above_two_dollars")]


@pytest.fixture
def _above_two_dollars(settings: object) -> None:
    settings.PAYOUT_SECOND_PERSON_CENTS = 200  # type: ignore[attr-defined]


def person(name: str) -> User:
    return User.objects.create_superuser(f"{name}@example.com", "correct horse battery")


def approve(payout: Payout, user: User | None) -> int:
    fresh = Payout.objects.get(pk=payout.pk)
    return approvals.approve(payouts=[fresh], actor=f"staff:{user}", now=PAY_DAY, user=user)


@pytest.fixture
def olive() -> User:
    return person("olive")


@pytest.fixture
def payout(stripe_standin: StripeStandin, olive: User) -> Payout:
    """Four dollars, in a run that Olive started."""
    alice = earning_creator(stripe_standin)
    runs.prepare(period=WEEK, actor="staff:olive", now=PAY_DAY, user=olive)
    return Payout.objects.get(creator=alice)


def test_the_second_is_neither_the_first_nor_who_started_the_run(payout: Payout, olive: User) -> None:
    peter, quinn = person("peter"), person("quinn")
    assert approve(payout, peter) == 0
    codes = [reason.code for reason in why.not_paid(creator=payout.creator, now=PAY_DAY).reasons]
    assert codes == ["waiting_for_second_person"]
    for same in (peter, olive, None):
        with pytest.raises(SecondPersonError):
            approve(payout, same)
    assert sending.send_approved(now=PAY_DAY) == 0
    assert approve(payout, quinn) == 1
    assert sending.send_approved(now=PAY_DAY) == 1


def test_no_job_approves_a_large_one(payout: Payout, settings: object) -> None:
    settings.PAYOUT_AUTO_APPROVE_CENTS = 1_000  # type: ignore[attr-defined]
    assert approvals.approve_small(run=payout.run, now=PAY_DAY) == 0
    assert Payout.objects.get().state == "draft"


def test_the_database_refuses_one_person_and_the_same_twice(payout: Payout, olive: User) -> None:
    peter = person("peter")
    row = Payout.objects.filter(pk=payout.pk)
    for columns in (
        {"state": "approved"},
        {"state": "approved", "requested_by": peter},
        {"state": "approved", "requested_by": peter, "decided_by": peter},
        {"state": "approved", "requested_by": peter, "decided_by": olive},
        {"state": "approved", "decided_by": peter},
    ):
        with pytest.raises(IntegrityError, match=r"payouts_payout_(second|large)"), transaction.atomic():
            row.update(**columns)


def test_a_failed_one_is_approved_by_two_again(payout: Payout, stripe_standin: StripeStandin) -> None:
    peter, quinn = person("peter"), person("quinn")
    approve(payout, peter)
    approve(payout, quinn)
    change_account(payout.account, stripe_standin, state="restricted")
    assert sending.send_approved(now=PAY_DAY) == 0
    change_account(payout.account, stripe_standin, state="enabled")
    assert Payout.objects.get().state == "failed"
    assert approve(payout, quinn) == 0
    with pytest.raises(SecondPersonError):
        approve(payout, quinn)
    assert approve(payout, peter) == 1


def test_the_admin_tells_the_first_that_a_second_is_needed(payout: Payout, client: Client) -> None:
    url = reverse("admin:payouts_payout_changelist") + f"{payout.pk}/approve/"
    for name, told in (
        ("peter", "needs a second person"),
        ("peter", "somebody who neither"),
        ("quinn", "1 approved"),
    ):
        user = User.objects.filter(email=f"{name}@example.com").first() or person(name)
        client.force_login(user)
        assert told in client.post(url, follow=True).content.decode()
    assert Payout.objects.get().state == "approved"


@pytest.mark.django_db(transaction=True)
def test_first_approvals_at_once_leave_one_first_and_one_second(payout: Payout) -> None:
    people = [person("peter"), person("quinn")]
    answers = races.race(2, lambda number: approve(payout, people[number]))
    assert sorted(answers, key=str) == [0, 1]
    row = Payout.objects.get()
    assert {row.requested_by, row.decided_by} == set(people)
