"""Agreements: what is agreed with one customer over a plan, for twelve months at least."""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from accounts import audit
from accounts.models import Customer
from config.kit.errors import ConflictError, InvalidInputError
from marketplace.defaults import WHOLE_BP, committed_discount_bp
from marketplace.models import Agreement, Plan
from marketplace.queries.plans import plan_terms
from marketplace.terms import PlanTerms, PriceModel

MONTHS_MIN: Final = 12
MONTHS_MAX: Final = 120
MONTHS_A_YEAR: Final = 12
COMMITTED_MAX: Final = Decimal(10**11)
# What routers read; what they say is agreed by people.
TERMS: Final = ("sla", "support", "priority", "guardrails")
TERM_MAX: Final = 1_000


class AgreementOverlapError(ConflictError):
    """The customer has another agreement over this plan in that time."""

    code = "agreement_overlaps"
    title = "There is an agreement already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A quantity of a metric each month; its discount is the one for such a volume unless another was agreed on."""

    metric: str
    quantity: Decimal
    discount_bp: int | None = None

    def off_bp(self) -> int:
        """Give the discount, in basis points."""
        listed = committed_discount_bp(quantity=self.quantity)
        return listed if self.discount_bp is None else self.discount_bp


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What was agreed on."""

    plan: str
    starts_at: dt.datetime
    months: int = MONTHS_MIN
    commitment: Commitment | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends_at(self) -> dt.datetime:
        """Give when it ends."""
        return _months_later(self.starts_at, self.months)


def agree(*, customer: Customer, deal: Deal, actor: str, now: dt.datetime) -> Agreement:
    """Write an agreement down; raise PlanNotFoundError, InvalidInputError or AgreementOverlapError."""
    with transaction.atomic():
        lock(customer_id=customer.pk)
        plan = check(customer=customer, deal=deal, now=now)
        agreed = Agreement.objects.create(
            customer=customer,
            plan=Plan.objects.get(pk=plan.plan_id),
            created_by=actor,
            created_at=now,
            **facts(deal=deal),
        )
        audit.acted(actor=actor, act="agreement.agree", object_id=customer.public_id, reason="", now=now)
        return agreed


def lock(*, customer_id: int) -> None:
    """Let whoever agrees with a customer take turns: of two of staff, one sees what the other wrote."""
    Customer.objects.select_for_update().get(pk=customer_id)


def check(*, customer: Customer, deal: Deal, now: dt.datetime, but: Agreement | None = None) -> PlanTerms:
    """Raise what agree raises, and give what the plan says; `but` is the agreement that this one takes the place of."""
    plan = plan_terms(slug=deal.plan, at=now)
    _check(deal, {price.metric: price.model for price in plan.prices})
    over = Agreement.objects.filter(customer=customer, plan_id=plan.plan_id)
    others = over.exclude(pk=but.pk) if but else over
    if others.filter(starts_at__lt=deal.ends_at, ends_at__gt=deal.starts_at).exists():
        raise AgreementOverlapError(f"{customer.name} has an agreement over {plan.name} in that time.")
    return plan


def facts(*, deal: Deal) -> dict[str, Any]:
    """Give what a deal says as an agreement's columns."""
    commitment = deal.commitment
    return {
        "starts_at": deal.starts_at,
        "ends_at": deal.ends_at,
        "metric": commitment.metric if commitment else "",
        "committed": commitment.quantity if commitment else 0,
        "discount_bp": commitment.off_bp() if commitment else 0,
        "terms": dict(deal.terms),
    }


def check_terms(*, terms: Mapping[str, str]) -> None:
    """Raise InvalidInputError for recorded terms that routers would not read."""
    if not set(terms) <= set(TERMS):
        raise InvalidInputError.of("terms", f"may name {', '.join(TERMS)}")
    if any(len(said) > TERM_MAX or "\x00" in said for said in terms.values()):
        raise InvalidInputError.of("terms", f"are texts of up to {TERM_MAX} letters each")


def _check(deal: Deal, priced: Mapping[str, PriceModel]) -> None:
    if not MONTHS_MIN <= deal.months <= MONTHS_MAX:
        raise InvalidInputError.of("months", f"must be from {MONTHS_MIN} to {MONTHS_MAX}")
    check_terms(terms=deal.terms)
    if deal.commitment is not None:
        _check_commitment(deal.commitment, priced)


def _check_commitment(commitment: Commitment, priced: Mapping[str, PriceModel]) -> None:
    if priced.get(commitment.metric) is not PriceModel.PER_UNIT:
        raise InvalidInputError.of("metric", "must be one that the plan prices per unit")
    if not (commitment.quantity.is_finite() and 0 < commitment.quantity <= COMMITTED_MAX):
        raise InvalidInputError.of("committed", f"must be above 0, and {COMMITTED_MAX} or less")
    if commitment.quantity != commitment.quantity.to_integral_value():
        raise InvalidInputError.of("committed", "must be a whole number")
    if not 0 <= commitment.off_bp() <= WHOLE_BP:
        raise InvalidInputError.of("discount_bp", f"must be from 0 to {WHOLE_BP}")


def _months_later(start: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(start.month - 1 + months, MONTHS_A_YEAR)
    year = start.year + years
    return start.replace(
        year=year, month=month + 1, day=min(start.day, calendar.monthrange(year, month + 1)[1])
    )
