"""Find what an id of Stripe's names, and whom it belongs to."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db.models import Q

from billing.models import (
    BalanceTransaction,
    Dispute,
    InvoicePayment,
    Refund,
    StripeCustomer,
    Subscription,
    TopUp,
)
from billing.queries.invoices import number_text
from marketplace.models import Creator
from payouts.models import BankPayout, Payout, PayoutAccount, Withdrawal
from payouts.queries.staff.found import FOUND_MAX, Found, of_creator, of_customer, of_row
from wallets.templatetags.money import cents


def owned(model: Any, *columns: str) -> Callable[[str], Iterable[Found]]:
    """Find rows that a customer owns; they lead to the row and to the customer."""

    def look(text: str) -> Iterable[Found]:
        query = Q()
        for column in columns:
            query |= Q(**{column: text})
        for row in model.objects.filter(query).select_related("customer")[:FOUND_MAX]:
            yield of_customer(row.customer)
            yield of_row(row, row.public_id, str(getattr(row, "state", getattr(row, "status", ""))))

    return look


def payments_of_invoices(text: str) -> Iterable[Found]:
    """Find payments of invoices, by our id or Stripe's; they lead to the invoice and to its customer."""
    query = Q(public_id=text) | Q(payment_intent_id=text) | Q(charge_id=text) | Q(stripe_session_id=text)
    for payment in InvoicePayment.objects.filter(query).select_related("invoice__customer")[:FOUND_MAX]:
        yield of_customer(payment.invoice.customer)
        yield of_row(payment.invoice, number_text(payment.invoice.number), f"{payment} · {payment.state}")


def _stripe_payment(text: str) -> Iterable[Found]:
    columns = ("payment_intent_id", "charge_id", "stripe_session_id")
    seen: set[str] = set()
    looks = (owned(TopUp, *columns), owned(Subscription, *columns), payments_of_invoices)
    for look in looks:
        for found in look(text):
            if found.url not in seen:
                seen.add(found.url)
                yield found
    yield from _stripe_lines(text)


def refunds(text: str) -> Iterable[Found]:
    """Find refunds, by our id or Stripe's."""
    refunds = Refund.objects.filter(Q(public_id=text) | Q(stripe_refund_id=text)).select_related("customer")
    for refund in refunds:
        yield of_customer(refund.customer)
        yield of_row(refund, refund.public_id, f"{refund.state} · {cents(refund.amount_cents)}")
    yield from _stripe_lines(text)


def _disputes(text: str) -> Iterable[Found]:
    for dispute in Dispute.objects.filter(stripe_id=text).select_related("customer"):
        yield of_customer(dispute.customer)
        yield of_row(dispute, dispute.stripe_id, f"{dispute.state} · {cents(dispute.amount_cents)}")
    yield from _stripe_lines(text)


def _stripe_lines(text: str) -> Iterable[Found]:
    lines = BalanceTransaction.objects.filter(Q(stripe_id=text) | Q(source_id=text))[:FOUND_MAX]
    yield from (of_row(line, line.stripe_id, f"{line.type} {cents(line.amount_cents)}") for line in lines)


def _account(text: str) -> Iterable[Found]:
    for account in PayoutAccount.objects.filter(stripe_account_id=text).select_related("creator__customer"):
        yield of_creator(account.creator)
        yield of_row(account, text, "payout account")
    # An account that was swapped is still named by what was paid to it.
    for creator in Creator.objects.filter(payouts__destination=text).select_related("customer").distinct():
        yield of_creator(creator)


def payouts(text: str) -> Iterable[Found]:
    """Find payouts of creators and withdrawals of ours, by our id or Stripe's."""
    query = Q(public_id=text) | Q(stripe_transfer_id=text) | Q(bank_payout__stripe_id=text)
    for payout in Payout.objects.filter(query).select_related("creator__customer")[:FOUND_MAX]:
        yield of_creator(payout.creator)
        yield of_row(payout, payout.public_id, f"{payout.get_state_display()} · {cents(payout.amount_cents)}")
    for bank in BankPayout.objects.filter(stripe_id=text).select_related("account__creator__customer"):
        yield of_creator(bank.account.creator)
    yield from withdrawals(text)
    yield from _stripe_lines(text)


def withdrawals(text: str) -> Iterable[Found]:
    """Find withdrawals of our own money, by our id or Stripe's."""
    for one in Withdrawal.objects.filter(Q(public_id=text) | Q(stripe_payout_id=text)):
        yield of_row(one, one.public_id, f"{one.get_state_display()} · {cents(one.amount_cents)}")


def _stripe_customers(text: str) -> Iterable[Found]:
    found = StripeCustomer.objects.filter(stripe_id=text).select_related("customer")
    yield from (of_customer(one.customer) for one in found)


PREFIXES: Final[dict[str, Callable[[str], Iterable[Found]]]] = {
    "pi_": _stripe_payment,
    "ch_": _stripe_payment,
    "cs_": _stripe_payment,
    "acct_": _account,
    "tr_": payouts,
    "po_": payouts,
    "re_": refunds,
    "dp_": _disputes,
    "du_": _disputes,
    "txn_": _stripe_lines,
    "cus_": _stripe_customers,
}
