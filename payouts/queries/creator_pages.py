"""What a creator's pages show: frozen values, no querysets."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from marketplace.models import Agent, Creator
from payouts import calendar, countries, gates, requirements, terms_text
from payouts.calendar import DAY, Period
from payouts.models import Payout, PayoutAccount, Schedule
from payouts.queries import earnings, maturing, standing, terms
from payouts.queries.earnings import Row, Sums
from payouts.queries.terms import Terms
from payouts.requirements import Requirement
from wallets import money
from wallets.money import credits_to_usd
from wallets.templatetags.money import credits_text

MONTH_DAYS: Final = 30
TOP_AGENTS: Final = 5


@dataclass(frozen=True)
class Account:
    """The connected account, as dj-stripe synced it last."""

    state: str
    stripe_account_id: str = ""
    payouts_enabled: bool = False
    details_submitted: bool = False
    requirements: tuple[Requirement, ...] = ()
    disabled_reason: str = ""
    deadline: dt.datetime | None = None
    ended: str = ""
    country: str = ""
    currency: str = ""
    across_border: bool = False
    past: tuple[str, ...] = ()
    synced_at: dt.datetime | None = None

    @property
    def charges_enabled(self) -> bool:
        """Creators are paid by transfers; they charge nobody."""
        return False


@dataclass(frozen=True)
class NextPayout:
    """The next pay date and what it will bring, as things stand; on demand: today, if the creator asks."""

    date: dt.date
    period_from: dt.date
    period_to: dt.date
    estimate: int
    estimate_usd: int
    maturing: int
    blocked_reason: str
    on_demand: bool


@dataclass(frozen=True)
class TermsShown:
    """When a creator is paid, from what amount on, and what it may choose."""

    schedule: str
    when: str
    reserve: str
    minimum: str
    least_cents: int
    choices: tuple[tuple[str, str], ...]
    on_demand: bool


@dataclass(frozen=True)
class CheckItem:
    """One step on the way to the first payout."""

    label: str
    done: bool
    url: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Recent:
    """Net earnings of today (UTC), of 7 and of 30 days."""

    today: int
    week: int
    month: int
    today_usd: int
    week_usd: int
    month_usd: int


@dataclass(frozen=True)
class Overview:
    """The creator's home."""

    earnings: Recent
    next_payout: NextPayout | None
    checklist: tuple[CheckItem, ...]
    chart: dict[str, Any] | None
    summary: str
    top_agents: tuple[Row, ...]
    account: Account


def overview(*, creator: Creator, now: dt.datetime) -> Overview:
    """Gather the creator's home."""
    today = calendar.utc_day(at=now)
    first = today - DAY * (MONTH_DAYS - 1)
    span = {"since": calendar.midnight(day=first), "until": now}
    rows = earnings.rows(creator_id=creator.pk, group_by="day", **span)
    agents = earnings.rows(creator_id=creator.pk, group_by="agent", **span)
    return Overview(
        earnings=_recent(rows, today),
        next_payout=next_payout(creator=creator, now=now),
        checklist=_checklist(creator, earned=bool(rows)),
        chart=day_chart(rows=rows, first=first, last=today) if rows else None,
        summary=summary(rows=rows, days=MONTH_DAYS),
        top_agents=tuple(agents[:TOP_AGENTS]),
        account=account(creator=creator),
    )


def account(*, creator: Creator) -> Account:
    """Read where the creator's connection to Stripe stands."""
    row = PayoutAccount.objects.filter(creator=creator).exclude(stripe_account_id=None).first()
    past = tuple(creator.past_accounts.order_by("id").values_list("stripe_account_id", flat=True))
    if row is None:
        return Account(state="none", past=past)
    return Account(
        state=_account_state(row),
        stripe_account_id=row.stripe_account_id or "",
        payouts_enabled=row.payouts_enabled,
        details_submitted=row.details_submitted,
        requirements=tuple(requirements.in_words(names=row.requirements_due)),
        disabled_reason=requirements.disabled_in_words(reason=row.disabled_reason),
        deadline=row.requirements_deadline,
        ended=row.get_ended_display() if row.ended else "",
        country=countries.name_of(code=row.country),
        currency=row.currency.upper(),
        across_border=row.service_agreement == "recipient",
        past=past,
        synced_at=row.synced_at,
    )


def next_payout(*, creator: Creator, now: dt.datetime) -> NextPayout | None:
    """Estimate the next payout that brings something; None when nothing is earned and unpaid.

    Several periods may wait for their pay date, more of them the longer the tier's window is.
    """
    agreed = terms.of(creator_id=creator.pk)
    if agreed.schedule == calendar.ON_DEMAND:
        asked = _estimated(creator, agreed, agreed.latest_period(now=now))
        return asked if asked.estimate or asked.maturing else None
    found: list[NextPayout] = []
    period = agreed.next_period(now=now)
    while not found or (found[-1].estimate_usd == 0 and found[-1].period_to < calendar.utc_day(at=now)):
        found.append(_estimated(creator, agreed, period))
        period = period.following
    return next((payout for payout in (found[-1], *found) if payout.estimate), None)


def terms_shown(*, creator: Creator) -> TermsShown:
    """Tell a creator's terms."""
    agreed = terms.of(creator_id=creator.pk)
    return TermsShown(
        schedule=agreed.schedule,
        when=terms_text.when(schedule=agreed.schedule, window_days=agreed.window_days),
        reserve=terms_text.reserve(share_bp=agreed.reserve_bp, days=agreed.reserve_days),
        minimum=_usd(agreed.minimum_cents) if agreed.minimum_cents else "",
        least_cents=agreed.least_cents,
        choices=tuple(_choices()),
        on_demand=agreed.schedule == calendar.ON_DEMAND,
    )


def day_chart(*, rows: Sequence[Row], first: dt.date, last: dt.date) -> dict[str, Any]:
    """Draw net earnings by UTC day, the empty days too."""
    nets = {row.day: row.net for row in rows}
    days = [first + DAY * number for number in range((last - first).days + 1)]
    return {
        "labels": [f"{day:%b} {day.day}" for day in days],
        "series": [{"name": "Yours", "values": [nets.get(day, 0) for day in days]}],
        "unit": "credits",
        "kind": "bar",
        "stacked": False,
    }


def agent_chart(*, rows: Sequence[Row]) -> dict[str, Any]:
    """Draw net earnings by agent."""
    return {
        "labels": [row.name for row in rows],
        "series": [{"name": "Yours", "values": [row.net for row in rows]}],
        "unit": "credits",
        "kind": "bar",
        "stacked": False,
    }


def summary(*, rows: Sequence[Sums], days: int) -> str:
    """Say a chart in one sentence."""
    net, runs = sum(row.net for row in rows), sum(row.executions for row in rows)
    if not rows:
        return f"No earnings in the last {days} days."
    return f"{credits_text(net)} credits from {runs:,} run{'' if runs == 1 else 's'} in {days} days."


def _recent(rows: Sequence[Row], today: dt.date) -> Recent:
    def net(days: int) -> int:
        return sum(row.net for row in rows if row.day and row.day > today - DAY * days)

    day, week, month = net(1), net(7), net(MONTH_DAYS)
    return Recent(day, week, month, credits_to_usd(day), credits_to_usd(week), credits_to_usd(month))


def _estimated(creator: Creator, agreed: Terms, period: Period) -> NextPayout:
    there = earnings.maturing(creator_id=creator.pk)
    days = list(maturing.divided(creator_id=creator.pk, agreed=agreed, before=period.end, there=there))
    purse = standing.purse(creator_id=creator.pk)
    unpromised = purse.payable - standing.promised(creator_id=creator.pk) + purse.debt
    estimate = max(unpromised + sum(day.payable for day in days), 0)
    row = PayoutAccount.objects.filter(creator=creator).first()
    found = gates.assess(
        payable=estimate, standing=standing.account_standing(account=row), minimum_cents=agreed.least_cents
    )
    return NextPayout(
        date=period.pay_date,
        period_from=period.start,
        period_to=period.last_day,
        estimate=estimate,
        estimate_usd=credits_to_usd(found.amount),
        maturing=max(there - sum(day.amount for day in days), 0),
        blocked_reason=found.detail,
        on_demand=agreed.schedule == calendar.ON_DEMAND,
    )


def _choices() -> Iterator[tuple[str, str]]:
    for value, label in Schedule.choices:
        yield value, f"{label}, from ${_usd(terms.platform_minimum(schedule=value))} on"


def _usd(cents: int) -> str:
    return money.usd_text(money.cents_to_micros(cents) * money.MICRO)


def _account_state(row: PayoutAccount) -> str:
    if row.ended:
        return "ended"
    if row.can_be_paid:
        return "active"
    if not row.details_submitted:
        return "onboarding"
    return "restricted" if row.requirements_due or row.disabled_reason else "pending"


def _checklist(creator: Creator, *, earned: bool) -> tuple[CheckItem, ...]:
    published = Agent.objects.filter(creator=creator, status=Agent.Status.PUBLISHED).exists()
    transferred = Payout.objects.filter(creator=creator, state__in=Payout.TRANSFERRED).exists()
    row = PayoutAccount.objects.filter(creator=creator).first()
    return (
        CheckItem(
            "Publish an agent",
            published,
            reverse("marketplace:creator_agent_new"),
            "Set its price with a manifest.",
        ),
        CheckItem(
            "Connect Stripe",
            bool(row and row.can_be_paid),
            reverse("payouts:connect"),
            "Stripe checks who you are and pays your bank.",
        ),
        CheckItem(
            "Earn from a first run", earned or transferred, "", "Runs of your own agents earn you nothing."
        ),
        CheckItem(
            "Receive a payout", transferred, reverse("payouts:payouts"), "Weekly, monthly or when you ask."
        ),
    )
