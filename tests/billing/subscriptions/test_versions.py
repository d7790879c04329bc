"""What a plan's versions and rollover mean to those who subscribe: theirs stays, and so much outlives its month."""

from decimal import Decimal
from pathlib import Path

import pytest

from marketplace.models import Agent
from tests.support import runs
from tests.support.catalogue import change, copied, publish
from tests.support.checkout import NOW
from tests.support.market import A_DAY
from tests.support.people import open_customer
from tests.support.plans import attach, current, renew
from wallets import quotas
from wallets.money import cents_to_credits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

MICRO = 1_000_000


def test_a_new_version_leaves_subscribers_theirs(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    publish(folder=folder, now=NOW)
    kept = attach(open_customer("bob"), "credits-free")

    change(folder / "plans/credits-free.yaml", "credits_usd: 5", "credits_usd: 2")
    publish(folder=folder, now=NOW + A_DAY)
    new = attach(open_customer("charlie"), "credits-free", now=NOW + A_DAY)
    renew(now=current(new).ends_at)

    granted = [current(subscription).credits for subscription in (kept, new)]
    assert granted == [cents_to_credits(500), cents_to_credits(200)]
    assert [current(subscription).number for subscription in (kept, new)] == [1, 1]


@pytest.mark.parametrize(("used", "left"), [(0, 140), (50, 140), (70, 130), (100, 100)])
def test_what_is_left_of_a_quota_rolls_over_up_to_its_cap(tmp_path: Path, used: int, left: int) -> None:
    folder = copied(tmp_path)
    change(folder / "plans/free.yaml", "hard: true", "hard: true, rollover: 40")
    publish(folder=folder, now=NOW)
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    subscription = attach(bob, "free")
    if used:
        runs.charge(agent, bob, "the-month", usage={"execution": Decimal(used)})

    april = current(subscription).ends_at
    renew(now=april)

    assert quotas.left(customer_id=bob.pk, unit="EXECUTION", now=april).available == left * MICRO


def test_it_rolls_over_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "plans/free.yaml", "hard: true", "hard: true, rollover: 40")
    publish(folder=folder, now=NOW)
    bob = runs.make_customer()
    subscription = attach(bob, "free")

    end = NOW
    for _ in range(3):
        end = current(subscription).ends_at
        renew(now=end)

    assert quotas.left(customer_id=bob.pk, unit="EXECUTION", now=end).available == 140 * MICRO
