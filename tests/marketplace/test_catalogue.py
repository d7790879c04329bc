"""catalogue.publish: from the repository's files to features, their agents and the platform's plans."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError
from django.test import Client

from marketplace import queries
from marketplace.manifest import ManifestError
from marketplace.models import Agent, Creator, Entitlement, Feature, Plan, PlanVersion, SubscriptionTier
from marketplace.queries.plans import PlanNotFoundError, plan_terms, plan_version_terms, plans
from tests.support.catalogue import change, copied, plan, publish
from tests.support.market import A_DAY
from tests.support.people import MONDAY
from tests.support.races import race

pytestmark = pytest.mark.django_db

CREDIT = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the catalogue that a test may change."""
    return copied(tmp_path)


class TestPlans:
    def test_it_publishes_the_tiers_over_executions(self) -> None:
        publish()

        free, pro, team = plan("free"), plan("pro"), plan("team")
        assert [p.tiers[0].price_cents for p in (free, pro, team)] == [0, 2_900, 2_500]
        assert [p.tiers[0].entitlements[0].included for p in (free, pro, team)] == [100, 5_000, 25_000]
        assert [p.tiers[0].entitlements[0].hard for p in (free, pro, team)] == [True, False, False]
        assert [p.tiers[0].per_seat for p in (free, pro, team)] == [False, False, True]
        assert [[price.unit_price for price in p.prices] for p in (free, pro, team)] == [
            [],
            [Decimal("0.005")],
            [Decimal("0.003")],
        ]
        assert {p.unit for p in (free, pro, team)} == {"USD"}

    def test_it_caps_pay_as_you_go(self) -> None:
        publish()

        (tier,) = plan("payg").tiers
        assert (tier.price_cents, tier.spend_cap_cents) == (0, 5_000)
        assert plan("payg").prices[0].unit_price == Decimal("0.01")

    @pytest.mark.parametrize(("value", "times"), [("0.01", 1), ("0.001", 10)])
    def test_it_grants_credits_by_what_they_are_worth(self, settings: Any, value: str, times: int) -> None:
        settings.CREDIT_VALUE_USD = Decimal(value)

        publish()

        granted = {slug: plan(slug).tiers[0].credits_per_month for slug in ("credits-free", "credits-pro")}
        assert granted == {"credits-free": 500 * times * CREDIT, "credits-pro": 10_000 * times * CREDIT}
        assert plan("credits-pro").tiers[0].overdraft == 100_000 * times * CREDIT

    def test_it_sells_enterprise_by_agreement_only(self) -> None:
        publish()

        assert [p.slug for p in plans(at=MONDAY) if not p.self_service] == ["enterprise"]

    def test_it_lists_every_plan_in_its_place(self) -> None:
        publish()

        slugs = [p.slug for p in plans(at=MONDAY)]
        assert slugs[:7] == ["free", "payg", "pro", "team", "enterprise", "credits-free", "credits-pro"]
        assert len(slugs) == 16


class TestFeatures:
    @pytest.mark.parametrize(("value", "times"), [("0.01", 1), ("0.001", 10)])
    def test_it_prices_features_in_credits_by_their_cost_in_usd(
        self, settings: Any, value: str, times: int
    ) -> None:
        settings.CREDIT_VALUE_USD = Decimal(value)

        publish()

        costs = {
            slug: queries.terms(agent=slug, at=MONDAY).prices[0].unit_price / times
            for slug in ("small-model-tokens", "medium-model-tokens", "large-model-tokens", "sandbox")
        }
        assert costs == {
            "small-model-tokens": Decimal("0.1"),
            "medium-model-tokens": Decimal(1),
            "large-model-tokens": Decimal(5),
            "sandbox": Decimal(2),
        }

    def test_it_takes_an_execution_from_the_quota_and_no_credits(self) -> None:
        publish()

        terms = queries.terms(agent="execution", at=MONDAY)
        assert (terms.quota_unit, terms.prices[0].unit_price) == ("EXECUTION", Decimal(0))
        assert plan("free").tiers[0].entitlements[0].unit == "EXECUTION"

    def test_it_keeps_all_of_a_features_charge_with_the_platform(self) -> None:
        publish()

        terms = queries.terms(agent="fast", at=MONDAY)
        assert (terms.platform_share_bp, terms.shares) == (10_000, ())
        assert Creator.objects.get(is_platform=True).pk == terms.creator_id

    def test_it_keeps_features_out_of_the_storefront(self, client: Client) -> None:
        publish()

        found, _more = queries.for_sale(text="", category="", model="", page=1, viewer=None, now=MONDAY)
        assert found == []
        assert client.get("/agents/fast/").status_code == 404

    def test_it_keeps_a_capability_without_a_quantity(self) -> None:
        publish()

        feature = Feature.objects.get(slug="sla")
        assert (feature.kind, feature.metric, feature.agent) == ("boolean", "", None)


class TestAgain:
    def test_it_changes_nothing_the_second_time(self) -> None:
        publish()
        before = PlanVersion.objects.count()

        changed = publish(now=MONDAY + A_DAY)

        assert (changed.features, changed.plans, changed.retired) == ([], [], [])
        assert PlanVersion.objects.count() == before
        assert Creator.objects.filter(is_platform=True).count() == 1

    def test_it_makes_a_new_version_and_leaves_subscribers_theirs(self, folder: Path) -> None:
        publish(folder=folder)
        old = plan("pro")

        change(folder / "plans/pro.yaml", "price_usd: 29", "price_usd: 39")
        changed = publish(folder=folder, now=MONDAY + A_DAY)

        assert changed.plans == ["pro version 2"]
        assert plan_terms(slug="pro", at=MONDAY + A_DAY).tiers[0].price_cents == 3_900
        assert plan_version_terms(version_id=old.version_id) == old
        assert plan_terms(slug="pro", at=MONDAY) == old

    def test_it_prices_a_feature_anew(self, folder: Path) -> None:
        publish(folder=folder)

        change(
            folder / "features.yaml", "metric: fast_runs, cost_usd: 0.01", "metric: fast_runs, cost_usd: 0.02"
        )
        changed = publish(folder=folder, now=MONDAY + A_DAY)

        assert changed.features == ["fast"]
        assert queries.terms(agent="fast", at=MONDAY + A_DAY).number == 2
        assert queries.terms(agent="fast", at=MONDAY).number == 1

    def test_it_offers_a_plan_without_a_file_no_more(self, folder: Path) -> None:
        publish(folder=folder)

        (folder / "plans/egress.yaml").unlink()
        changed = publish(folder=folder, now=MONDAY + A_DAY)

        assert changed.retired == ["egress"]
        assert "egress" not in [p.slug for p in plans(at=MONDAY + A_DAY)]
        assert plan("egress", at=MONDAY + A_DAY).self_service is False
        assert publish(folder=folder, now=MONDAY + A_DAY).retired == []

    @pytest.mark.django_db(transaction=True)
    def test_it_publishes_once_when_two_deployments_do(self) -> None:
        race(2, lambda _place: publish())

        assert Plan.objects.filter(slug="pro").count() == 1
        assert PlanVersion.objects.filter(plan__slug="pro").count() == 1
        assert Creator.objects.filter(is_platform=True).count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_it_freezes_entitlements_with_their_version(self) -> None:
        publish()
        tier = SubscriptionTier.objects.get(name="Pro")

        with pytest.raises(ProgrammingError, match="permission denied"):
            Entitlement.objects.filter(tier=tier).update(included=1)
        with pytest.raises(IntegrityError, match="its entitlements are complete"):
            Entitlement.objects.create(tier=tier, feature=Feature.objects.get(slug="sla"))


class TestNotFound:
    @pytest.mark.parametrize("slug", ["", "nothing", "pro\x00", "x" * 5_000, "per-request"])
    def test_it_refuses_an_unknown_plan(self, slug: str) -> None:
        publish()

        with pytest.raises(PlanNotFoundError):
            plan(slug)

    def test_it_refuses_a_plan_before_it_was_published(self) -> None:
        publish()

        with pytest.raises(PlanNotFoundError):
            plan("pro", at=MONDAY - A_DAY)


class TestRefusals:
    @pytest.mark.parametrize(
        ("file", "old", "new", "problem"),
        [
            (
                "plans/pro.yaml",
                "price_usd: 29",
                "price_usd: -1",
                "line 11, pro.yaml: tiers[0].price_usd: must be 0",
            ),
            ("plans/pro.yaml", "price_usd: 29", "price: 29", "pro.yaml: tiers[0].price: unknown field"),
            ("plans/pro.yaml", "price_usd: 29", "price_usd: 29.999", "has more than 2 decimal places"),
            ("plans/pro.yaml", "feature: execution,", "feature: nothing,", 'there is no feature "nothing"'),
            ("plans/pro.yaml", "hard: false", "hard: maybe", "entitlements[0].hard: must be true or false"),
            ("plans/pro.yaml", "included: 5000", "included: NaN", "must be a plain decimal number"),
            (
                "plans/pro.yaml",
                "metric: execution",
                "metric: unheard",
                '"unheard" is the metric of no feature',
            ),
            ("plans/pro.yaml", "catalogue: executions", "catalogue: agent", "catalogue: must be one of"),
            ("plans/pro.yaml", "slug: pro", "slug: free", '"free" is another plan'),
            (
                "plans/pro.yaml",
                "amount: 0.005",
                "amount: 0.005, payment_term: in_advance",
                "is for flat prices",
            ),
            (
                "plans/pro.yaml",
                "amount: 0.005",
                "amount: 0.005, overage: perhaps",
                "must be one of on, blocked",
            ),
            (
                "plans/pro.yaml",
                "{feature: email-support}",
                "{feature: email-support, included: 1}",
                "is there or not",
            ),
            ("plans/builds.yaml", "included: 2000", "included: 2000, rollover: 1", "rollover: is for quotas"),
            ("plans/pro.yaml", "plan:", "- plan:", "must be a mapping"),
            ("plans/pro.yaml", "place: 30", "place: 1.5", "place: has more than 0 decimal places"),
            ("plans/pro.yaml", "name: Pro\n      ", 'name: "\\0"\n      ', "tiers[0].name: must be a name"),
            (
                "features.yaml",
                "aggregation: max, property: running",
                "aggregation: max",
                "max reads a property",
            ),
            (
                "features.yaml",
                "aggregation: max",
                "aggregation: median",
                "aggregation: must be one of count, sum",
            ),
            ("features.yaml", "slug: fast,", "slug: heavy,", "has the slug or the metric of another"),
            ("features.yaml", "metric: fast_runs, ", "", "metric: is missing: its runs report one"),
            ("features.yaml", "cost_usd: 0.25", "cost_usd: -1", "cost_usd: must be 0 or more"),
            (
                "features.yaml",
                "metric: heavy_runs",
                "metric: far_too_long_for_a_wallet",
                "up to 20 small letters",
            ),
            ("features.yaml", "quota: true", "quota: [", "is not valid YAML"),
        ],
    )
    def test_it_names_file_line_and_field(
        self, folder: Path, file: str, old: str, new: str, problem: str
    ) -> None:
        change(folder / file, old, new)

        with pytest.raises(ManifestError) as refused:
            publish(folder=folder)

        assert problem in str(refused.value)
        assert Path(file).name in str(refused.value) or "another plan" in problem
        assert "line " in str(refused.value) or "another plan" in problem
        assert not Plan.objects.exists()

    def test_it_refuses_a_slug_that_a_creator_has_taken(self) -> None:
        publish()
        Agent.objects.filter(slug="fast").update(slug="fast-of-the-platform")

        publish(now=MONDAY + A_DAY)

        assert Feature.objects.get(slug="fast").agent.slug == "fast-of-the-platform"  # type: ignore[union-attr]


class TestCommand:
    def test_it_tells_what_it_published(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("publish_catalogue")
        first = capsys.readouterr().out
        call_command("publish_catalogue")

        assert "feature execution" in first
        assert "plan pro version 1" in first
        assert capsys.readouterr().out == "Nothing changed.\n"

    def test_it_refuses_a_folder_without_a_catalogue(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"features\.yaml"):
            call_command("publish_catalogue", folder=tmp_path)
