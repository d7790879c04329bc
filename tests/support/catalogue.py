"""The platform's own plans and features, as the repository's files say them."""

import datetime as dt
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.periodic import Offer, UsageLine, offer_of, rate_period
from marketplace import catalogue
from marketplace.queries.plans import plan_terms
from marketplace.terms import PlanTerms
from tests.support.people import MONDAY

DOLLAR = 1_000_000


def publish(*, folder: Path = catalogue.FOLDER, now: dt.datetime = MONDAY) -> catalogue.Published:
    """Publish the catalogue."""
    return catalogue.publish(actor="command:publish_catalogue", now=now, folder=folder)


def copied(folder: Path) -> Path:
    """Copy the catalogue's files, to be changed."""
    copy = folder / "catalogue"
    shutil.copytree(catalogue.FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def change(file: Path, old: str, new: str) -> None:
    """Change a word of a file."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def plan(slug: str, *, at: dt.datetime = MONDAY) -> PlanTerms:
    """Give what a published plan says."""
    return plan_terms(slug=slug, at=at)


def offer(slug: str) -> Offer:
    """Give the only tier of a plan as an offer."""
    terms = plan(slug)
    (tier,) = terms.tiers
    return offer_of(plan=terms, tier=tier)


def month(slug: str, quantities: Mapping[str, int | str], **circumstances: Any) -> tuple[UsageLine, ...]:
    """Rate a month of use on the only tier of a plan."""
    terms = plan(slug)
    (tier,) = terms.tiers
    return rate_period(
        prices=terms.prices,
        quantities={metric: Decimal(quantity) for metric, quantity in quantities.items()},
        entitlements=tier.entitlements,
        spend_cap_cents=tier.spend_cap_cents,
        **circumstances,
    )


def told(lines: tuple[UsageLine, ...]) -> list[tuple[str, Decimal, Decimal, str, int]]:
    """Give lines as plain tuples: metric, quantity, rate, tier, micros of USD."""
    return [(line.meter, line.quantity, line.rate, line.tier, line.amount_micros) for line in lines]
