"""Runs below zero: who earns, what is posted, and what invoice and renewal make of it in either order (W17)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Customer
from billing.models import Execution
from billing.operations import executions, posting, settlement
from billing.queries import receipts
from billing.runs import Blocked, Gate, Report
from config.devservices import postgres
from tests import conftest
from tests.support import invoicing, ledger, runs
from tests.support.runs import MONDAY, credits
from wallets import chart, debts, grants, money, queries
from wallets.ledger import Leg, Source, post
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
FEE_CENTS = 10_000


def overdrawn(*, limit: int = 1_000, promised: int = 30) -> tuple[Any, Any, Wallet]:
    """An agent of 50 credits a run, a customer with a few credits who may go below zero."""
    agent, bob = runs.make_agent(), runs.make_customer()
    wallet = runs.wallet_of(bob)
    ledger.promise(wallet, credits=promised)
    debts.set_overdraft(wallet_id=wallet.pk, limit=credits(limit), now=MONDAY)
    return agent, bob, wallet


class TestRun:
    def test_the_creator_earns_the_same_below_zero(self) -> None:
        agent, bob, wallet = overdrawn()
        settled = runs.charge(agent, bob, "e1")

        assert (settled.charged, settled.creator) == (credits(50), credits(40))
        drawn = receipts.drawn_by_class(execution=Execution.objects.get())
        assert drawn == {"promo": credits(30), "overage": credits(20)}
        assert debts.owed(wallet_id=wallet.pk) == credits(20)

    def test_posting_carries_it_as_unbilled(self) -> None:
        agent, bob, _ = overdrawn(promised=50)
        for number in range(3):
            runs.charge(agent, bob, f"e{number}")
        posting.post_splits(now=MONDAY)

        assert queries.platform_balance(chart.UNBILLED) == -100_000
        assert queries.platform_balance(chart.OWED) == 120_000
        assert queries.platform_balance(chart.PROMO_EXPENSE) == -40_000
        assert queries.platform_balance(chart.REVENUE) == 20_000

    def test_a_run_beyond_the_limit_is_blocked(self) -> None:
        agent, bob, _ = overdrawn(limit=19)

        found = executions.reserve(opening=runs.opening(agent, bob), now=MONDAY)
        assert isinstance(found, Blocked)
        assert (found.gate, found.available) == (Gate.WALLET, credits(49))

    def test_a_reserved_run_settles_below_zero(self) -> None:
        agent, bob, wallet = overdrawn()
        reserved = runs.reserve(agent, bob)

        assert runs.settle(reserved).available == credits(980)
        assert debts.owed(wallet_id=wallet.pk) == credits(20)

    def test_a_batch_grows_one_debt(self) -> None:
        agent, bob, wallet = overdrawn()
        reports = [
            Report(
                agent=agent.slug,
                caller=bob.public_id,
                event_id=f"b{number}",
                usage={"request": Decimal(1)},
                principal=runs.ROUTER,
            )
            for number in range(20)
        ]
        settlement.settle_many(reports=reports, now=MONDAY)

        assert debts.owed(wallet_id=wallet.pk) == credits(970)


def renew(wallet: Wallet) -> None:
    """Book a month of a platform's plan: $100 for credits of that face."""
    amount, cash, source = (
        money.cents_to_credits(FEE_CENTS),
        money.cents_to_micros(FEE_CENTS),
        Source("period", "1"),
    )
    legs = [
        Leg(chart.ISSUED["plan"], -amount),
        Leg(wallet.pk, amount),
        Leg(chart.STRIPE_CASH, -cash),
        Leg(chart.DEFERRED, cash),
    ]
    with transaction.atomic():
        post(kind="subscription", source=source, actor="test", legs=legs, now=MONDAY)
        grants.add(
            wallet_id=wallet.pk, funding_class="plan", amount=amount, cash=cash, source=source, now=MONDAY
        )


def invoice(wallet: Wallet) -> None:
    """Bill all that is owed, at its face."""
    owed = debts.owed(wallet_id=wallet.pk)
    bob = Customer.objects.get(pk=wallet.owner_id)
    invoicing.bill_overage(bob, wallet, debt=owed, cents=money.credits_to_cents(owed), now=MONDAY)


@pytest.fixture
def _at_one_cent(settings: Any) -> None:
    """A deployment where a credit is worth a cent."""
    settings.CREDIT_VALUE_USD = Decimal("0.01")
    with conftest.databases.cluster.connect(connection.settings_dict["NAME"], postgres.SUPERUSER) as passing:
        passing.execute("SET session_replication_role = replica")
        passing.execute("UPDATE wallets_ledgersetting SET credit_value = 10000")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_at_one_cent")
@pytest.mark.parametrize(
    "order", [(invoice, renew), (renew, invoice)], ids=["invoice first", "renewal first"]
)
def test_overage_and_renewal_come_to_the_same_in_either_order(
    order: tuple[Callable[[Wallet], None], ...],
) -> None:
    """W17: 10,000 credits below zero are $100 of overage; with the renewal's $100 the balance is 10,000."""
    agent, bob, wallet = overdrawn(limit=20_000, promised=1_000)
    for number in range(22):
        runs.charge(agent, bob, f"e{number}", usage={"request": Decimal(10)})
    assert queries.balance(wallet=wallet, now=MONDAY).owed == credits(10_000)
    posting.post_splits(now=MONDAY)

    for step in order:
        step(wallet)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == credits(10_000)
    assert debts.owed(wallet_id=wallet.pk) == 0
    assert queries.platform_balance(chart.RECEIVABLE) == -100_000_000
    assert queries.platform_balance(chart.UNBILLED) == 0
    assert queries.platform_balance(chart.STRIPE_CASH) == -100_000_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_at_one_cent")
def test_ten_thousand_below_zero_billed_comes_to_nothing() -> None:
    agent, bob, wallet = overdrawn(limit=10_000, promised=500)
    for number in range(21):
        runs.charge(agent, bob, f"e{number}", usage={"request": Decimal(10)})

    invoice(wallet)

    assert queries.balance(wallet=wallet, now=MONDAY).balance == 0
    assert queries.platform_balance(chart.RECEIVABLE) == -100_000_000
