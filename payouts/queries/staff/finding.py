"""Find what staff have at hand: an e-mail, an id of ours or Stripe's, a key, an amount, a name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, Q, QuerySet
from django.urls import reverse

from accounts.models import ApiKey, Customer, User
from billing.models import (
    BalanceTransaction,
    Dispute,
    Execution,
    Invoice,
    InvoicePayment,
    Refund,
    StripeCustomer,
    Subscription,
    TopUp,
)
from billing.queries.invoices import number_text
from config.kit import ids
from config.kit.errors import DomainError
from marketplace.models import Agent, Creator
from payouts.models import BankPayout, Correction, Payout, PayoutAccount, Withdrawal, WriteOff
from wallets import money
from wallets.models import Adjustment, CreditGrant, Hold, Transaction, Wallet
from wallets.templatetags.money import cents, credits_text

FOUND_MAX: Final = 10
TEXT_MAX: Final = 200
# A key is shown by kind and eight characters; whatever more of it is pasted is a secret, and is dropped.
KEY_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that matches, and where it leads; `permission` is what one needs to see it."""

    kind: str
    title: str
    detail: str
    url: str
    permission: str


def find(*, text: str, may: Callable[[str], bool]) -> list[Found]:
    """Find by whatever the text looks like; `may` tells which permissions the asker has."""
    text = text.strip()[:TEXT_MAX]
    if not text or not text.isprintable():
        return []
    return [found for found in _all(text) if may(found.permission)]


def customer_url(customer: Customer) -> str:
    """Give the address of a customer's page for staff."""
    return reverse("payouts:staff_customer", args=[customer.public_id])


def creator_url(creator: Creator) -> str:
    """Give the address of a creator's page for staff."""
    return reverse("payouts:staff_creator", args=[creator.public_id])


def _all(text: str) -> Iterable[Found]:
    by_prefix = PREFIXES.get(text.partition("_")[0] + "_")
    if by_prefix:
        yield from by_prefix(text)
    else:
        yield from _named(text)
        yield from _amounts(text)


def _named(text: str) -> Iterable[Found]:
    found = Customer.objects.search(text) | Customer.objects.filter(memberships__user__email__icontains=text)
    yield from map(_customer, found.distinct().order_by("-id")[:FOUND_MAX])
    if "@" not in text:
        creators = Creator.objects.filter(Q(display_name__icontains=text) | Q(slug__icontains=text))
        yield from map(_creator, creators.select_related("customer").order_by("-id")[:FOUND_MAX])
        agents = Agent.objects.filter(Q(name__icontains=text) | Q(slug__icontains=text))
        yield from (_row(one, one.name, one.slug) for one in agents.order_by("-id")[:FOUND_MAX])


def _amounts(text: str) -> Iterable[Found]:
    try:
        wanted = money.parse_cents(text.removeprefix("$").replace(",", ""), field="amount")
    except DomainError:
        return
    for model, column in ((TopUp, "amount_cents"), (Invoice, "total_cents"), (Payout, "amount_cents")):
        rows: QuerySet[Any] = model.objects.filter(**{column: wanted}).order_by("-id")[:FOUND_MAX]
        yield from (_bought(one, cents(wanted)) for one in rows.select_related(_owner(model)))


def _owner(model: type[Model]) -> str:
    return "creator" if model is Payout else "customer"


def _bought(row: Any, detail: str) -> Found:
    owner = row.creator if isinstance(row, Payout) else row.customer
    name = number_text(row.number) if isinstance(row, Invoice) and row.number else row.public_id
    return _row(row, name, f"{detail} · {owner}")


def _customer(customer: Customer) -> Found:
    return Found(
        "Customer",
        customer.name,
        f"{customer.email} · {customer.public_id}",
        customer_url(customer),
        "accounts.view_customer",
    )


def _creator(creator: Creator) -> Found:
    detail = f"{creator.customer.email} · {creator.public_id}"
    return Found("Creator", creator.display_name, detail, creator_url(creator), "marketplace.view_creator")


def _row(row: Model, title: str, detail: str = "") -> Found:
    meta = row._meta  # noqa: SLF001  (Django names a model's options so)
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    kind = str(meta.verbose_name)
    return Found(kind[:1].upper() + kind[1:], title, detail, url, f"{meta.app_label}.view_{meta.model_name}")


def _of_customer(model: Any, *columns: str) -> Callable[[str], Iterable[Found]]:
    """Find rows that a customer owns; they lead to the row and to the customer."""

    def look(text: str) -> Iterable[Found]:
        query = Q()
        for column in columns:
            query |= Q(**{column: text})
        for row in model.objects.filter(query).select_related("customer")[:FOUND_MAX]:
            yield _customer(row.customer)
            yield _row(row, row.public_id, str(getattr(row, "state", getattr(row, "status", ""))))

    return look


def _payments_of_invoices(text: str) -> Iterable[Found]:
    query = Q(public_id=text) | Q(payment_intent_id=text) | Q(charge_id=text) | Q(stripe_session_id=text)
    for payment in InvoicePayment.objects.filter(query).select_related("invoice__customer")[:FOUND_MAX]:
        yield _customer(payment.invoice.customer)
        yield _row(payment.invoice, number_text(payment.invoice.number), f"{payment} · {payment.state}")


def _stripe_payment(text: str) -> Iterable[Found]:
    columns = ("payment_intent_id", "charge_id", "stripe_session_id")
    seen: set[str] = set()
    looks = (_of_customer(TopUp, *columns), _of_customer(Subscription, *columns), _payments_of_invoices)
    for look in looks:
        for found in look(text):
            if found.url not in seen:
                seen.add(found.url)
                yield found
    yield from _stripe_lines(text)


def _refunds(text: str) -> Iterable[Found]:
    refunds = Refund.objects.filter(Q(public_id=text) | Q(stripe_refund_id=text)).select_related("customer")
    for refund in refunds:
        yield _customer(refund.customer)
        yield _row(refund, refund.public_id, f"{refund.state} · {cents(refund.amount_cents)}")
    yield from _stripe_lines(text)


def _disputes(text: str) -> Iterable[Found]:
    for dispute in Dispute.objects.filter(stripe_id=text).select_related("customer"):
        yield _customer(dispute.customer)
        yield _row(dispute, dispute.stripe_id, f"{dispute.state} · {cents(dispute.amount_cents)}")
    yield from _stripe_lines(text)


def _stripe_lines(text: str) -> Iterable[Found]:
    lines = BalanceTransaction.objects.filter(Q(stripe_id=text) | Q(source_id=text))[:FOUND_MAX]
    yield from (_row(line, line.stripe_id, f"{line.type} {cents(line.amount_cents)}") for line in lines)


def _account(text: str) -> Iterable[Found]:
    for account in PayoutAccount.objects.filter(stripe_account_id=text).select_related("creator__customer"):
        yield _creator(account.creator)
        yield _row(account, text, "payout account")
    # An account that was swapped is still named by what was paid to it.
    for creator in Creator.objects.filter(payouts__destination=text).select_related("customer").distinct():
        yield _creator(creator)


def _payouts(text: str) -> Iterable[Found]:
    query = Q(public_id=text) | Q(stripe_transfer_id=text) | Q(bank_payout__stripe_id=text)
    for payout in Payout.objects.filter(query).select_related("creator__customer")[:FOUND_MAX]:
        yield _creator(payout.creator)
        yield _row(payout, payout.public_id, f"{payout.get_state_display()} · {cents(payout.amount_cents)}")
    for bank in BankPayout.objects.filter(stripe_id=text).select_related("account__creator__customer"):
        yield _creator(bank.account.creator)
    yield from _withdrawals(text)
    yield from _stripe_lines(text)


def _key(text: str) -> Iterable[Found]:
    prefix = "_".join(text.split("_")[:KEY_PARTS])
    for key in ApiKey.objects.filter(prefix__startswith=prefix).select_related("customer")[:FOUND_MAX]:
        if key.customer:
            yield _customer(key.customer)
        yield _row(key, key.name, f"{key.prefix} · {key.kind}")


def _wallet_owner(wallet: Wallet) -> Iterable[Found]:
    if wallet.owner_type == Wallet.OwnerType.CONSUMER:
        yield from map(_customer, Customer.objects.filter(pk=wallet.owner_id))
    elif wallet.owner_type == Wallet.OwnerType.CREATOR:
        yield from map(_creator, Creator.objects.filter(pk=wallet.owner_id).select_related("customer"))


def _in_wallet(model: Any) -> Callable[[str], Iterable[Found]]:
    """Find what lies in a wallet: it leads to the owner and to the wallet."""

    def look(text: str) -> Iterable[Found]:
        for row in model.objects.filter(public_id=text).select_related("wallet"):
            yield from _wallet_owner(row.wallet)
            yield _row(row.wallet, row.wallet.public_id, f"{row} · {credits_text(row.amount)} credits")

    return look


def _wallets(text: str) -> Iterable[Found]:
    for wallet in Wallet.objects.filter(public_id=text):
        yield from _wallet_owner(wallet)
        yield _row(wallet, wallet.public_id, str(wallet))


def _transactions(text: str) -> Iterable[Found]:
    for one in Transaction.objects.filter(public_id=text):
        yield _row(one, one.public_id, f"{one.kind} {one.source_id}")


def _adjustments(text: str) -> Iterable[Found]:
    for one in Adjustment.objects.filter(public_id=text).select_related("wallet"):
        yield from _wallet_owner(one.wallet)
        yield _row(one, one.public_id, f"{one.state} · {credits_text(one.amount)} credits")


def _write_offs(text: str) -> Iterable[Found]:
    for one in WriteOff.objects.filter(public_id=text).select_related("customer", "debt"):
        yield _customer(one.customer)
        yield _row(one.debt, one.public_id, f"{credits_text(one.amount)} credits written off")


def _corrections(text: str) -> Iterable[Found]:
    for one in Correction.objects.filter(public_id=text).select_related("discrepancy"):
        yield _row(one, one.public_id, f"{one.state} · {one.discrepancy}")


def _withdrawals(text: str) -> Iterable[Found]:
    for one in Withdrawal.objects.filter(Q(public_id=text) | Q(stripe_payout_id=text)):
        yield _row(one, one.public_id, f"{one.get_state_display()} · {cents(one.amount_cents)}")


def _customers(text: str) -> Iterable[Found]:
    yield from map(_customer, Customer.objects.filter(public_id=text))


def _stripe_customers(text: str) -> Iterable[Found]:
    found = StripeCustomer.objects.filter(stripe_id=text).select_related("customer")
    yield from (_customer(one.customer) for one in found)


def _creators(text: str) -> Iterable[Found]:
    yield from map(_creator, Creator.objects.filter(public_id=text).select_related("customer"))


def _users(text: str) -> Iterable[Found]:
    for user in User.objects.filter(public_id=text):
        yield _row(user, user.email, user.public_id)
        yield from map(_customer, Customer.objects.filter(memberships__user=user)[:FOUND_MAX])


def _agents(text: str) -> Iterable[Found]:
    for agent in Agent.objects.filter(public_id=text).select_related("creator__customer"):
        yield _row(agent, agent.name, agent.slug)
        yield _creator(agent.creator)


def _keys(text: str) -> Iterable[Found]:
    for key in ApiKey.objects.filter(public_id=text).select_related("customer"):
        yield _row(key, key.name, key.prefix)
        if key.customer:
            yield _customer(key.customer)


PREFIXES: Final[dict[str, Callable[[str], Iterable[Found]]]] = {
    ids.CUSTOMER: _customers,
    ids.CREATOR: _creators,
    ids.USER: _users,
    ids.KEY: _keys,
    ids.WALLET: _wallets,
    ids.GRANT: _in_wallet(CreditGrant),
    ids.HOLD: _in_wallet(Hold),
    ids.TRANSACTION: _transactions,
    ids.ADJUSTMENT: _adjustments,
    ids.WRITE_OFF: _write_offs,
    ids.CORRECTION: _corrections,
    ids.WITHDRAWAL: _withdrawals,
    ids.AGENT: _agents,
    ids.EXECUTION: _of_customer(Execution, "public_id"),
    ids.TOP_UP: _of_customer(TopUp, "public_id"),
    ids.SUBSCRIPTION: _of_customer(Subscription, "public_id"),
    ids.INVOICE: _of_customer(Invoice, "public_id"),
    ids.INVOICE_PAYMENT: _payments_of_invoices,
    ids.PAYOUT: _payouts,
    "fbx_": _key,
    "pi_": _stripe_payment,
    "ch_": _stripe_payment,
    "cs_": _stripe_payment,
    "acct_": _account,
    "tr_": _payouts,
    "po_": _payouts,
    ids.REFUND: _refunds,
    "re_": _refunds,
    "dp_": _disputes,
    "du_": _disputes,
    "txn_": _stripe_lines,
    "cus_": _stripe_customers,
}
