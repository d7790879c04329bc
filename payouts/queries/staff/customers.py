"""One customer, all of it: balance by grant, holds, ledger, payments, runs, plans, invoices, notes, audit."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import AuditEntry, Customer, Membership, StaffNote
from billing.models import Dispute, Execution, Invoice, InvoicePayment, Refund, Subscription, TopUp
from billing.queries.invoices import number_text
from config.kit import ids
from marketplace.models import Creator
from payouts.models import WriteOff
from payouts.queries.staff import tables
from payouts.queries.staff.tables import Table, number, row, text, time
from wallets.models import Adjustment, CreditGrant, Entry, Hold, Wallet
from wallets.money import CREDITS
from wallets.templatetags.money import cents, credits_text, money


@dataclass(frozen=True)
class Purse:
    """One wallet of a customer, in figures."""

    pk: int
    public_id: str
    unit: str
    scope: str
    available: int
    held: int
    balance: int

    @property
    def own(self) -> bool:
        """Tell whether it is the wallet that is good everywhere, which staff may adjust."""
        return self.unit == CREDITS and not self.scope


@dataclass(frozen=True)
class Note:
    """What somebody wrote about a customer."""

    author: str
    text: str
    at: dt.datetime


@dataclass(frozen=True)
class Page:
    """A customer, as staff see it."""

    customer: Customer
    creator: Creator | None
    members: list[Membership]
    purses: list[Purse]
    notes: list[Note]
    tables: list[Table]


def page(*, customer: Customer, asked: Mapping[str, str]) -> Page:
    """Gather a customer's page; the number of queries does not grow with what there is."""
    wallets = Wallet.objects.filter(owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer.pk).order_by(
        "scope", "id"
    )
    scopes = [wallet.scope for wallet in wallets if wallet.scope]
    sellers = dict(Creator.objects.filter(public_id__in=scopes).values_list("public_id", "display_name"))
    purses = [_purse(wallet, sellers) for wallet in wallets]
    wallet_ids = [purse.pk for purse in purses]
    creator = Creator.objects.filter(customer=customer).first()
    members = customer.memberships.select_related("user").order_by("id")
    payments = [
        _top_ups(customer, asked),
        _invoice_payments(customer, asked),
        _refunds(customer, asked),
        _disputes(customer, asked),
    ]
    named = [customer.public_id, *(purse.public_id for purse in purses)]
    named += [creator.public_id] if creator else []
    plans = [_subscriptions(customer, asked), _invoices(customer, asked)]
    runs = _runs(customer, asked)
    named += [line[0].text for shown in (*payments, *plans, runs) for line in shown.rows]
    named += WriteOff.objects.filter(customer=customer).values_list("public_id", flat=True)
    return Page(
        customer=customer,
        creator=creator,
        members=list(members),
        purses=purses,
        notes=notes(customer=customer),
        tables=[
            _grants(wallet_ids, asked),
            _holds(wallet_ids, asked),
            _entries(wallet_ids, asked),
            *payments,
            runs,
            *plans,
            _adjustments(wallet_ids, asked),
            audit(names=named, asked=asked),
        ],
    )


def notes(*, customer: Customer) -> list[Note]:
    """List the newest notes about a customer."""
    found = StaffNote.objects.filter(customer=customer).select_related("author").order_by("-id")
    return [Note(str(note.author), note.text, note.created_at) for note in found[: tables.ROWS]]


def audit(*, names: Iterable[str], asked: Mapping[str, str]) -> Table:
    """List what staff did to any of these."""
    return tables.table(
        slug="audit",
        title="Audit",
        heads=("When", "Who", "What", "Object", "Why", "From"),
        rows=AuditEntry.objects.filter(object_id__in=list(names)),
        cells=lambda one: (
            *(time(one.at), text(one.actor), text(one.act), text(one.object_id, _found(one.object_id))),
            *(text(one.reason), text(one.address)),
        ),
        asked=asked,
    )


def _found(name: str) -> str:
    """Lead to what a name of ours is the name of: the search of the staff knows."""
    return f"{reverse('payouts:staff_find')}?{urlencode({'q': name})}" if ids.looks_public(name) else ""


def _purse(wallet: Wallet, sellers: Mapping[str, str]) -> Purse:
    return Purse(
        pk=wallet.pk,
        public_id=wallet.public_id,
        unit=wallet.unit,
        scope=sellers.get(wallet.scope, wallet.scope),
        available=wallet.available,
        held=wallet.held,
        balance=wallet.balance,
    )


def _grants(wallets: list[int], asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="grants",
        title="Credits by grant",
        heads=("Grant", "Class", "Left", "Frozen", "Of", "Cash left", "Expires", "Cause", "Given"),
        rows=CreditGrant.objects.filter(wallet__in=wallets).exclude(remaining=0, frozen=0),
        cells=lambda one: (
            *(text(one.public_id), text(one.funding_class), number(credits_text(one.remaining))),
            *(number(credits_text(one.frozen)), number(credits_text(one.amount))),
            *(
                number(money(one.cash_remaining)),
                time(one.expires_at),
                text(one.source_id),
                time(one.created_at),
            ),
        ),
        asked=asked,
    )


def _holds(wallets: list[int], asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="holds",
        title="Open holds",
        heads=("Hold", "Credits", "For", "Opened", "Expires"),
        rows=Hold.objects.filter(wallet__in=wallets, state=Hold.State.OPEN),
        cells=lambda one: (
            *(text(one.public_id), number(credits_text(one.amount)), text(one.source_id)),
            *(time(one.opened_at), time(one.expires_at)),
        ),
        asked=asked,
    )


def _entries(wallets: list[int], asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="ledger",
        title="Ledger",
        heads=("Transaction", "Kind", "Amount", "Balance after", "Cause", "By", "Why", "When"),
        rows=Entry.objects.filter(wallet__in=wallets).select_related("transaction"),
        cells=lambda one: (
            *(
                row(one.transaction),
                text(tables.words(one.transaction.kind)),
                number(f"{credits_text(one.amount)} {_unit(one)}"),
            ),
            *(number(credits_text(one.balance_after)), text(one.transaction.source_id)),
            *(
                text(one.transaction.actor),
                text(one.transaction.description),
                time(one.transaction.recorded_at),
            ),
        ),
        asked=asked,
    )


def _top_ups(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="topups",
        title="Top-ups",
        heads=("Top-up", "Status", "Amount", "Fee", "Credits", "Payment", "Failure", "Asked", "Paid"),
        rows=TopUp.objects.filter(customer=customer),
        cells=lambda one: (
            *(row(one), text(one.status), number(cents(one.amount_cents)), number(cents(one.fee_cents))),
            *(number(credits_text(one.total_credits)), text(one.payment_intent_id), text(one.failure)),
            *(time(one.created_at), time(one.paid_at)),
        ),
        asked=asked,
    )


def _invoice_payments(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="payments",
        title="Payments of invoices",
        heads=("Payment", "Invoice", "State", "Amount", "Fee", "Method", "Stripe", "Failure", "When"),
        rows=InvoicePayment.objects.filter(invoice__customer=customer).select_related("invoice"),
        cells=lambda one: (
            *(text(one.public_id), row(one.invoice, number_text(one.invoice.number)), text(one.state)),
            *(number(cents(one.amount_cents)), number(cents(one.fee_cents)), text(one.method)),
            *(text(one.payment_intent_id), text(one.failure), time(one.created_at)),
        ),
        asked=asked,
    )


def _refunds(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="refunds",
        title="Refunds",
        heads=("Refund", "State", "Amount", "Of", "Payment", "Reason", "Failure", "Asked", "Refunded"),
        rows=Refund.objects.filter(customer=customer),
        cells=lambda one: (
            *(row(one), text(one.state), number(cents(one.amount_cents)), text(one.reference)),
            *(text(one.payment_intent_id), text(one.reason), text(one.failure)),
            *(time(one.created_at), time(one.refunded_at)),
        ),
        asked=asked,
    )


def _disputes(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="disputes",
        title="Disputes",
        heads=("Dispute", "State", "Amount", "Fee", "Frozen", "Payment", "Reason", "Evidence due", "Closed"),
        rows=Dispute.objects.filter(customer=customer),
        cells=lambda one: (
            *(row(one, one.stripe_id), text(one.state), number(cents(one.amount_cents))),
            *(number(cents(one.fee_cents)), number(credits_text(one.frozen)), text(one.payment_intent_id)),
            *(text(one.reason), time(one.evidence_due), time(one.closed_at)),
        ),
        asked=asked,
    )


def _runs(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="runs",
        title="Runs",
        heads=("Run", "Agent", "State", "Held", "Charged", "Unbilled", "Opened", "Closed"),
        rows=Execution.objects.filter(customer=customer).select_related("agent"),
        cells=lambda one: (
            *(
                row(one),
                row(one.agent, one.agent.name),
                text(one.shown_state),
                number(credits_text(one.held)),
            ),
            *(number(credits_text(one.charged)), number(credits_text(one.unbilled))),
            *(time(one.opened_at), time(one.closed_at)),
        ),
        asked=asked,
    )


def _subscriptions(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="subscriptions",
        title="Subscriptions",
        heads=("Subscription", "Plan", "Tier", "State", "Seats", "Period ends", "Ends"),
        rows=Subscription.objects.filter(customer=customer).select_related("tier", "version__plan"),
        cells=lambda one: (
            *(row(one), text(one.version.plan), text(one.tier.name), text(one.state)),
            *(number(str(one.quantity)), time(one.current_period_end), time(one.cancel_at)),
        ),
        asked=asked,
    )


def _invoices(customer: Customer, asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="invoices",
        title="Invoices",
        heads=("Invoice", "Number", "State", "Total", "Credited", "Due", "Paid"),
        rows=Invoice.objects.filter(customer=customer),
        cells=lambda one: (
            *(row(one), text(number_text(one.number)), text(one.state), number(cents(one.total_cents))),
            *(number(cents(one.credited_cents)), time(one.due_at), time(one.paid_at)),
        ),
        asked=asked,
    )


def _adjustments(wallets: list[int], asked: Mapping[str, str]) -> Table:
    return tables.table(
        slug="adjustments",
        title="Adjustments",
        heads=("Adjustment", "State", "Credits", "Reason", "Asked by", "Decided by", "When"),
        rows=Adjustment.objects.filter(wallet__in=wallets).select_related("requested_by", "decided_by"),
        cells=lambda one: (
            *(row(one), text(one.state), number(credits_text(one.amount)), text(one.reason)),
            *(text(one.requested_by), text(one.decided_by), time(one.requested_at)),
        ),
        asked=asked,
    )


def _unit(entry: Entry) -> str:
    return "credits" if entry.unit == CREDITS else tables.words(entry.unit).lower()
