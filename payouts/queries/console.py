"""What staff see first: is the money right, what waits for somebody, what happened today."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Max, Sum

from billing.models import Dispute, QuarantinedEvent
from billing.models.disputes import UNDER_WAY
from billing.queries import rollups
from marketplace.queries import rate_cards
from payouts.models import Payout
from payouts.queries import overdue, standing_of_books
from payouts.queries.solvency import Coverage
from payouts.queries.standing_of_books import Standing
from wallets import chart, queries
from wallets.models import Adjustment, BooksCheck, Wallet
from wallets.money import CREDITS

BOOKS: Final = "admin:wallets_bookscheck_changelist"
PAYOUTS: Final = "admin:payouts_payout_changelist"
RUNS: Final = "admin:payouts_payoutrun_changelist"
ACCOUNTS: Final = "admin:payouts_payoutaccount_changelist"
ADJUSTMENTS: Final = "admin:wallets_adjustment_changelist"
RATES: Final = "admin:marketplace_modelrate_changelist"
DISPUTES: Final = "admin:billing_dispute_changelist"
DISCREPANCIES: Final = "admin:payouts_discrepancy_changelist"
CORRECTIONS: Final = "admin:payouts_correction_changelist"
WITHDRAWALS: Final = "admin:payouts_withdrawal_changelist"
REFUNDS: Final = "admin:billing_refund_changelist"
DEBTS: Final = "admin:wallets_walletdebt_changelist"
CREATORS: Final = "admin:marketplace_creator_changelist"
EVENTS: Final = "admin:billing_quarantinedevent_changelist"


@dataclass(frozen=True)
class Money:
    """Where the money stands; USD micros but for the consumers' credits."""

    cash: int
    deferred: int
    owed: int
    in_transit: int
    consumers: int
    reserved: int


@dataclass(frozen=True)
class Today:
    """Runs settled since midnight, UTC."""

    runs: int
    charged: int


@dataclass(frozen=True)
class Proof:
    """The last proof of the books."""

    violated: int
    checked_at: dt.datetime | None


@dataclass(frozen=True)
class Waiting:
    """Things of one kind that wait for somebody; `page` is the admin's name of their list."""

    label: str
    count: int
    page: str
    query: str = ""


def money() -> Money:
    """Read the platform's position from the ledger."""
    consumers = Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, unit=CREDITS).aggregate(
        balance=Sum("balance", default=0), held=Sum("held", default=0)
    )
    return Money(
        cash=-queries.platform_balance(chart.STRIPE_CASH),
        deferred=queries.platform_balance(chart.DEFERRED),
        owed=queries.platform_balance(chart.OWED),
        in_transit=queries.platform_balance(chart.IN_TRANSIT),
        consumers=int(consumers["balance"]),
        reserved=int(consumers["held"]),
    )


def today(*, now: dt.datetime) -> Today:
    """Count what settled today and what it came to."""
    found = rollups.settled_by_day(since=now.date())
    return Today(runs=sum(day.runs for day in found), charged=sum(day.charged for day in found))


def charged_per_day(*, now: dt.datetime, days: int) -> list[tuple[dt.date, int]]:
    """Sum what runs charged on each of the last days (UTC), today the last."""
    first = now.date() - dt.timedelta(days=days - 1)
    sums = {found.day: found.charged for found in rollups.settled_by_day(since=first)}
    dates = [first + dt.timedelta(days=offset) for offset in range(days)]
    return [(day, sums.get(day, 0)) for day in dates]


def proof() -> Proof:
    """Read how the last proof of the books ended."""
    last = BooksCheck.objects.aggregate(violated=Sum("violations", default=0), at=Max("checked_at"))
    return Proof(violated=int(last["violated"]), checked_at=last["at"])


def waiting(*, now: dt.datetime, standing: Standing, coverage: Coverage) -> list[Waiting]:
    """List what somebody must look at; what counts none is left out."""
    states = dict(Payout.objects.values_list("state").annotate(count=Count("id")).order_by())
    found = [
        _payouts("Payouts to approve", Payout.State.DRAFT, states),
        _payouts("Payouts with an unknown outcome", Payout.State.UNKNOWN, states),
        _payouts("Payouts that failed", Payout.State.FAILED, states),
        Waiting(
            "Adjustments to approve",
            Adjustment.objects.filter(state=Adjustment.State.REQUESTED).count(),
            ADJUSTMENTS,
            query="?state__exact=requested",
        ),
        Waiting(
            "Disputes to answer",
            Dispute.objects.filter(state__in=UNDER_WAY, evidence_sent=False).count(),
            DISPUTES,
            query="?unanswered=yes",
        ),
        Waiting(
            "Stripe events set aside",
            QuarantinedEvent.objects.filter(resolved_at=None, quarantined_at__isnull=False).count(),
            EVENTS,
        ),
        Waiting(
            "Rates that cost more than is charged",
            rate_cards.losing(at=now).count(),
            RATES,
            query="?margin=loses",
        ),
    ]
    return [*(item for item in found if item.count), *_of_the_books(now, standing, coverage), *_overdue(now)]


def _of_the_books(now: dt.datetime, standing: Standing, coverage: Coverage) -> list[Waiting]:
    found = [
        Waiting("Unexplained at Stripe for over a day", standing_of_books.late(now=now), DISCREPANCIES),
        Waiting("Corrections to decide", standing.waiting, CORRECTIONS, query="?state__exact=requested"),
        Waiting("Our own money is short at Stripe", int(coverage.alert), WITHDRAWALS),
    ]
    return [item for item in found if item.count]


def _overdue(now: dt.datetime) -> list[Waiting]:
    """List what jobs cannot get done: somebody must read the log."""
    found = (
        ("Payout runs that could not prepare everybody", overdue.runs(now=now), RUNS),
        ("Payouts that do not get done", overdue.payouts(now=now), PAYOUTS),
        ("Connected accounts that cannot be read", overdue.accounts(now=now), ACCOUNTS),
        ("Withdrawals that do not get done", overdue.withdrawals(now=now), WITHDRAWALS),
        ("Refunds that do not get done", overdue.refunds(now=now), REFUNDS),
        ("Debts that are not written off or passed on", overdue.debts(now=now), DEBTS),
        ("Creators whose reserve is not released", overdue.reserves(now=now), CREATORS),
    )
    return [
        Waiting(label, len(rows), page, query=f"?id__in={','.join(map(str, rows))}")
        for label, rows, page in found
        if rows
    ]


def _payouts(label: str, state: Payout.State, counts: dict[str, int]) -> Waiting:
    return Waiting(label, counts.get(state, 0), PAYOUTS, query=f"?state__exact={state}")
