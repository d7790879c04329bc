"""The page of plans: every plan in words, and compared."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from marketplace.queries.plan_pages import PlanCard, plan_groups
from tests.support.catalogue import publish
from tests.support.people import MONDAY

pytestmark = pytest.mark.django_db


def card(slug: str) -> PlanCard:
    """Give the card of a plan."""
    return next(plan for group in plan_groups(at=MONDAY) for plan in group.plans if plan.slug == slug)


@pytest.mark.parametrize(
    ("slug", "price", "per", "points"),
    [
        ("free", "Free", "", ("100 executions a month, then it stops",)),
        ("payg", "No fee", "", ("$0.01 per execution", "$50.00 a month at most")),
        (
            "pro",
            "$29",
            "a month",
            (
                "14 days to try it",
                "5,000 executions a month",
                "Then $0.005 per execution, with overage on",
            ),
        ),
        (
            "team",
            "$25",
            "a seat, a month",
            ("25,000 executions a seat, a month", "Then $0.003 per execution, with overage on"),
        ),
        (
            "enterprise",
            "By agreement",
            "",
            (
                "$0.008 per execution",
                "20 % off from 100,000 committed a month",
                "35 % off from 500,000 committed a month",
                "45 % off from 1,000,000 committed a month",
            ),
        ),
        (
            "storage",
            "$5",
            "a month",
            (
                "50 GB-months a month",
                "Then $0.023 per GB-month, up to 50,000",
                "Then $0.021 per GB-month, above 50,000",
            ),
        ),
        ("fine-tuning", "No fee", "", ("$0.15 for each 60 fine-tuning seconds begun",)),
        (
            "builds",
            "$10",
            "a month",
            (
                "2,000 build minutes a month",
                "Then $5.00 for each 500 build minutes begun",
            ),
        ),
        (
            "deployments",
            "$20",
            "a month",
            (
                "3 deployment slots a month",
                "10 runs at a time, no more",
                "Then $10.00 per deployment slot",
            ),
        ),
    ],
)
def test_it_tells_a_plan_in_words(slug: str, price: str, per: str, points: tuple[str, ...]) -> None:
    publish()

    told = card(slug)

    assert (told.price, told.per, told.points) == (price, per, points)


@pytest.mark.parametrize(("value", "credits"), [("0.01", "10,000"), ("0.001", "100,000")])
def test_it_tells_credits_and_what_they_are_worth(settings: Any, value: str, credits: str) -> None:
    settings.CREDIT_VALUE_USD = Decimal(value)
    publish()

    assert card("credits-pro").points == (
        f"{credits} credits a month, worth $100.00",
        "With overage on, down to $1,000.00 below zero, billed with the next month",
    )


def test_it_compares_the_plans_of_a_group() -> None:
    publish()

    executions = plan_groups(at=MONDAY)[0]

    rows = {row.label: row.cells for row in executions.rows}
    assert [plan.slug for plan in executions.plans] == ["free", "payg", "pro", "team", "enterprise"]
    assert rows["Executions"] == ("100", "0", "5,000", "25,000 a seat", "0")
    assert rows["Above that"][0] == ""
    assert rows["Above that"][2] == "$0.005 per execution"
    assert rows["Guardrails"] == ("", "", "", "", "yes")


def test_anybody_may_look(client: Client) -> None:
    publish()

    page = client.get("/plans/")

    assert page.status_code == 200
    for told in ("Pay As You Go", "25,000 executions a seat, a month", "By agreement", "GB-month"):
        assert told in page.content.decode()


def test_it_says_so_when_there_is_none(client: Client) -> None:
    assert "No plans yet" in client.get("/plans/").content.decode()
