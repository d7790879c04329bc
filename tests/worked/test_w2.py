"""W2: 50 credits a request: consumer -50, creator +40, platform +10."""

import pytest

from billing.operations import posting
from tests.support import runs
from tests.support.runs import MONDAY, credits
from wallets import chart, queries
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_a_request_of_50_credits() -> None:
    agent, bob = runs.make_agent(manifest=runs.PER_REQUEST), runs.make_customer(credits=1_000)
    runs.settle(runs.reserve(agent, bob))
    posting.post_splits(now=MONDAY)
    assert runs.wallet_of(bob).balance == credits(1_000) - credits(50)
    assert Wallet.objects.get(owner_type="creator", kind="pending").balance == credits(40)
    assert queries.platform_balance(chart.PLATFORM_SHARE) == credits(10)
    assert queries.platform_balance(chart.CLEARING) == 0
    # In dollars: 0.05 of deferred cash is 0.04 owed to the creator and 0.01 earned.
    assert queries.platform_balance(chart.OWED) == 40_000
    assert queries.platform_balance(chart.REVENUE) == 10_000
