"""What the pages of runs show, as plain values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from accounts.models import Customer
from billing import answers
from billing.models.executions import Execution
from billing.queries import receipts, wallet_pages
from billing.queries.executions import RUNS
from billing.queries.parts import by_class, by_payee
from billing.rating import MINIMUM_LINE, REQUEST, ROUNDING_LINE, Line, Rated
from marketplace.models import Agent, TokenClass
from marketplace.price_text import label
from marketplace.queries.rate_cards import METRICS
from marketplace.terms import PriceModel, VersionTerms
from wallets import money, seals
from wallets.money import Micros

# What every model of a rate card counts.
TOKENS: Final = (METRICS[TokenClass.INPUT], METRICS[TokenClass.OUTPUT])
FIRST_GUESS: Final = {REQUEST: "1"}
LABELS: Final = {MINIMUM_LINE: "Least charge of a run", ROUNDING_LINE: "Rounding"}
PARTIES: Final = {
    "creator": "Creator",
    "others": "Other creators",
    "platform": "Platform",
    "processing": "of it payment processing",
}
PAID: Final = "paid"
NAMED_WITH_A_PART: Final = ("others", "processing")


@dataclass(frozen=True, slots=True)
class Field:
    """One metric to type."""

    metric: str
    label: str
    value: str
    error: str = ""
    step: str = "any"


@dataclass(frozen=True, slots=True)
class FormulaLine:
    """One line of a price: quantity x rate = amount, and the tier that set the rate."""

    metric: str
    label: str
    quantity: str
    rate: str
    amount: int
    tier: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the typed usage comes to."""

    amount: int
    usd: int
    lines: list[FormulaLine]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists and its live part show it."""

    public_id: str
    state: str
    open: bool
    agent_name: str
    agent_slug: str
    held: int
    charged: int | None
    released: int | None
    reserved_at: dt.datetime
    settled_at: dt.datetime | None
    undone_at: dt.datetime | None
    expires_at: dt.datetime
    reason: str
    price_version: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of a run and how much of it."""

    metric: str
    label: str
    quantity: str


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A grant's part of a charge."""

    funding_class: str
    label: str
    amount: int
    grant: str


@dataclass(frozen=True, slots=True)
class Part:
    """A party's part of a charge."""

    party: str
    label: str
    amount: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class ClassLine:
    """What credits of one class paid of a charge, and to whom it went."""

    label: str
    charged: int
    creators: int
    platform: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a run."""

    label: str
    at: dt.datetime
    detail: str = ""
    state: str = "done"


@dataclass(frozen=True, slots=True)
class Undone:
    """When and by which transaction all of a charge came back."""

    at: dt.datetime
    transaction_id: str


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Why a run cost what it cost."""

    public_id: str
    state: str
    agent_name: str
    agent_slug: str
    outcome: str
    charged: int
    charged_usd: int
    held: int
    released: int
    price_version: str
    version_number: int
    readings: list[Reading]
    lines: list[FormulaLine]
    drawn: list[DrawnLine]
    split: list[Part]
    classes: list[ClassLine]
    timeline: list[Step]
    api_url: str
    transaction_id: str
    chain_hash: str
    undone: Undone | None


def fields(*, terms: VersionTerms, typed: dict[str, str], errors: dict[str, str]) -> list[Field]:
    """List what a version meters, with what was typed."""
    metered = [price.metric for price in terms.prices if price.model is not PriceModel.FLAT]
    if terms.rate_card_id is not None:
        metered += [metric for metric in TOKENS if metric not in metered]
    return [
        Field(metric, label(metric), typed.get(metric, FIRST_GUESS.get(metric, "")), errors.get(metric, ""))
        for metric in metered
    ]


def estimate(*, rated: Rated) -> Estimate:
    """Show a rated usage."""
    return Estimate(
        rated.amount, money.credits_to_usd(rated.amount), [_rated_line(line) for line in rated.lines]
    )


def row(*, run: Execution) -> RunRow:
    """Show a run."""
    return RunRow(
        public_id=run.public_id,
        state=run.shown_state,
        open=run.is_open,
        agent_name=run.agent.name,
        agent_slug=run.agent.slug,
        held=run.held,
        charged=None if run.is_open else run.charged,
        released=None if run.is_open else run.released,
        reserved_at=run.opened_at,
        settled_at=run.closed_at,
        undone_at=run.undone_at,
        expires_at=run.expires_at,
        reason=run.reason,
        price_version=run.version.public_id,
    )


def runs_of(*, customer: Customer, state: str, agent: str) -> Any:
    """Select a customer's runs, filtered; the caller pages them."""
    found = Execution.objects.filter(customer=customer, source__in=RUNS).select_related("agent", "version")
    if state:
        found = found.filter(state=state)
    if agent:
        found = found.filter(agent__slug=agent)
    return found


def agents_run(*, customer: Customer) -> list[tuple[str, str]]:
    """List the agents that a customer has run, by name."""
    ran = Execution.objects.filter(customer=customer, source__in=RUNS).values("agent_id").distinct()
    return list(Agent.objects.filter(pk__in=ran).order_by("name").values_list("slug", "name"))


def receipt(*, run: Execution, api_url: str) -> ReceiptPage:
    """Show a run's receipt."""
    readings = run.usage or run.metered_usage or {}
    return ReceiptPage(
        public_id=run.public_id,
        state=run.shown_state,
        agent_name=run.agent.name,
        agent_slug=run.agent.slug,
        outcome=run.outcome,
        charged=run.charged,
        charged_usd=money.credits_to_usd(run.charged),
        held=run.held,
        released=run.released,
        price_version=run.version.public_id,
        version_number=run.version.number,
        readings=[
            Reading(name, label(name), answers.plain(Decimal(value))) for name, value in readings.items()
        ],
        lines=[_stored_line(*line) for line in run.lines or []] if run.charged else [],
        drawn=_drawn(run),
        split=_split(run),
        classes=_classes(run),
        timeline=_timeline(run),
        api_url=api_url,
        transaction_id=run.settlement.public_id if run.settlement else "",
        chain_hash=seals.hash_of(transaction_id=run.settlement_id),
        undone=Undone(run.undone_at, receipts.undoing_of(execution=run)) if run.undone_at else None,
    )


def _rated_line(line: Line) -> FormulaLine:
    return _stored_line(line.metric, f"{line.quantity:f}", f"{line.rate:f}", line.amount, line.tier)


def _stored_line(metric: str, quantity: str, rate: str, amount: int, tier: str = "") -> FormulaLine:
    name = LABELS.get(metric) or label(metric)
    return FormulaLine(
        metric, name, answers.plain(Decimal(quantity)), answers.plain(Decimal(rate)), amount, tier
    )


def _drawn(run: Execution) -> list[DrawnLine]:
    return [
        DrawnLine(part.funding_class, wallet_pages.GRANT_LABELS[part.funding_class], part.amount, part.grant)
        for part in receipts.drawn(execution=run)
    ]


def parts(*, amounts: Mapping[str, int], whole: int) -> list[Part]:
    """Show who has what of a charge; some parties are named only where they have something."""
    return [
        Part(party, PARTIES[party], amount, _percent(amount, whole))
        for party, amount in amounts.items()
        if amount or party not in NAMED_WITH_A_PART
    ]


def _split(run: Execution) -> list[Part]:
    if not run.charged:
        return []
    # The processor's part is told in credits here, inside the platform's.
    processing = Micros(run.processing * money.MICRO // money.credit_value())
    rest = parts(amounts={"platform": run.platform_amount, "processing": processing}, whole=run.charged)
    return [*_creators(run), *rest]


def _creators(run: Execution) -> list[Part]:
    found = by_payee(run=run)
    if len(found) < 2 and all(part.own for part in found):
        return parts(amounts={"creator": run.creator_amount}, whole=run.charged)
    return [
        Part("creator" if part.own else "others", part.name, part.amount, _percent(part.amount, run.charged))
        for part in found
    ]


def _classes(run: Execution) -> list[ClassLine]:
    """Tell the classes apart where some earn otherwise than bought credits do."""
    found = by_class(cells=run.cells)
    if all(part.funding_class == PAID for part in found):
        return []
    return [
        ClassLine(wallet_pages.GRANT_LABELS[part.funding_class], part.charged, part.creators, part.platform)
        for part in found
    ]


def _percent(part: int, whole: int) -> Decimal:
    percent = (Decimal(part) * 100 / whole).quantize(Decimal("0.1"))
    return percent.quantize(Decimal(1)) if percent == percent.to_integral_value() else percent


def _timeline(run: Execution) -> list[Step]:
    steps = [Step("Reserved", run.opened_at, f"{money.text(run.held)} credits held")]
    if run.closed_at is None:
        return steps
    details = {
        "settled": f"{money.text(run.charged)} credits charged, {money.text(run.released)} released",
        "released": run.reason or "Nothing was charged",
        "expired": "No result was reported in time",
        "unbilled": f"{money.text(run.unbilled)} credits were not covered and are not charged",
    }
    failed = "failed" if run.state == "expired" else "done"
    steps.append(Step(run.state.capitalize(), run.closed_at, details[run.state], failed))
    if run.posting:
        steps.append(Step("Split posted", run.posting.recorded_at, "The creator's part is pending"))
    if run.undone_at:
        steps.append(Step("Undone", run.undone_at, "All that was charged came back", "failed"))
    return steps
