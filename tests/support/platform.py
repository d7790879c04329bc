"""Platform plans that are paid for at the stand-in, and runs that take from their quotas."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from accounts.models import Customer
from billing.models import Subscription
from billing.operations import executions, payments, settlement
from billing.runs import Allowed, Opening, Report, Settled
from tests.support.checkout import NOW, pay
from tests.support.plans import attach
from tests.support.processes import StripeStandin
from wallets import quotas
from wallets.money import MICRO

UNIT: Final = "EXECUTION"


def bought(
    standin: StripeStandin, customer: Customer, plan: str, *, now: dt.datetime = NOW, **choice: Any
) -> Subscription:
    """Subscribe to a plan and do at its checkout what it asks for."""
    subscription = attach(customer, plan, now=now, **choice)
    pay(standin, subscription.stripe_session_id)
    payments.fulfil(session_id=subscription.stripe_session_id, now=now)
    subscription.refresh_from_db()
    return subscription


def run(customer: Customer, count: int, *, key: str, now: dt.datetime = NOW) -> Settled:
    """Use so many executions."""
    report = Report(
        principal="test",
        usage={"execution": Decimal(count)},
        agent="execution",
        caller=customer.public_id,
        event_id=key,
        occurred_at=now,
    )
    return settlement.settle(report=report, now=now)


def reserve(customer: Customer, count: int, *, now: dt.datetime = NOW) -> Allowed:
    """Reserve so many executions."""
    asked = {"execution": Decimal(count)}
    opening = Opening(agent="execution", caller=customer.public_id, usage=asked, principal="test")
    found = executions.reserve(opening=opening, now=now)
    assert isinstance(found, Allowed), found
    return found


def left(customer: Customer, *, now: dt.datetime = NOW) -> tuple[int, int]:
    """Tell what is left of the quota, and what is owed beyond it, in whole units."""
    found = quotas.left(customer_id=customer.pk, unit=UNIT, now=now)
    wallet = quotas.find(customer_id=customer.pk, unit=UNIT)
    assert wallet is not None
    return max(found.available - (wallet.overdraft_limit or 0), 0) // MICRO, found.debt // MICRO
