"""Find what an id names, of ours or Stripe's, and whom it belongs to."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from accounts.models import ApiKey, Customer, User
from billing.models import CreditNote, Execution, Invoice, Subscription, TopUp
from billing.queries.invoices import number_text
from config.kit import ids
from marketplace.models import Agent, Creator, PlanVersion
from payouts.models import Correction, WriteOff
from payouts.queries.staff import by_stripe_id
from payouts.queries.staff.by_stripe_id import owned
from payouts.queries.staff.found import FOUND_MAX, Found, of_creator, of_customer, of_row
from wallets.models import Adjustment, CreditGrant, Hold, Transaction, Wallet
from wallets.templatetags.money import cents, credits_text

# A key is shown by kind and eight characters; whatever more of it is pasted is a secret, and is dropped.
KEY_PARTS: Final = 3


def _key(text: str) -> Iterable[Found]:
    prefix = "_".join(text.split("_")[:KEY_PARTS])
    for key in ApiKey.objects.filter(prefix__startswith=prefix).select_related("customer")[:FOUND_MAX]:
        if key.customer:
            yield of_customer(key.customer)
        yield of_row(key, key.name, f"{key.prefix} · {key.kind}")


def _wallet_owner(wallet: Wallet) -> Iterable[Found]:
    if wallet.owner_type == Wallet.OwnerType.CONSUMER:
        yield from map(of_customer, Customer.objects.filter(pk=wallet.owner_id))
    elif wallet.owner_type == Wallet.OwnerType.CREATOR:
        yield from map(of_creator, Creator.objects.filter(pk=wallet.owner_id).select_related("customer"))


def _in_wallet(model: Any) -> Callable[[str], Iterable[Found]]:
    """Find what lies in a wallet: it leads to the owner and to the wallet."""

    def look(text: str) -> Iterable[Found]:
        for row in model.objects.filter(public_id=text).select_related("wallet"):
            yield from _wallet_owner(row.wallet)
            yield of_row(row.wallet, row.wallet.public_id, f"{row} · {credits_text(row.amount)} credits")

    return look


def _wallets(text: str) -> Iterable[Found]:
    for wallet in Wallet.objects.filter(public_id=text):
        yield from _wallet_owner(wallet)
        yield of_row(wallet, wallet.public_id, str(wallet))


def _transactions(text: str) -> Iterable[Found]:
    for one in Transaction.objects.filter(public_id=text):
        yield of_row(one, one.public_id, f"{one.kind} {one.source_id}")


def _adjustments(text: str) -> Iterable[Found]:
    for one in Adjustment.objects.filter(public_id=text).select_related("wallet"):
        yield from _wallet_owner(one.wallet)
        yield of_row(one, one.public_id, f"{one.state} · {credits_text(one.amount)} credits")


def _write_offs(text: str) -> Iterable[Found]:
    for one in WriteOff.objects.filter(public_id=text).select_related("customer", "debt"):
        yield of_customer(one.customer)
        yield of_row(one.debt, one.public_id, f"{credits_text(one.amount)} credits written off")


def _corrections(text: str) -> Iterable[Found]:
    for one in Correction.objects.filter(public_id=text).select_related("discrepancy"):
        yield of_row(one, one.public_id, f"{one.state} · {one.discrepancy}")


def _credit_notes(text: str) -> Iterable[Found]:
    for one in CreditNote.objects.filter(public_id=text).select_related("invoice__customer"):
        yield of_customer(one.invoice.customer)
        yield of_row(one.invoice, number_text(one.invoice.number), f"{one} · {cents(one.amount_cents)}")


def _versions(column: str) -> Callable[[str], Iterable[Found]]:
    """Find the versions of a plan, the newest first, or the one that is named."""

    def look(text: str) -> Iterable[Found]:
        found = PlanVersion.objects.filter(**{column: text}).select_related("plan").order_by("-id")
        yield from (of_row(one, str(one.plan), f"version {one.number}") for one in found[:FOUND_MAX])

    return look


def _customers(text: str) -> Iterable[Found]:
    yield from map(of_customer, Customer.objects.filter(public_id=text))


def _creators(text: str) -> Iterable[Found]:
    yield from map(of_creator, Creator.objects.filter(public_id=text).select_related("customer"))


def _users(text: str) -> Iterable[Found]:
    for user in User.objects.filter(public_id=text):
        yield of_row(user, user.email, user.public_id)
        yield from map(of_customer, Customer.objects.filter(memberships__user=user)[:FOUND_MAX])


def _agents(text: str) -> Iterable[Found]:
    for agent in Agent.objects.filter(public_id=text).select_related("creator__customer"):
        yield of_row(agent, agent.name, agent.slug)
        yield of_creator(agent.creator)


def _keys(text: str) -> Iterable[Found]:
    for key in ApiKey.objects.filter(public_id=text).select_related("customer"):
        yield of_row(key, key.name, key.prefix)
        if key.customer:
            yield of_customer(key.customer)


PREFIXES: Final[dict[str, Callable[[str], Iterable[Found]]]] = {
    **by_stripe_id.PREFIXES,
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
    ids.WITHDRAWAL: by_stripe_id.withdrawals,
    ids.AGENT: _agents,
    ids.EXECUTION: owned(Execution, "public_id"),
    ids.TOP_UP: owned(TopUp, "public_id"),
    ids.SUBSCRIPTION: owned(Subscription, "public_id"),
    ids.INVOICE: owned(Invoice, "public_id"),
    ids.CREDIT_NOTE: _credit_notes,
    ids.PLAN: _versions("plan__public_id"),
    ids.PLAN_VERSION: _versions("public_id"),
    ids.INVOICE_PAYMENT: by_stripe_id.payments_of_invoices,
    ids.PAYOUT: by_stripe_id.payouts,
    "fbx_": _key,
    ids.REFUND: by_stripe_id.refunds,
}
