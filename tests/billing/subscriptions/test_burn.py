"""Running a subscribed agent: its credits are burned, and earn what the plan's fee stands behind."""

import pytest

from billing.models import Execution
from billing.operations import posting
from tests.support import runs
from tests.support.checkout import NOW
from tests.support.market import for_sale, open_creator
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from tests.support.subscribing import TIERS, subscribe
from wallets import chart, queries
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000


@pytest.mark.parametrize(
    ("tier", "creator_of_one"),
    # At or above the face a credit earns in full; $80 for $100 of credits is 80 % of it, of which 80 % are hers.
    [("starter", 800_000), ("pro", 800_000), ("bulk", 640_000)],
)
def test_a_credit_of_the_plan_earns_what_was_paid_for_it(
    stripe_standin: StripeStandin, tier: str, creator_of_one: int
) -> None:
    alice, bob = open_creator(), open_customer()
    agent = for_sale("subscribed", TIERS, creator=alice)
    subscribe(bob, agent, stripe_standin, tier=tier)
    posting.post_splits(now=NOW)
    wallet = Wallet.objects.get(owner_type="consumer", owner_id=bob.pk, scope=alice.public_id)
    before = queries.balance(wallet=wallet, now=NOW).available

    runs.settle(runs.reserve(agent, bob, now=NOW), now=NOW)

    run = Execution.objects.get(source="router")
    assert before - queries.balance(wallet=wallet, now=NOW).available == CREDIT
    assert run.charged == CREDIT
    assert run.earnings.get().amount == creator_of_one
    assert run.cells == [["plan", None, CREDIT - creator_of_one], ["plan", alice.pk, creator_of_one]]
    posting.post_splits(now=NOW)
    assert queries.platform_balance(chart.CLEARING) == 0
