"""What an agreement would come to, before anybody signs it: a year at less than, at, and above its commitment."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.periodic import Commitment, UsageLine, fees, rate_period, total
from billing.queries.invoices import plain
from marketplace.agreements import Deal
from marketplace.terms import PlanTerms

MONTHS: Final = 12
# What of the commitment is used: half of it shows the true-up, more than it the overage.
USED: Final = (Decimal("0.5"), Decimal(1), Decimal("1.5"))
PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class CostLine:
    """A line of one month, in words and USD micros."""

    text: str
    quantity: str
    rate: str
    amount: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A month with so much of the commitment used, and twelve of it, in USD micros."""

    title: str
    lines: tuple[CostLine, ...]
    month: int
    year: int


def scenarios(*, deal: Deal, plan: PlanTerms) -> list[Scenario]:
    """Rate a month of a deal at several levels of use; without a commitment there is nothing to show."""
    agreed = deal.commitment
    if agreed is None:
        return []
    commitment = Commitment(agreed.metric, agreed.quantity, agreed.off_bp())
    return [_scenario(plan, commitment, used) for used in USED]


def _scenario(plan: PlanTerms, commitment: Commitment, used: Decimal) -> Scenario:
    tier = plan.tiers[0]
    quantity = (commitment.quantity * used).to_integral_value()
    lines = (
        *fees(fee_cents=tier.price_cents, name=tier.name, prices=plan.prices),
        *rate_period(
            prices=plan.prices,
            quantities={commitment.metric: quantity},
            entitlements=tier.entitlements,
            commitment=commitment,
            spend_cap_cents=tier.spend_cap_cents,
        ),
    )
    month = total(lines=lines)
    title = f"{int(used * PERCENT)} % used: {quantity:,f} a month"
    return Scenario(title, tuple(_line(line) for line in lines), month, month * MONTHS)


def _line(line: UsageLine) -> CostLine:
    text = ", ".join(part for part in (line.text, line.tier) if part)
    return CostLine(text, f"{line.quantity:,f}", plain(line.rate), line.amount_micros)
