"""2026 to 2032 by the development clock: each period of a subscription begins where the last one ended, billed once."""

import datetime as dt
from itertools import pairwise
from typing import Final

import pytest
from django.core.management import call_command

from billing.models import Invoice, InvoiceLine, Subscription, SubscriptionPeriod
from billing.operations import payments
from billing.periods import Cycle
from config.kit import clock
from tests.support import people, plans, runs
from tests.support.checkout import pay
from tests.support.processes import StripeStandin
from wallets import books
from wallets.models import CreditGrant

UNTIL: Final = dt.datetime(2033, 1, 1, tzinfo=dt.UTC)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_every_period_until_2033_is_billed_once(stripe_standin: StripeStandin) -> None:
    plans.on_sale(now=clock.now() - dt.timedelta(days=1))
    bob = people.open_customer("bob")
    subscription = plans.attach(bob, "credits-pro", now=clock.now())
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=clock.now())
    call_command("advance", to=UNTIL)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.ACTIVE
    assert subscription.anchor is not None
    periods = list(SubscriptionPeriod.objects.filter(subscription=subscription).order_by("number"))
    expected = list(Cycle(subscription.anchor).periods(until=clock.now()))
    assert [(period.starts_at, period.ends_at) for period in periods] == [(e.start, e.end) for e in expected]
    assert all(before.ends_at == after.starts_at for before, after in pairwise(periods))
    fees = InvoiceLine.objects.filter(period__in=periods, kind="fee").values_list(
        "period_id", "invoice__state"
    )
    assert sorted(fees) == [(period.pk, "paid") for period in periods]
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, len(periods) + 1))
    wallet = runs.wallet_of(bob)
    assert CreditGrant.objects.filter(wallet=wallet, funding_class="plan").count() == len(periods)
    assert books.violations(now=clock.now(), timely=True) == []
