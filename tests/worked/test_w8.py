"""W8: Pro, 5,600 executions: $3.00 overage; Free, the 101st run: blocked, with the reason."""

from decimal import Decimal

import pytest

from billing.models import Invoice
from billing.operations import executions, payments, posting
from billing.operations.settlement import QuotaExceededError
from billing.periodic import total
from billing.rating.components import NOT_CHARGED
from billing.runs import Blocked, Gate
from marketplace.models import Agent
from tests.support import plans, runs
from tests.support.catalogue import DOLLAR, month, publish, told
from tests.support.checkout import NOW, pay
from tests.support.processes import StripeStandin
from wallets import chart
from wallets.queries import platform_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]


def used(executions_: int) -> dict[str, Decimal]:
    return {"execution": Decimal(executions_)}


def test_600_executions_above_pros_5000_are_three_dollars() -> None:
    publish()

    lines = month("pro", {"execution": 5_600})

    assert told(lines) == [
        ("execution", Decimal(5_000), Decimal(0), "included", 0),
        ("execution", Decimal(600), Decimal("0.005"), "", 3 * DOLLAR),
    ]
    assert total(lines=lines) == 3 * DOLLAR


def test_without_consent_to_overage_nothing_is_charged_above_it() -> None:
    publish()

    lines = month("pro", {"execution": 5_600}, overage=False)

    assert total(lines=lines) == 0
    assert lines[-1].tier == NOT_CHARGED


def test_the_101st_run_on_free_is_blocked_with_the_reason() -> None:
    plans.on_sale()
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    plans.attach(bob, "free")
    for _ in range(100):
        runs.settle(runs.reserve(agent, bob, usage=used(1)), usage=used(1))

    asked = executions.reserve(opening=runs.opening(agent, bob, usage=used(1)), now=NOW)

    assert isinstance(asked, Blocked)
    assert asked.gate is Gate.QUOTA
    assert asked.quota is not None
    assert (asked.quota.unit, asked.quota.available) == ("EXECUTION", 0)
    with pytest.raises(QuotaExceededError):
        runs.charge(agent, bob, "the-101st", usage=used(1))


def test_pros_overage_comes_with_the_next_month(stripe_standin: StripeStandin) -> None:
    plans.on_sale()
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    subscription = plans.attach(bob, "pro", overage=True)
    pay(stripe_standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=NOW)

    runs.charge(agent, bob, "the-month", usage=used(5_600))
    posting.post_splits(now=NOW)
    april = plans.current(subscription).ends_at
    plans.renew(now=april)
    plans.settle_up(now=april)

    invoice = Invoice.objects.exclude(number=1).get()
    assert (invoice.state, invoice.total_cents) == ("paid", 2_900 + 300)
    assert sorted((line.kind, line.amount_cents) for line in invoice.lines.all() if line.amount_cents) == [
        ("fee", 2_900),
        ("overage", 300),
    ]
    assert platform_balance(chart.RECEIVABLE) == 0
