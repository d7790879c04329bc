"""What the wallet's pages show, as plain values."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Customer
from billing.models.disputes import Dispute
from billing.models.executions import OPEN_STATES, Execution
from billing.models.refunds import Refund
from billing.models.subscriptions import Subscription
from billing.models.topups import TopUp
from billing.queries import rollups, subscriptions
from billing.queries.rollups import Asked
from marketplace.models import Creator
from wallets import debts
from wallets import queries as wallet_queries
from wallets.models import CreditGrant, Entry
from wallets.templatetags.money import cents

OPEN_RUNS_MAX: Final = 20
RECENT_MAX: Final = 8
GRANTS_MAX: Final = 50
# An abandoned checkout stays open for a day; the wallet stops waiting for it much sooner.
AWAITED: Final = dt.timedelta(minutes=30)
FOREVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)

SPENT: Final = "SELECT coalesce(sum(charged), 0)::bigint AS spent FROM found"

KINDS: Final = {
    "topup": "Top-up",
    "subscription": "Subscription",
    "settle": "Run",
    "promo": "Promotion",
    "adjustment": "Adjustment",
    "expiry": "Expiry",
    "undo": "Run undone",
    "regrant": "Given anew, for it had expired",
    "refund": "Refund",
    "refund_failure": "Refund that came back",
    "dispute_opened": "Frozen by a dispute",
    "dispute_frozen": "Frozen by a dispute",
    "dispute_won": "Given back after a dispute",
    "dispute_thawed": "Given back after a dispute",
    "dispute_lost": "Dispute",
    "write_off": "Written off",
    "recovery": "Paid for what was written off",
    "withdrawal": "Given back with a plan",
}
GRANT_LABELS: Final = {
    "paid": "Credits you bought",
    "bonus": "Bonus of a package",
    "promo": "Promotion",
    "plan": "Subscription",
    "adjustment": "Adjustment",
    "overage": "Overage, for the next invoice",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """A balance in four figures."""

    available: int
    held: int
    balance: int
    owed: int


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that still holds credits."""

    public_id: str
    agent_name: str
    held: int
    started_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AwaitedTopUp:
    """A top-up whose payment is awaited."""

    public_id: str
    amount_cents: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Live:
    """The part of the wallet that renews itself."""

    balance: Figures
    spent_month: int
    month_label: str
    open_runs: list[OpenRun]
    pending_topups: list[AwaitedTopUp]
    runway_days: int | None = None


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A parcel of credits with something left."""

    public_id: str
    funding_class: str
    label: str
    amount: int
    remaining: int
    expires_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FrozenPart:
    """Credits that are set aside while the bank decides about their payment."""

    amount_cents: int
    frozen: int
    disputed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a wallet."""

    public_id: str
    created_at: dt.datetime
    kind: str
    kind_label: str
    description: str
    type: str
    amount: int
    balance_after: int
    url: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What a movement comes from, in words, and the page that tells more."""

    description: str
    url: str


def available(*, customer: Customer, now: dt.datetime) -> int:
    """Give what a customer may spend anywhere at this moment."""
    wallet = wallet_queries.consumer_wallet(customer_id=customer.pk)
    return wallet_queries.balance(wallet=wallet, now=now).available if wallet else 0


def live(*, customer: Customer, now: dt.datetime) -> Live:
    """Give the wallet's live part."""
    wallets = wallet_queries.consumer_wallets(customer_id=customer.pk)
    balances = {wallet.scope: wallet_queries.balance(wallet=wallet, now=now) for wallet in wallets}
    own = balances.get("")
    return Live(
        balance=Figures(
            available=own.available if own else 0,
            held=sum(balance.reserved for balance in balances.values()),
            balance=own.balance if own else 0,
            owed=own.owed if own else 0,
        ),
        spent_month=_spent(customer, since=_month_start(now)),
        month_label=f"{now:%B}",
        open_runs=_open_runs(customer),
        pending_topups=_awaited(customer, now),
    )


def grants(*, customer: Customer, now: dt.datetime) -> list[GrantLine]:
    """List the credits that are left, in the order in which they burn."""
    wallets = wallet_queries.consumer_wallets(customer_id=customer.pk)
    left = CreditGrant.objects.filter(wallet__in=wallets, remaining__gt=0).exclude(expires_at__lte=now)
    found = left.select_related("wallet").order_by("priority", F("expires_at").asc(nulls_last=True), "id")
    rows = list(found[:GRANTS_MAX])
    scopes = {row.wallet.scope for row in rows if row.wallet.scope}
    names = dict(Creator.objects.filter(public_id__in=scopes).values_list("public_id", "display_name"))
    return [
        GrantLine(
            public_id=row.public_id,
            funding_class=row.funding_class,
            label=_label(row, names),
            amount=row.amount,
            remaining=row.remaining,
            expires_at=row.expires_at,
            created_at=row.created_at,
        )
        for row in rows
    ]


def frozen(*, customer: Customer) -> list[FrozenPart]:
    """List what is frozen, with the payment that is disputed."""
    found = Dispute.objects.filter(customer=customer, state=Dispute.State.OPEN).order_by("disputed_at", "id")
    return [FrozenPart(row.withdrawn_cents, row.frozen, row.disputed_at) for row in found]


def unrecovered(*, customer: Customer) -> int:
    """Give the credits that were written off and never paid for: what is bought next pays them."""
    wallet = wallet_queries.consumer_wallet(customer_id=customer.pk)
    return debts.unrecovered(wallet_id=wallet.pk) if wallet else 0


def recent(*, customer: Customer) -> list[Line]:
    """List the newest movements."""
    wallets = list(wallet_queries.consumer_wallets(customer_id=customer.pk).values_list("pk", flat=True))
    return lines(entries=wallet_queries.statement(wallet_ids=wallets).order_by("-id")[:RECENT_MAX])


def lines(*, entries: Iterable[Entry]) -> list[Line]:
    """Put movements into words, with links to what they come from."""
    rows = list(entries)
    causes = _causes([row.transaction.source_id for row in rows])
    return [_line(row, causes.get(row.transaction.source_id)) for row in rows]


def _line(entry: Entry, cause: Cause | None) -> Line:
    kind = entry.transaction.kind
    label = KINDS.get(kind, kind.capitalize())
    return Line(
        public_id=entry.transaction.public_id,
        created_at=entry.transaction.recorded_at,
        kind=kind,
        # A subscription's credits have a balance of their own.
        kind_label=f"{label}, in its own balance" if entry.wallet.scope else label,
        description=cause.description if cause else entry.transaction.description or label,
        type="credit" if entry.amount > 0 else "debit",
        amount=abs(entry.amount),
        balance_after=entry.balance_after or 0,
        url=cause.url if cause else "",
    )


def _causes(source_ids: list[str]) -> dict[str, Cause]:
    found = {}
    for top_up in TopUp.objects.filter(payment_intent_id__in=source_ids):
        page = reverse("billing:topup_return", args=[top_up.public_id])
        found[str(top_up.payment_intent_id)] = Cause(f"Top-up of {cents(top_up.amount_cents)}", page)
    found |= _periods(source_ids)
    found |= _refunds(source_ids)
    found |= _disputes(source_ids)
    for execution in Execution.objects.filter(public_id__in=source_ids).select_related("agent"):
        page = reverse("billing:run", args=[execution.public_id])
        found[execution.public_id] = Cause(f"Run of {execution.agent}", page)
    return found


def _refunds(source_ids: list[str]) -> dict[str, Cause]:
    rows = {str(row.stripe_refund_id): row for row in Refund.objects.filter(stripe_refund_id__in=source_ids)}
    top_ups = TopUp.objects.filter(public_id__in=[row.reference for row in rows.values()])
    bought = dict(top_ups.values_list("public_id", "amount_cents"))
    return {
        stripe_id: Cause(
            f"{cents(row.amount_cents)} of a top-up of {cents(bought[row.reference])}",
            reverse("billing:topup_return", args=[row.reference]),
        )
        for stripe_id, row in rows.items()
        if row.reference in bought
    }


def _disputes(source_ids: list[str]) -> dict[str, Cause]:
    rows = Dispute.objects.filter(stripe_id__in=source_ids).select_related("top_up")
    return {
        row.stripe_id: Cause(
            f"Disputed payment of {cents(row.amount_cents)}",
            reverse("billing:topup_return", args=[row.top_up.public_id]) if row.top_up else "",
        )
        for row in rows
    }


def _periods(source_ids: list[str]) -> dict[str, Cause]:
    named = Q(payment_intent_id__in=source_ids) | Q(
        public_id__in=[each.partition(":")[0] for each in source_ids]
    )
    found: dict[str, Cause] = {}
    for subscription in Subscription.objects.filter(named).select_related("agent", "tier", "version__plan"):
        page = reverse("billing:subscription", args=[subscription.public_id])
        cause = Cause(f"Subscription to {subscriptions.name(subscription)}", page)
        mine = [each for each in source_ids if each.partition(":")[0] == subscription.public_id]
        found |= dict.fromkeys([*mine, str(subscription.payment_intent_id)], cause)
    return found


def _label(grant: CreditGrant, creators: dict[str, str]) -> str:
    label = GRANT_LABELS[grant.funding_class]
    creator = creators.get(grant.wallet.scope)
    return f"{label}, for agents of {creator}" if creator else label


def _spent(customer: Customer, since: dt.datetime) -> int:
    asked = Asked(customer.pk, since, FOREVER)
    (row,) = rollups.read(rollup=rollups.SPENT, columns=("charged",), select=SPENT, asked=asked)
    return int(row["spent"])


def _open_runs(customer: Customer) -> list[OpenRun]:
    found = Execution.objects.filter(customer=customer, state__in=OPEN_STATES).select_related("agent")
    return [
        OpenRun(run.public_id, run.agent.name, run.held, run.opened_at)
        for run in found.order_by("-opened_at")[:OPEN_RUNS_MAX]
    ]


def _awaited(customer: Customer, now: dt.datetime) -> list[AwaitedTopUp]:
    pending = TopUp.objects.filter(
        customer=customer, status=TopUp.Status.PENDING, created_at__gte=now - AWAITED
    )
    opened = pending.exclude(stripe_session_id="").order_by("-created_at")
    return [AwaitedTopUp(row.public_id, row.amount_cents, row.created_at) for row in opened]


def _month_start(now: dt.datetime) -> dt.datetime:
    return now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
