"""Crediting a paid top-up: payments.fulfil."""

import datetime as dt

import pytest

from billing.models import BalanceTransaction, QuarantinedEvent, TopUp, TopUpStateChange
from billing.operations import payments, topups
from tests.support.checkout import NOW, ask, buy, pay
from tests.support.people import open_customer
from tests.support.processes import StripeStandin
from wallets import chart, queries
from wallets.models import CreditGrant, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

CREDIT = 1_000_000
USD = 1_000_000


def test_it_credits_a_paid_top_up(stripe_standin: StripeStandin) -> None:
    bob = open_customer()

    top_up = buy(bob, stripe_standin)

    assert top_up.status == TopUp.Status.PAID
    assert top_up.payment_intent_id is not None
    assert queries.balance(wallet=top_up.wallet, now=NOW).available == 10_000 * CREDIT
    assert queries.platform_balance(chart.DEFERRED) == 10 * USD
    assert queries.platform_balance(chart.STRIPE_FEES) == -590_000
    assert queries.platform_balance(chart.STRIPE_CASH) == -9_410_000
