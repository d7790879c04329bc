"""Settle what ran: one report or a thousand, in one SQL call. Each is settled, replayed or refused alone."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import IntegrityError, OperationalError, connection
from psycopg.errors import DeadlockDetected, UniqueViolation

from billing import rating
from billing.queries import executions, payers, prices
from billing.queries.executions import HeldTo
from billing.rating import Line, Rated
from billing.runs import (
    LATE_MAX,
    CustomerNotFoundError,
    ExecutionClosedError,
    ExecutionNotFoundError,
    Gate,
    Outcome,
    Report,
    Settled,
)
from config.kit import ids
from config.kit.errors import DomainError, InvalidInputError, KeyReusedError
from marketplace import queries as marketplace
from marketplace.defaults import class_rates_bp
from marketplace.models import Agent
from marketplace.terms import PricingModel, Terms, VersionTerms
from wallets import calls, money
from wallets.calls import InsufficientCreditsError

SETTLE: Final = "SELECT billing_settle(%s::jsonb, %s::jsonb, %s)"
KEY_ONCE: Final = "billing_usageeventkey_pkey"
DEADLOCK_TRIES: Final = 5


class SubscriptionRequiredError(InsufficientCreditsError):
    """The agent runs for its subscribers only."""

    code = "subscription_required"
    title = "A subscription is required"


class QuotaExceededError(InsufficientCreditsError):
    """The plan's quota is used up, or there is none."""

    code = "quota_exceeded"
    title = "The quota is used up"


class OccurredAtError(InvalidInputError):
    """The run is said to have ended in the future, or too long ago."""

    code = "occurred_at_out_of_range"
    status = 422
    title = "occurred_at is out of range"


def settle(*, report: Report, now: dt.datetime) -> Settled:
    """Settle one report.

    Raises ExecutionNotFoundError, ExecutionClosedError, AgentNotFoundError, AgentSuspendedError,
    CustomerNotFoundError, KeyReusedError, InvalidInputError, OccurredAtError, InsufficientCreditsError and
    SubscriptionRequiredError.
    """
    (found,) = settle_many(reports=[report], now=now)
    if isinstance(found, DomainError):
        raise found
    return found


def settle_many(*, reports: Sequence[Report], now: dt.datetime) -> list[Settled | DomainError]:
    """Settle reports in their order; a refused one is its refusal and leaves nothing behind."""
    prepared = _prepare(reports, now)
    items = [item for item in prepared if isinstance(item, dict)]
    answers = iter(_call(items, now) if items else [])
    return [
        item if isinstance(item, DomainError) else _judge(report, next(answers))
        for report, item in zip(reports, prepared, strict=True)
    ]


def _prepare(reports: Sequence[Report], now: dt.datetime) -> list[dict[str, Any] | DomainError]:
    reserved = {report.execution for report in reports if report.execution is not None}
    direct = [report for report in reports if report.execution is None]
    held_to = executions.terms_of(public_ids=reserved) if reserved else {}
    terms = marketplace.terms_many(wanted=[(r.agent, r.occurred_at or now) for r in direct]) if direct else {}
    subscribed = _subscribed(direct, terms, now)
    prepared: list[dict[str, Any] | DomainError] = []
    for report in reports:
        try:
            _refuse_times(report, now)
            if report.execution is not None:
                prepared.append(_reserved_item(report, held_to.get(report.execution)))
            else:
                found = terms[report.agent, report.occurred_at or now]
                prepared.append(_direct_item(report, found, subscribed, now))
        except DomainError as refusal:
            prepared.append(refusal)
    return prepared


def _subscribed(
    direct: Sequence[Report], terms: dict[tuple[str, dt.datetime], Terms | DomainError], now: dt.datetime
) -> dict[tuple[str, int], Terms]:
    """Give the terms that the callers of subscribers' agents have subscribed to."""
    found = [(report.caller, terms[report.agent, report.occurred_at or now]) for report in direct]
    wanted = [
        (caller, each.agent_id)
        for caller, each in found
        if isinstance(each, Terms) and each.pricing_model is PricingModel.SUBSCRIPTION
    ]
    versions = payers.subscribed_versions(wanted=wanted, now=now)
    if not versions:
        return {}
    said = marketplace.terms_by_version(version_ids=set(versions.values()))
    return {pair: said[version_id] for pair, version_id in versions.items()}


def _refuse_times(report: Report, now: dt.datetime) -> None:
    if report.occurred_at is not None and not now - LATE_MAX <= report.occurred_at <= now:
        raise OccurredAtError(
            f"occurred_at is in the future, or more than {LATE_MAX.days} days back.",
            errors=[{"pointer": "/occurred_at", "detail": "is out of range"}],
        )


def _reserved_item(report: Report, held_to: HeldTo | None) -> dict[str, Any]:
    if held_to is None:
        raise ExecutionNotFoundError(f"There is no execution {report.execution}.")
    # The model that ran, at the rates that held when the run was reserved.
    rated = _rated(report, held_to.terms, report.model or held_to.model, held_to.opened_at)
    return (
        _item(report, rated, held_to.policy)
        | _of_quota(report, held_to.terms)
        | {"execution": report.execution}
    )


def _direct_item(
    report: Report, found: Terms | DomainError, subscribed: dict[tuple[str, int], Terms], now: dt.datetime
) -> dict[str, Any]:
    if isinstance(found, DomainError):
        raise found
    if not report.keys():
        raise InvalidInputError("Without an execution, send event_id or Idempotency-Key.")
    terms, at = found, report.occurred_at or now
    rated = _rated(report, terms, report.model, at)
    if terms.pricing_model is PricingModel.SUBSCRIPTION:
        theirs = subscribed.get((report.caller, terms.agent_id))
        if theirs is None:
            raise SubscriptionRequiredError(
                f"{terms.agent_name} runs for its subscribers only.",
                extra=_short(Gate.SUBSCRIPTION, rated.amount, 0),
            )
        terms, rated = theirs, _rated(report, theirs, report.model, at)
    run = {
        "public_id": ids.new(ids.EXECUTION),
        "caller": report.caller,
        "creator": terms.creator,
        "agent": terms.agent_id,
        "version": terms.version_id,
    }
    return (
        _item(report, rated, terms.outcome_policy)
        | _of_quota(report, terms)
        | {"execution": None, "run": run}
    )


def _of_quota(report: Report, terms: VersionTerms) -> dict[str, Any]:
    if not terms.quota_unit:
        return {}
    amount = rating.counted(unit=terms.quota_unit, usage=report.usage)
    return {"quota": {"unit": terms.quota_unit, "amount": amount}}


def _rated(report: Report, terms: VersionTerms, model: str, at: dt.datetime) -> Rated:
    rated = prices.rated(terms=terms, usage=report.usage, model=model, at=at, stated=report.prices)
    return replace(rated, amount=money.Micros(0)) if terms.pricing_model is PricingModel.FREE else rated


def _item(report: Report, rated: Rated, policy: str) -> dict[str, Any]:
    charges = report.outcome is Outcome.SUCCESS or policy == Agent.OutcomePolicy.START
    return {
        "principal": report.principal,
        "keys": report.keys(),
        "fingerprint": report.fingerprint().hex(),
        "cost": rated.amount,
        "charges": charges,
        "usage": {metric: f"{value:f}" for metric, value in report.usage.items()},
        "lines": [_line(line) for line in rated.lines],
        "metrics": _metrics(rated),
        "outcome": report.outcome,
        "model": report.model,
        "occurred_at": report.occurred_at and report.occurred_at.isoformat(),
    }


def _line(line: Line) -> list[Any]:
    told = [line.metric, f"{line.quantity:f}", f"{line.rate:f}", line.amount]
    return [*told, line.tier] if line.tier else told


def _metrics(rated: Rated) -> list[tuple[str, str, int]]:
    """Spread the cost over the readings, so that each usage event knows its part."""
    if not rated.readings:
        return []
    weights = [reading.amount for reading in rated.readings]
    parts = money.largest_remainder(rated.amount, weights if any(weights) else [1] * len(weights))
    return [
        (reading.metric, f"{reading.quantity:f}", part)
        for reading, part in zip(rated.readings, parts, strict=True)
    ]


def _call(items: list[dict[str, Any]], now: dt.datetime) -> list[dict[str, Any]]:
    parameters: list[Any] = [json.dumps(items), json.dumps(class_rates_bp()), now]
    # Each race lost is for a key that is found the next time: no more of them than there are keys.
    tries = DEADLOCK_TRIES + sum(len(item["keys"]) for item in items)
    for attempt in range(1, tries + 1):
        try:
            with connection.cursor() as cursor:
                cursor.execute(SETTLE, parameters)
                (answers,) = cursor.fetchone()
        except (IntegrityError, OperationalError) as error:
            # The loser of a race did nothing and tries again.
            if attempt == tries or not _lost_race(error.__cause__):
                raise
        else:
            return list(json.loads(answers))
    raise AssertionError("unreachable")


def _lost_race(cause: BaseException | None) -> bool:
    """Tell whether another settlement logged one of the keys first: for another wallet or run, so nobody waited."""
    if isinstance(cause, UniqueViolation):
        return cause.diag.constraint_name == KEY_ONCE
    return isinstance(cause, DeadlockDetected)


def _judge(report: Report, answer: dict[str, Any]) -> Settled | DomainError:
    match answer["answer"]:
        case "settled" | "replayed":
            return Settled(**answer["facts"], replayed=answer["answer"] == "replayed")
        case "closed":
            state = answer["facts"]["state"]
            return ExecutionClosedError(f"The execution is {state}.", extra={"execution_status": state})
        case "insufficient" | "quota":
            return _uncovered(answer)
        case "key_reused":
            return KeyReusedError("This event_id or Idempotency-Key came with another report before.")
        case "no_customer":
            return CustomerNotFoundError(f"There is no customer {report.caller!r}.")
        case _:
            return ExecutionNotFoundError(f"There is no execution {report.execution}.")


def _uncovered(answer: dict[str, Any]) -> InsufficientCreditsError:
    required, available = answer["required"], answer["available"]
    wanted, left = money.text(required), money.text(max(available, 0))
    if answer["answer"] == "insufficient":
        return InsufficientCreditsError(
            f"{wanted} credits are needed and {money.text(available)} are available.",
            extra=_short(Gate.WALLET, required, available),
        )
    return quota_exceeded(unit=answer["unit"], wanted=wanted, left=left)


def quota_exceeded(*, unit: str, wanted: str, left: str) -> QuotaExceededError:
    """Say what a use needs of a quota, and what is left of it."""
    return QuotaExceededError(
        f"{wanted} {unit} are needed and {left} are left of the quota.",
        extra=_short(Gate.QUOTA, 0, 0) | {"quota": {"unit": unit, "required": wanted, "available": left}},
    )


def _short(gate: Gate, required: int, available: int) -> dict[str, Any]:
    shortfall = calls.shortfall(required=required, available=available)
    return {"blocking_gate": gate, **shortfall.extra}
