"""W14: 1 fast + 1 standard + 1 heavy + 1 sandbox: 33 credits at 0.01, ten times as many at 0.001."""

from decimal import Decimal
from typing import Any

import pytest

from billing.operations import posting
from marketplace import queries
from marketplace.models import Feature
from tests.support import runs
from tests.support.catalogue import DOLLAR, publish
from tests.support.runs import MONDAY
from wallets import chart
from wallets.money import cents_to_credits
from wallets.queries import platform_balance

RUNS = ("fast", "standard", "heavy", "sandbox")


@pytest.mark.django_db
@pytest.mark.usefixtures("books")
def test_four_runs_burn_33_cents_of_one_balance() -> None:
    publish()
    bob = runs.make_customer(credits=1_000)
    before = runs.wallet_of(bob).balance

    for slug in RUNS:
        feature = Feature.objects.select_related("agent").get(slug=slug)
        assert feature.agent is not None
        runs.charge(feature.agent, bob, f"run-{slug}", usage={feature.metric: Decimal(1)})
    posting.post_splits(now=MONDAY)

    assert before - runs.wallet_of(bob).balance == cents_to_credits(33)
    assert platform_balance(chart.PLATFORM_SHARE) == cents_to_credits(33)
    assert platform_balance(chart.REVENUE) == 33 * DOLLAR // 100
    assert platform_balance(chart.OWED) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "burned"), [("0.01", 33), ("0.001", 330)])
def test_they_cost_as_many_credits_as_one_is_worth(settings: Any, value: str, burned: int) -> None:
    settings.CREDIT_VALUE_USD = Decimal(value)

    publish()

    rates = [queries.terms(agent=slug, at=MONDAY).prices[0].unit_price for slug in RUNS]
    assert sum(rates) == burned
