"""W15: 0.008 a run with 100K / 500K / 1M committed: 0.0064, 0.0052, 0.0044."""

from decimal import Decimal

import pytest

from billing.operations import posting
from billing.operations.subscriptions import attaching
from billing.operations.subscriptions.attaching import Choice
from billing.periodic import NOT_USED, Commitment, total
from marketplace import agreements
from marketplace.agreements import Deal
from marketplace.defaults import committed_discount_bp
from marketplace.models import Agent
from tests.support import plans, runs
from tests.support.catalogue import DOLLAR, month, publish, told
from tests.support.checkout import NOW

pytestmark = pytest.mark.django_db

ABOVE = "above the commitment"


def committed(quantity: int) -> Commitment:
    return Commitment("execution", Decimal(quantity), committed_discount_bp(quantity=Decimal(quantity)))


@pytest.mark.parametrize(
    ("quantity", "rate", "dollars"),
    [(100_000, "0.0064", 640), (500_000, "0.0052", 2_600), (1_000_000, "0.0044", 4_400)],
)
def test_a_commitment_is_charged_at_its_discount(quantity: int, rate: str, dollars: int) -> None:
    publish()

    (line,) = month("enterprise", {"execution": quantity}, commitment=committed(quantity))

    assert (line.quantity, line.rate) == (Decimal(quantity), Decimal(rate))
    assert line.amount_micros == dollars * DOLLAR


def test_what_goes_beyond_it_is_charged_at_the_standard_rate() -> None:
    publish()

    lines = month("enterprise", {"execution": 100_500}, commitment=committed(100_000))

    assert told(lines)[1] == ("execution", Decimal(500), Decimal("0.008"), ABOVE, 4 * DOLLAR)


def test_what_is_not_used_of_it_is_paid_all_the_same() -> None:
    publish()

    lines = month("enterprise", {"execution": 60_000}, commitment=committed(100_000))

    assert [(line.quantity, line.tier) for line in lines] == [
        (Decimal(60_000), "committed, 20 % off"),
        (Decimal(40_000), NOT_USED),
    ]
    assert total(lines=lines) == 640 * DOLLAR


def test_less_than_the_least_commitment_has_no_discount() -> None:
    assert committed_discount_bp(quantity=Decimal(99_999)) == 0


@pytest.mark.usefixtures("books")
def test_a_month_under_an_agreement_is_billed_with_what_was_not_used() -> None:
    plans.on_sale()
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    deal = Deal(
        plan="enterprise",
        starts_at=NOW,
        commitment=agreements.Commitment(metric="execution", quantity=Decimal(100_000)),
    )
    agreements.agree(customer=bob, deal=deal, actor="user:olive", now=NOW)
    choice = Choice(plan="enterprise")
    subscription = attaching.attach(
        customer=bob, principal="user:olive", key="first", choice=choice, now=NOW, staff=True
    ).subscription

    runs.charge(agent, bob, "the-month", usage={"execution": Decimal(60_000)})
    posting.post_splits(now=NOW)
    plans.renew(now=plans.current(subscription).ends_at)

    assert plans.draft_lines(bob) == [("overage", 38_400), ("usage", 25_600)]
