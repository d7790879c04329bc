"""What was used in a period above what it includes, as lines of the customer's draft."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from billing.models.invoices import Invoice, InvoiceLine
from billing.models.subscriptions import SubscriptionPeriod
from billing.operations.invoices import drafting
from billing.operations.invoices.drafting import LineIn
from billing.operations.subscriptions import allowances
from billing.periodic import Commitment, UsageLine, rate_period
from billing.periods import Period
from billing.queries import meters, overage, rights
from billing.queries import subscriptions as queries
from billing.queries.overage import Burned
from marketplace.queries import plans
from marketplace.terms import EntitlementTerms, PlanTerms, TierTerms
from wallets import debts, money
from wallets.models import Wallet

Kind: Final = InvoiceLine.Kind
MICRO: Final = Decimal(money.MICRO)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a wallet is below zero by and no draft bills yet, in micros of its unit."""

    wallet_id: int
    amount: int


def bill(*, period: SubscriptionPeriod, now: dt.datetime) -> Invoice | None:
    """Put a closed period's usage on the customer's draft, in the caller's transaction; None when there is none."""
    if period.subscription.agent_id is not None:
        return None
    lines = [*_credits(period), *_metered(period)]
    if not any(line.amount_micros for line in lines):
        return None
    stretch = Period(period.starts_at, period.ends_at)
    invoice = drafting.draft(customer_id=period.subscription.customer_id, period=stretch, now=now)
    for line in lines:
        drafting.add_line(invoice=invoice, line=line, now=now)
    return invoice


def _credits(period: SubscriptionPeriod) -> Iterator[LineIn]:
    wallet = allowances.credit_wallet(customer_id=period.subscription.customer_id)
    owed = _owed(wallet)
    # Whole cents are billed; what is less than one stays a debt (ledger.md rule 7).
    cents = owed.amount // money.credits_per_cent() if owed else 0
    if owed is None or cents <= 0:
        return
    parts = overage.burned(wallet_id=owed.wallet_id, owed=owed.amount)
    shares = money.largest_remainder(cents, [part.amount for part in parts])
    for place, (part, share) in enumerate(zip(parts, shares, strict=True)):
        if share:
            yield _overage(period, part, wallet_id=owed.wallet_id, cents=share, place=place)


def _overage(period: SubscriptionPeriod, part: Burned, *, wallet_id: int, cents: int, place: int) -> LineIn:
    billed = money.cents_to_credits(cents)
    return LineIn(
        kind=Kind.OVERAGE,
        text="Credits above the plan's",
        source=f"overage:{queries.period_ref(period)}:{place}",
        amount_micros=money.cents_to_micros(cents),
        subscription_id=period.subscription_id,
        period_id=period.pk,
        agent_id=part.agent_id,
        model=part.model,
        metric="credits",
        quantity=Decimal(billed) / MICRO,
        rate=Decimal(money.credit_value()) / MICRO,
        wallet_id=wallet_id,
        debt=billed,
    )


def read(*, period: SubscriptionPeriod) -> dict[str, Decimal]:
    """Give what the meters of a period's plan read, as far as events have come in."""
    stretch = Period(period.starts_at, period.ends_at)
    metrics = [price.metric for price in _terms(period)[0].prices]
    return meters.quantities(customer_id=period.subscription.customer_id, metrics=metrics, period=stretch)


def rate(*, period: SubscriptionPeriod, read: Mapping[str, Decimal]) -> tuple[UsageLine, ...]:
    """Rate what was used in a period, at its plan's prices; consent was asked when it was used."""
    terms, tier = _terms(period)
    return rate_period(
        prices=terms.prices,
        quantities=read,
        entitlements=rights.included(period=period),
        commitment=_commitment(period.subscription.customer_id, terms.slug, period),
        spend_cap_cents=tier.spend_cap_cents,
    )


def _metered(period: SubscriptionPeriod) -> Iterator[LineIn]:
    entitlements = rights.included(period=period)
    owed = _quotas(period, entitlements)
    found = read(period=period)
    for entitlement in entitlements:
        if entitlement.metric in owed:
            beyond = Decimal(owed[entitlement.metric].amount) / MICRO
            found[entitlement.metric] = (entitlement.included or Decimal(0)) + beyond
    yield from _told(period, rate(period=period, read=found), owed)


def _terms(period: SubscriptionPeriod) -> tuple[PlanTerms, TierTerms]:
    terms = plans.plan_version_terms(version_id=period.tier.version_id)
    return terms, next(each for each in terms.tiers if each.id == period.tier_id)


def _told(
    period: SubscriptionPeriod, rated: tuple[UsageLine, ...], owed: dict[str, Owed]
) -> Iterator[LineIn]:
    ref = queries.period_ref(period)
    for place, line in enumerate(rated):
        # The first line that is charged carries the whole debt of its meter: it leaves the quota's wallet once.
        debt = owed.pop(line.meter, None) if line.amount_micros else None
        yield LineIn(
            kind=Kind.OVERAGE if debt else Kind.USAGE,
            text=line.text,
            source=f"usage:{ref}:{place}",
            amount_micros=line.amount_micros,
            subscription_id=period.subscription_id,
            period_id=period.pk,
            metric=line.meter,
            quantity=line.quantity,
            rate=line.rate,
            tier=line.tier,
            wallet_id=debt.wallet_id if debt else None,
            debt=debt.amount if debt else 0,
        )


def _quotas(period: SubscriptionPeriod, entitlements: tuple[EntitlementTerms, ...]) -> dict[str, Owed]:
    customer_id = period.subscription.customer_id
    found = {
        each.metric: _owed(allowances.quota_wallet(customer_id=customer_id, unit=each.unit))
        for each in entitlements
        if each.unit
    }
    return {metric: owed for metric, owed in found.items() if owed and owed.amount > 0}


def _owed(wallet: Wallet | None) -> Owed | None:
    if wallet is None:
        return None
    drafted = InvoiceLine.objects.filter(wallet=wallet, invoice__state=Invoice.State.DRAFT)
    waiting = drafted.aggregate(total=Sum("debt"))["total"] or 0
    return Owed(wallet.pk, debts.owed(wallet_id=wallet.pk) - waiting)


def _commitment(customer_id: int, slug: str, period: SubscriptionPeriod) -> Commitment | None:
    agreed = plans.agreement(customer_id=customer_id, slug=slug, at=period.starts_at)
    if agreed is None or not agreed.committed:
        return None
    return Commitment(agreed.metric, agreed.committed, agreed.discount_bp)
