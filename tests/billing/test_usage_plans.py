"""The patterns of mission row P8, each a seeded plan: a month of its events, what they become, what they cost."""

import datetime as dt
from typing import Any, Final

import pytest

from billing.periodic import fees, rate_period
from billing.periods import Period
from billing.queries.meters import quantities
from billing.rating.components import LEAST, NOT_CHARGED
from tests.support import meters, people
from tests.support.catalogue import DOLLAR, plan, publish

pytestmark = pytest.mark.django_db

FEBRUARY: Final = Period(dt.datetime(2026, 2, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
PUBLISHED: Final = FEBRUARY.start - dt.timedelta(days=1)
NOW: Final = FEBRUARY.end + dt.timedelta(days=2)

Events = list[tuple[int, str, dict[str, Any]]]


def bill(slug: str, events: Events) -> list[tuple[str, str, int]]:
    """Report a February's events on a plan; give its lines as metric, tier and micros of USD, the fee first."""
    publish(now=PUBLISHED)
    bob, terms = people.open_customer("bob"), plan(slug, at=PUBLISHED)
    (tier,) = terms.tiers
    for day, kind, data in events:
        meters.report(bob, kind, now=NOW, at=FEBRUARY.start + dt.timedelta(days=day), **data)
    used = quantities(customer_id=bob.pk, metrics=[price.metric for price in terms.prices], period=FEBRUARY)
    lines = (
        *fees(fee_cents=tier.price_cents, name=tier.name, prices=terms.prices),
        *rate_period(prices=terms.prices, quantities=used, entitlements=tier.entitlements),
    )
    return [(line.meter, line.tier, line.amount_micros) for line in lines]


def test_tokens_in_and_out_have_prices_of_their_own() -> None:
    each = {"input_tokens": 1_000_000, "output_tokens": 250_000}

    assert bill("tokens", [(day, "llm.completed", each) for day in range(4)]) == [
        ("input_tokens", "", 2 * DOLLAR),
        ("output_tokens", "", DOLLAR * 3 // 2),
    ]


def test_a_platform_fee_comes_before_tokens_that_grow_cheaper() -> None:
    used = {"input_tokens": 110_000_000, "output_tokens": 20_000_000}

    assert bill("platform-tokens", [(3, "llm.completed", used)]) == [
        ("", "", 49 * DOLLAR),
        ("input_tokens", "0 to 10000000", 4 * DOLLAR),
        ("input_tokens", "10000000 to 100000000", 27 * DOLLAR),
        ("input_tokens", "above 100000000", 2 * DOLLAR),
        ("output_tokens", "0 to 10000000", 12 * DOLLAR),
        ("output_tokens", "above 10000000", 9 * DOLLAR),
    ]


def test_fine_tuning_is_charged_by_the_minute_begun() -> None:
    events: Events = [(1, "tuning.ran", {"seconds": 3_600}), (2, "tuning.ran", {"seconds": 1})]

    assert bill("fine-tuning", events) == [("tuning_seconds", "packages of 60", 61 * DOLLAR * 15 // 100)]


def test_storage_is_charged_for_as_long_as_it_is_held() -> None:
    # 1,000 GB for half of February and 100 GB for the other half: 550 GB-months, 50 of them included.
    events: Events = [
        (0, "storage.changed", {"gigabytes": 1_000}),
        (14, "storage.changed", {"gigabytes": 100}),
    ]

    assert bill("storage", events) == [
        ("", "", 5 * DOLLAR),
        ("gb_months", "included", 0),
        ("gb_months", "0 to 50000", 500 * DOLLAR * 23 // 1_000),
    ]


def test_query_seconds_come_to_a_dollar_at_least() -> None:
    assert bill("queries", [(1, "query.completed", {"seconds": 1_500})]) == [
        ("query_seconds", "included", 0),
        ("query_seconds", "", DOLLAR // 4),
        ("query_seconds", LEAST, DOLLAR * 3 // 4),
    ]


def test_egress_is_all_at_the_price_of_its_volume() -> None:
    assert bill("egress", [(day, "egress.sent", {"gigabytes": 5_050}) for day in (1, 2, 3, 4)]) == [
        ("egress_gb", "included", 0),
        ("egress_gb", "10000 to 50000", 20_100 * DOLLAR * 85 // 1_000),
    ]


def test_reserved_hours_are_paid_before_and_those_on_demand_after() -> None:
    assert bill("reserved", [(1, "compute.ran", {"hours": 80}), (20, "compute.ran", {"hours": 30})]) == [
        ("", "", 60 * DOLLAR),
        ("compute_hours", "included", 0),
        ("compute_hours", "", 9 * DOLLAR),
    ]


def test_build_minutes_beyond_those_included_come_in_packages() -> None:
    assert bill("builds", [(5, "build.completed", {"minutes": 2_501})]) == [
        ("", "", 10 * DOLLAR),
        ("build_minutes", "included", 0),
        ("build_minutes", "packages of 500", 10 * DOLLAR),
    ]


def test_a_slot_costs_its_part_of_the_month() -> None:
    # 3 slots all the month, 5 for the second half: one slot-month above the three included.
    events: Events = [(0, "deployment.changed", {"live": 3}), (14, "deployment.changed", {"live": 5})]

    assert bill("deployments", events) == [
        ("", "", 20 * DOLLAR),
        ("deploy_slots", "included", 0),
        ("deploy_slots", "", 10 * DOLLAR),
    ]


def test_runs_beyond_the_limit_at_a_time_are_nobodys_charge() -> None:
    events: Events = [(1, "runs.changed", {"running": 4}), (2, "runs.changed", {"running": 11})]

    assert bill("deployments", events) == [
        ("", "", 20 * DOLLAR),
        ("concurrent_runs", "included", 0),
        ("concurrent_runs", NOT_CHARGED, 0),
    ]
