"""W1: $10 bought at 0.001 is 10,000 credits."""

import pytest

from tests.support.checkout import NOW, buy
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def test_ten_dollars_buy_ten_thousand_credits(stripe_standin: StripeStandin) -> None:
    top_up = buy(open_customer(), stripe_standin)

    assert top_up.amount_cents == 1_000
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * 1_000_000
