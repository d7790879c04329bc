"""W18: a creator's fixed price of $0.05 on top of the platform's $0.01; a price of $0.51 is refused."""

import pytest

from billing.models import Earning, Execution
from billing.operations import posting
from marketplace.manifest import ManifestError
from tests.support import ledger, runs
from tests.support.runs import MONDAY, credits
from wallets import chart, queries
from wallets.models import Wallet
from wallets.queries import platform_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

ON_TOP = """
pricing:
  model: usage_based
  on_top:
    creator: 0.05
"""


def test_the_consumer_pays_six_cents_of_which_the_creator_has_five() -> None:
    agent, bob = runs.make_agent(manifest=ON_TOP), runs.make_customer(credits=1_000)

    settled = runs.settle(runs.reserve(agent, bob))
    posting.post_splits(now=MONDAY)

    assert (settled.charged, settled.creator, settled.platform) == (credits(60), credits(50), credits(10))
    assert runs.wallet_of(bob).balance == credits(940)
    assert Wallet.objects.get(owner_type="creator", kind="pending").balance == credits(50)
    assert queries.platform_balance(chart.PLATFORM_SHARE) == credits(10)
    # In dollars: $0.06 of deferred cash is $0.05 owed to the creator and $0.01 earned.
    assert (platform_balance(chart.OWED), platform_balance(chart.REVENUE)) == (50_000, 10_000)


def test_from_promo_credits_the_creator_has_five_cents_at_the_platforms_expense() -> None:
    agent, bob = runs.make_agent(manifest=ON_TOP), runs.make_customer()
    ledger.promise(runs.wallet_of(bob), credits=100)

    runs.settle(runs.reserve(agent, bob))
    posting.post_splits(now=MONDAY)

    assert Earning.objects.get().amount == credits(50)
    assert -platform_balance(chart.PROMO_EXPENSE) == 50_000
    assert platform_balance(chart.OWED) == 50_000


def test_what_is_charged_below_the_cost_is_shared_as_the_cost_would_be() -> None:
    agent, bob = runs.make_agent(manifest=ON_TOP), runs.make_customer(credits=1_000)

    settled = runs.settle(runs.reserve(agent, bob, max_charge=credits(30)))

    assert (settled.charged, settled.creator, settled.platform) == (credits(30), credits(25), credits(5))
    assert Execution.objects.get().unbilled == credits(30)


def test_fifty_one_cents_are_refused_with_line_and_field() -> None:
    with pytest.raises(ManifestError, match=r"line 5, on_top\.creator: must be 0\.50 or less"):
        runs.make_agent(manifest=ON_TOP.replace("0.05", "0.51"))
