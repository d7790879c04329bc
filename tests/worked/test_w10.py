"""W10: PAYG, 2,000 / 4,000 / 6,000 executions: $20.00, no offer; $40.00, Pro offered; $50.00, capped, Pro offered."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from billing.models import PlanOffer
from billing.operations import posting
from billing.operations.subscriptions import offering
from billing.periodic import ABOVE_CAP, cheaper, total
from billing.queries import plan_offers
from config.kit import clock
from marketplace.models import Agent
from tests.support import people, plans, runs
from tests.support.catalogue import DOLLAR, month, offer, plan, publish, told
from tests.support.checkout import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("executions", "dollars", "on_pro"), [(2_000, 20, None), (4_000, 40, 29), (6_000, 50, 34)]
)
def test_it_is_capped_and_offers_pro_where_that_is_cheaper(
    executions: int, dollars: int, on_pro: int | None
) -> None:
    publish()

    lines = month("payg", {"execution": executions})
    saving = cheaper(current=offer("payg"), other=offer("pro"), quantities={"execution": Decimal(executions)})

    assert total(lines=lines) == dollars * DOLLAR
    assert (saving and saving.other_costs) == (on_pro and on_pro * DOLLAR)
    assert saving is None or saving.saved == dollars * DOLLAR - saving.other_costs


def test_what_runs_above_the_cap_is_told_and_not_charged() -> None:
    publish()

    assert told(month("payg", {"execution": 6_000})) == [
        ("execution", Decimal(5_000), Decimal("0.01"), "", 50 * DOLLAR),
        ("execution", Decimal(1_000), Decimal(0), ABOVE_CAP, 0),
    ]


def test_a_month_without_runs_costs_nothing() -> None:
    publish()

    assert month("payg", {}) == ()


def test_pro_is_not_offered_where_it_costs_the_same() -> None:
    publish()

    assert (
        cheaper(current=offer("payg"), other=offer("pro"), quantities={"execution": Decimal(2_900)}) is None
    )


def test_who_pays_as_they_go_has_agreed_to_pay() -> None:
    publish()

    assert total(lines=month("payg", {"execution": 2_000}, overage=False)) == 20 * DOLLAR


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(("executions", "would_cost"), [(2_000, None), (4_000, 29), (6_000, 34)])
def test_pro_is_offered_within_the_month_and_not_taken_without_consent(
    executions: int, would_cost: int | None
) -> None:
    plans.on_sale()
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    subscription = plans.attach(bob, "payg")
    runs.charge(agent, bob, "the-month", usage={"execution": Decimal(executions)})

    offered = plan_offers.better(subscription=subscription, now=NOW)
    plans.renew(now=plans.current(subscription).ends_at)

    found = (offered.plan, offered.other_costs) if offered else None
    assert found == (("pro", would_cost * DOLLAR) if would_cost else None)
    subscription.refresh_from_db()
    assert subscription.version_id == plan("payg").version_id


@pytest.mark.usefixtures("books")
def test_a_capped_month_is_billed_when_it_has_ended() -> None:
    plans.on_sale()
    bob, agent = runs.make_customer(), Agent.objects.get(slug="execution")
    subscription = plans.attach(bob, "payg")

    for place in range(6):
        runs.charge(agent, bob, f"thousand-{place}", usage={"execution": Decimal(1_000)})
    posting.post_splits(now=NOW)
    plans.renew(now=plans.current(subscription).ends_at)

    assert plans.draft_lines(bob) == [("overage", 5_000), ("usage", 0)]


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    ("executions", "told"), [(2_000, None), (4_000, ("$40.00", "$29.00")), (6_000, ("$50.00", "$34.00"))]
)
def test_pro_is_offered_by_mail_once_a_period_and_converts_with_consent(
    client: Client, executions: int, told: tuple[str, str] | None
) -> None:
    plans.on_sale()
    user, bob = people.sign_up("bob")
    client.force_login(user)
    now = clock.now()
    subscription = plans.attach(bob, "payg", now=now)
    agent = Agent.objects.get(slug="execution")
    runs.charge(agent, bob, "the-month", usage={"execution": Decimal(executions)}, now=now)
    posting.post_splits(now=now)

    made = [offering.offer_due(now=now), offering.offer_due(now=now)]
    for made_one in [*PlanOffer.objects.all(), *PlanOffer.objects.all()]:
        offering.tell(offer_id=made_one.pk, now=now)
    page = f"/subscriptions/{subscription.public_id}/"

    assert made == [1 if told else 0, 0]
    assert len(mail.outbox) == (1 if told else 0)
    assert ("Nothing changes by itself" in client.get(page).content.decode()) is (told is not None)
    end = plans.current(subscription).ends_at
    if told:
        assert all(figure in mail.outbox[0].body for figure in told)
        address = mail.outbox[0].body.split()[-1].removeprefix(settings.SITE_URL)
        shown = client.get(address).content.decode()
        assert "$29.00" in shown
        assert "Change with the next period" in shown
        assert plans.current(subscription).number == 0
        client.post(f"{page}change/", {"plan": "pro", "when": "next"})
        assert "Nothing changes by itself" not in client.get(page).content.decode()
        assert offering.offer_due(now=now) == 0
    plans.renew(now=end)

    subscription.refresh_from_db()
    assert subscription.version.plan.slug == ("pro" if told else "payg")
    billed = [cents for kind, cents in plans.draft_lines(bob) if cents]
    assert sorted(billed) == {2_000: [2_000], 4_000: [2_900, 4_000], 6_000: [2_900, 5_000]}[executions]
