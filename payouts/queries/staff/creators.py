"""One creator, all of it: what stands in its wallets, earnings, payouts, the account, agents, notes, audit."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from billing.models import CreatorPull
from marketplace.models import Agent, Creator
from payouts.calendar import DAY
from payouts.models import Payout
from payouts.models.terms import Schedule
from payouts.queries import creator_pages, earnings, terms, why
from payouts.queries.creator_pages import Account, TermsShown
from payouts.queries.earnings import Position
from payouts.queries.staff import customers, tables
from payouts.queries.staff.customers import Note
from payouts.queries.staff.tables import Table, number, row, text, time
from payouts.queries.why import Answer
from wallets.models import Entry, Wallet
from wallets.templatetags.money import cents, credits_text

KINDS: Final = ("pending", "payable", "reserve", "debt")
EARNED_DAYS: Final = 30


@dataclass(frozen=True)
class Purse:
    """One of a creator's wallets."""

    kind: str
    balance: int


@dataclass(frozen=True)
class Page:
    """A creator, as staff see it."""

    creator: Creator
    purses: list[Purse]
    position: Position
    account: Account
    tier: str
    schedule: str
    terms: TermsShown
    why: Answer
    notes: list[Note]
    tables: list[Table]


def page(*, creator: Creator, asked: Mapping[str, str], now: dt.datetime) -> Page:
    """Gather a creator's page; the number of queries does not grow with what there is."""
    wallets = list(Wallet.objects.filter(owner_type=Wallet.OwnerType.CREATOR, owner_id=creator.pk))
    balances = {wallet.kind: wallet.balance for wallet in wallets if not wallet.scope}
    account = creator_pages.account(creator=creator)
    agreed = terms.of(creator_id=creator.pk)
    payouts = _payouts(creator, asked)
    named = [creator.public_id, creator.customer.public_id, *(line[0].text for line in payouts.rows)]
    return Page(
        creator=creator,
        purses=[Purse(kind, balances.get(kind, 0)) for kind in KINDS],
        position=earnings.position(creator_id=creator.pk),
        account=account,
        tier=agreed.tier,
        schedule=Schedule(agreed.schedule).label,
        terms=creator_pages.terms_shown(creator=creator),
        why=why.not_paid(creator=creator, now=now),
        notes=customers.notes(customer=creator.customer),
        tables=[
            _earnings(creator, now),
            payouts,
            _pulls(creator, asked),
            _agents(creator, asked),
            _entries([wallet.pk for wallet in wallets], asked),
            customers.audit(names=named, asked=asked),
        ],
    )


def _earnings(creator: Creator, now: dt.datetime) -> Table:
    found = earnings.rows(creator_id=creator.pk, since=now - DAY * EARNED_DAYS, until=now, group_by="agent")
    return Table(
        slug="earnings",
        title=f"Earnings by agent, {EARNED_DAYS} days",
        heads=("Agent", "Runs", "Charged", "Platform", "Creator"),
        rows=[
            (
                *(text(one.name), number(f"{one.executions:,}"), number(credits_text(one.gross))),
                *(number(credits_text(one.platform_fee)), number(credits_text(one.net))),
            )
            for one in found[: tables.ROWS]
        ],
    )


def _payouts(creator: Creator, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="payouts",
        title="Payouts",
        heads=("Payout", "State", "Amount", "Credits", "Period", "Transfer", "Failure", "Sent", "Paid"),
        rows=Payout.objects.filter(creator=creator),
        cells=lambda one: (
            *(row(one), text(one.get_state_display()), number(cents(one.amount_cents))),
            *(number(credits_text(one.amount)), text(f"{one.period_start} to {one.last_day}")),
            *(text(one.stripe_transfer_id), text(one.failure_detail or one.failure_code)),
            *(time(one.sent_at), time(one.paid_at)),
        ),
        asked=asked,
    )


def _pulls(creator: Creator, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="pulls",
        title="Given back",
        heads=("Cause", "Pending", "Payable", "Reserve", "Debt", "Platform", "Transaction", "When"),
        rows=CreatorPull.objects.filter(creator=creator).select_related("transaction"),
        cells=lambda one: (
            *(text(f"{one.cause_type} {one.cause_id}"), number(credits_text(one.from_pending))),
            *(number(credits_text(one.from_payable)), number(credits_text(one.from_reserve))),
            *(number(credits_text(one.to_debt)), number(credits_text(one.to_loss))),
            *(row(one.transaction), time(one.created_at)),
        ),
        asked=asked,
    )


def _agents(creator: Creator, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="agents",
        title="Agents",
        heads=("Agent", "Short name", "Status", "Category", "Made"),
        rows=Agent.objects.filter(creator=creator),
        cells=lambda one: (
            *(row(one, one.name), text(one.slug), text(one.status), text(one.category)),
            time(one.created_at),
        ),
        asked=asked,
    )


def _entries(wallets: list[int], asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="ledger",
        title="Ledger",
        heads=("Transaction", "Kind", "Wallet", "Credits", "Balance after", "Cause", "When"),
        rows=Entry.objects.filter(wallet__in=wallets).select_related("transaction", "wallet"),
        cells=lambda one: (
            *(row(one.transaction), text(tables.words(one.transaction.kind)), text(one.wallet.kind)),
            *(number(credits_text(one.amount)), number(credits_text(one.balance_after))),
            *(text(one.transaction.source_id), time(one.transaction.recorded_at)),
        ),
        asked=asked,
    )
