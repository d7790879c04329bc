"""Prices on top of the platform's: what may be written, what is frozen, and that none lets a package lose money."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from marketplace import packages, queries
from marketplace.manifest import ManifestError, parse, render
from marketplace.models import PlanVersion, SplitShare
from marketplace.packages import LosingPackageError
from marketplace.terms import Share
from tests.support.market import collaborate, draft, open_creator, publish
from tests.support.people import MONDAY
from wallets.money import MICRO

pytestmark = pytest.mark.django_db

ON_TOP = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  on_top:
    creator: {}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(ManifestError) as refusal:
        parse(text)
    return [str(problem) for problem in refusal.value.problems]


def test_it_is_read_and_written_back() -> None:
    pricing = parse(ON_TOP.format("0.05"))

    assert [(part.name, part.cents) for part in pricing.on_top] == [("creator", 5)]
    assert render(pricing) == ON_TOP.format("0.05")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ON_TOP.format("0.51"), "line 5, on_top.creator: must be 0.50 or less"),
        (ON_TOP.format("0.00"), "line 5, on_top.creator: must be 0.01 or more"),
        (ON_TOP.format("0.055"), "line 5, on_top.creator: has more than 2 decimal places"),
        (ON_TOP.format("0.05\n    platform: 0.01"), "line 6, on_top.platform: must be creator or a creator"),
        (
            ON_TOP.format("0.30\n    cre_" + "0" * 26 + ": 0.21"),
            "line 5, on_top: makes $0.51; together creators have $0.50 a run at most",
        ),
        (ON_TOP.format("0.05") + "  split: {creator: 80}\n", "line 6, split: is not for a price on top"),
        (
            ON_TOP.format("0.05") + "  rates: [{metric: request, amount: 1}]\n",
            "line 6, rates: is not for a price on top",
        ),
        (ON_TOP.format("0.05").replace("usage_based", "free"), "line 4, on_top: unknown field"),
    ],
)
def test_what_it_may_not_say_is_told_by_line_and_field(text: str, problem: str) -> None:
    assert any(problem in each for each in refused(text)), refused(text)


def test_a_version_keeps_the_platforms_price_and_every_creators() -> None:
    alice, carol = open_creator("alice"), open_creator("carol")
    agent = draft("echo", creator=alice)
    collaborate(agent, carol)
    text = ON_TOP.format(f"0.04\n    {carol.public_id}: 0.01")

    version = publish(agent, text)

    terms = queries.terms(agent="echo", at=MONDAY)
    assert terms.shares == (Share(alice.pk, 0, 40 * MICRO), Share(carol.pk, 0, 10 * MICRO))  # type: ignore[arg-type]
    assert [(price.metric, int(price.unit_price)) for price in terms.prices] == [
        ("platform_price", 10),
        ("creator_price", 50),
    ]
    assert "Creators have 50 credits of each run" in queries.plain_words(terms=terms).lines
    assert publish(agent, text) == version
    with override_settings(RUN_PRICE_USD="0.02"):
        assert publish(agent, text).number == 2


@pytest.mark.parametrize(("usd", "platform"), [("0.01", 10), ("0.05", 10), ("0.06", 12), ("0.50", 100)])
def test_the_platform_asks_a_cent_or_a_fifth_of_what_is_on_top(usd: str, platform: int) -> None:
    publish(draft("echo"), ON_TOP.format(usd))

    prices = {price.metric: price.unit_price for price in queries.terms(agent="echo", at=MONDAY).prices}
    assert prices["platform_price"] == platform
    packages.check_share(share_bp=packages.top_share_bp())


@override_settings(ON_TOP_FEE_BP=0)
def test_a_price_with_which_a_package_loses_is_refused_and_so_is_the_package_after_it() -> None:
    with pytest.raises(ManifestError, match=r"line 4, on_top: Creators could earn \$.* of it"):
        publish(draft("echo"), ON_TOP.format("0.06"))
    publish(draft("cheaper"), ON_TOP.format("0.05"))

    assert packages.top_share_bp() == 8_334
    with pytest.raises(LosingPackageError):
        packages.publish(slug="wide", name="Wide", price_cents=20_000, bonus_bp=3_500)


def test_the_database_keeps_the_range_and_one_kind_a_version() -> None:
    version = publish(draft("echo"), ON_TOP.format("0.05"))

    for wrong in ({"fixed_cents": 51}, {"share_bp": 1}, {"kind": "share"}, {"fixed_cents": 0}):
        values = {"kind": "fixed", "share_bp": 0, "fixed_cents": 5, "version": version} | wrong
        with pytest.raises(IntegrityError, match="in_range"), transaction.atomic():
            SplitShare.objects.create(creator=open_creator(f"x{wrong}"), **values)
    with pytest.raises(IntegrityError, match="2 kinds"), transaction.atomic():
        _mix(version)


def _mix(version: PlanVersion) -> None:
    version.pk, version.public_id, version.number, version._state.adding = None, "plv_mixed", 9, True
    version.save()
    SplitShare.objects.create(
        version=version, creator=open_creator("eve"), kind="fixed", share_bp=0, fixed_cents=5
    )
    SplitShare.objects.create(version=version, creator=open_creator("dora"), share_bp=100)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
