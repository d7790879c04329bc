"""What the run path answers, rendered from stored facts: the same facts give the same bytes, now and at a replay."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.conf import settings
from django.urls import reverse

from billing.runs import Allowed, Blocked, Metered, QuotaShort, Settled
from config.kit.errors import DomainError
from wallets import money
from wallets.money import Amount


class Line(msgspec.Struct, omit_defaults=True):
    """One line of a charge; `tier` says what set its rate, where that is not plain."""

    metric: str
    quantity: str
    rate: Amount
    amount: Amount
    tier: str | msgspec.UnsetType = msgspec.UNSET


class Split(msgspec.Struct):
    """Who has what of a charge; processing is the processor's part, inside the platform's."""

    creator: Amount
    platform: Amount
    processing: Amount


class QuotaAnswer(msgspec.Struct):
    """What a run needs of a quota that does not cover it, in the quota's own unit."""

    unit: str
    required: str
    available: str


class CheckAnswer(msgspec.Struct, omit_defaults=True):
    """Whether a run may start, and reserved as what; or which gate blocks it, and what would open it."""

    allowed: bool
    available: Amount
    estimate: Amount | msgspec.UnsetType = msgspec.UNSET
    price_version: str | msgspec.UnsetType = msgspec.UNSET
    execution: str | msgspec.UnsetType = msgspec.UNSET
    hold: str | msgspec.UnsetType | None = msgspec.UNSET
    expires_at: str | msgspec.UnsetType = msgspec.UNSET
    blocking_gate: str | msgspec.UnsetType = msgspec.UNSET
    required: Amount | msgspec.UnsetType = msgspec.UNSET
    shortfall: Amount | msgspec.UnsetType = msgspec.UNSET
    top_up_url: str | msgspec.UnsetType = msgspec.UNSET
    quota: QuotaAnswer | msgspec.UnsetType = msgspec.UNSET


class SettledAnswer(msgspec.Struct):
    """What a run came to."""

    execution: str
    status: str
    charged: Amount
    released: Amount
    unbilled: Amount
    available: Amount
    split: Split
    lines: list[Line]
    price_version: str


class MeteredAnswer(msgspec.Struct):
    """What a run came to so far."""

    metered: Amount
    remaining: Amount
    stop: bool


def allowed(found: Allowed) -> CheckAnswer:
    """Render a run that may start."""
    answer = CheckAnswer(
        allowed=True,
        estimate=money.amount(found.estimate),
        available=money.amount(found.available),
        price_version=found.version,
    )
    if found.execution is not None:
        assert found.expires_at is not None
        answer.execution = found.execution
        answer.hold = found.hold
        answer.expires_at = time(found.expires_at)
    return answer


def blocked(found: Blocked) -> CheckAnswer:
    """Render a run that may not start."""
    return CheckAnswer(
        allowed=False,
        blocking_gate=found.gate.value,
        required=money.amount(found.required),
        available=money.amount(found.available),
        shortfall=money.amount(max(found.required - found.available, 0)),
        top_up_url=top_up_url(),
        quota=quota(found.quota) if found.quota else msgspec.UNSET,
    )


def quota(short: QuotaShort) -> QuotaAnswer:
    """Render a quota that does not cover a run."""
    return QuotaAnswer(short.unit, money.text(short.required), money.text(max(short.available, 0)))


def settled(found: Settled) -> SettledAnswer:
    """Render a run that was settled."""
    return SettledAnswer(
        execution=found.execution,
        status=found.state,
        charged=money.amount(found.charged),
        released=money.amount(found.released),
        unbilled=money.amount(found.unbilled),
        available=money.amount(found.available),
        split=split(creator=found.creator, platform=found.platform, processing=found.processing),
        lines=lines(found.lines),
        price_version=found.version,
    )


def metered(found: Metered) -> MeteredAnswer:
    """Render a reading."""
    return MeteredAnswer(money.amount(found.metered), money.amount(found.remaining), found.stop)


def split(*, creator: int, platform: int, processing: int) -> Split:
    """Render a split; `processing` is in USD micros."""
    return Split(money.amount(creator), money.amount(platform), money.amount_of_usd(processing))


def lines(stored: Sequence[Sequence[Any]] | None) -> list[Line]:
    """Render the lines of a charge as they were stored: metric, quantity, rate, micros, and a tier if it has one."""
    return [
        Line(metric, plain(Decimal(quantity)), rate(Decimal(rated)), money.amount(amount), *tier)
        for metric, quantity, rated, amount, *tier in stored or ()
    ]


def rate(credits: Decimal) -> Amount:
    """Render a rate, which may be finer than a micro, exactly."""
    usd = plain(credits * Decimal(settings.CREDIT_VALUE_USD))
    whole, _, fraction = usd.partition(".")
    return {"credits": plain(credits), "usd": f"{whole}.{fraction.ljust(2, '0')}"}


def plain(number: Decimal) -> str:
    """Write a decimal without exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def time(at: dt.datetime) -> str:
    """Write a time as RFC 3339 in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def with_top_up(refusal: DomainError) -> DomainError:
    """Say where credits are bought, where they are what is missing."""
    if "blocking_gate" in refusal.extra:
        refusal.extra.setdefault("top_up_url", top_up_url())
    return refusal


def top_up_url() -> str:
    """Give the page where credits are bought."""
    return str(settings.SITE_URL) + reverse("billing:topup_new")
