"""Packages: what they give, and that none loses money."""

import pytest
from django.test import override_settings

from marketplace import packages, queries
from marketplace.models import Agent, CreditPackage
from marketplace.packages import LosingPackageError
from tests.support.market import draft
from wallets.money import MICRO

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("value", "times"), [("0.01", 1), ("0.001", 10)])
@pytest.mark.parametrize("figures", [("starter", 1000, 100), ("growth", 5000, 1000), ("scale", 20_000, 6000)])
def test_w13_a_package_gives_paid_and_bonus_credits(
    figures: tuple[str, int, int], value: str, times: int
) -> None:
    slug, paid, bonus = figures
    with override_settings(CREDIT_VALUE_USD=value):
        offer = queries.package_offer(slug=slug)

    assert offer is not None
    assert offer.price_cents == paid  # a credit is a cent where W13's figures are from
    assert (offer.paid, offer.bonus) == (paid * times * MICRO, bonus * times * MICRO)
    assert offer.total == (paid + bonus) * times * MICRO


def test_f10_fifty_dollars_prepaid_give_fifty_five() -> None:
    offer = queries.package_offer(slug="prepaid-50")

    assert offer is not None
    assert (offer.paid, offer.bonus) == (50_000 * MICRO, 5_000 * MICRO)


def test_it_offers_what_is_on_sale_cheapest_first() -> None:
    CreditPackage.objects.filter(slug="growth").update(active=False)

    assert [offer.slug for offer in queries.package_offers()] == ["starter", "prepaid-50", "scale"]
    assert queries.package_offer(slug="growth") is None
    assert queries.package_offer(slug="none") is None


def test_it_publishes_a_package_and_changes_it() -> None:
    packages.publish(slug="small", name="Small", price_cents=500, bonus_bp=0)
    packages.publish(slug="small", name="Small", price_cents=700, bonus_bp=100)

    assert CreditPackage.objects.get(slug="small").price_cents == 700


def test_every_seeded_package_earns() -> None:
    packages.check_share(share_bp=packages.top_share_bp())


def test_it_refuses_a_package_that_can_lose_money() -> None:
    # At 80 %: (200 + 30) x 0.8 = 184.00 of 193.90 is fine with half a bonus; with the whole it is 208.00.
    packages.publish(slug="scale", name="Scale", price_cents=20_000, bonus_bp=3000)
    whole_bonus = override_settings(EARNING_CLASS_RATES_BP={"bonus": 10_000})
    with whole_bonus, pytest.raises(LosingPackageError, match=r"\$208.00 of it; \$193.90 is left"):
        packages.publish(slug="scale", name="Scale", price_cents=20_000, bonus_bp=3000)


def test_it_counts_the_card_fee_of_a_small_payment() -> None:
    with pytest.raises(LosingPackageError):
        packages.publish(slug="tiny", name="Tiny", price_cents=150, bonus_bp=0)


def test_it_judges_by_the_largest_share_that_any_agent_has() -> None:
    packages.publish(slug="wide", name="Wide", price_cents=10_000, bonus_bp=4000)
    Agent.objects.filter(pk=draft().pk).update(creator_share_bp=9000)

    with pytest.raises(LosingPackageError):
        packages.publish(slug="wide", name="Wide", price_cents=10_000, bonus_bp=4000)
    with pytest.raises(LosingPackageError):
        packages.check_share(share_bp=9000)
