"""W17: Pro 10,000 credits; 50,000 small, 10,000 medium, 1,000 large tokens: balance -10,000, next invoice $200.

At 0.01, from the checkout to the paid invoice. `tests/billing/executions/test_overage.py` has both orders of grant and
invoice.
"""

import datetime as dt
from typing import Any, Final

import pytest
from django.test import Client

from billing.models import Invoice
from billing.operations import payments, posting
from config.kit import clock
from tests.support import people, plans, runs
from tests.support.callers import Caller
from tests.support.checkout import pay
from tests.support.credit_values import at_one_cent
from tests.support.processes import StripeStandin
from wallets import chart, debts, queries

USED: Final = {"small": 50_000, "medium": 10_000, "large": 1_000}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
def test_overage_is_billed_with_the_next_month(
    client: Client, settings: Any, stripe_standin: StripeStandin
) -> None:
    at_one_cent(settings)
    plans.on_sale()
    now = clock.now()
    bob = people.open_customer("bob", external_id="bob-at-home")
    subscription = plans.attach(bob, "credits-pro", overage=True, now=now)
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=now)
    wallet = runs.wallet_of(bob)
    assert wallet.balance == runs.credits(10_000)

    service = Caller(client, people.service_key(), "/v1/track")
    for size, quantity in USED.items():
        said = {"customer": "bob-at-home", "feature": f"{size}-model-tokens", "quantity": quantity}
        assert service.post(said | {"event_id": size}).status_code == 200
    assert runs.wallet_of(bob).balance == runs.credits(-10_000)
    posting.post_splits(now=clock.now())

    end = plans.current(subscription).ends_at
    plans.renew(now=end)
    plans.settle_up(now=end)

    invoice = Invoice.objects.exclude(number=1).get()
    assert (invoice.state, invoice.total_cents) == ("paid", 20_000)
    # $100 of overage: what was burned last, half of the medium tokens and all of the large ones.
    assert sorted((line.kind, line.amount_cents) for line in invoice.lines.all()) == [
        ("fee", 10_000),
        ("overage", 5_000),
        ("overage", 5_000),
    ]
    assert queries.balance(wallet=wallet, now=end + dt.timedelta(days=1)).available == runs.credits(10_000)
    assert debts.owed(wallet_id=wallet.pk) == 0
    assert queries.platform_balance(chart.RECEIVABLE) == 0
