"""A customer's wallet is opened with it."""

import pytest

from tests.support.people import open_customer
from wallets import queries

pytestmark = pytest.mark.django_db


def test_a_new_customer_has_an_empty_wallet_good_everywhere() -> None:
    customer = open_customer("bob")

    wallet = queries.consumer_wallet(customer_id=customer.pk)

    assert wallet
    assert (wallet.scope, wallet.balance, wallet.held) == ("", 0, 0)
