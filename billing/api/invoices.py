"""GET /v1/invoices, GET /v1/invoices/{id}, POST /v1/invoices/{id}/pay."""

import datetime as dt
import secrets
from typing import Any

import msgspec
from django.http import HttpResponse

from accounts.idempotency import key_of
from accounts.models import Customer
from accounts.plain_api import ApiRequest, api_view
from billing.models.invoices import Invoice, InvoiceLine
from billing.operations.invoices import paying
from billing.queries import invoices as queries
from config.kit import clock, http, paging, query_params
from wallets import money


class InvoiceSummary(msgspec.Struct):
    """An invoice in a list; amounts in USD."""

    id: str
    number: str | None
    status: str
    currency: str
    period: dict[str, str]
    subtotal: str
    tax: str
    total: str
    credited: str
    due: str
    issued_at: str | None
    due_at: str | None
    paid_at: str | None
    next_attempt_at: str | None
    failure: str | None


class LineAnswer(msgspec.Struct):
    """A line: `amount` is exact, `total` is its cents."""

    kind: str
    text: str
    agent: str | None
    model: str | None
    metric: str | None
    quantity: str | None
    rate: str | None
    tier: str | None
    amount: str
    total: str


class InvoiceAnswer(InvoiceSummary):
    """An invoice with its lines."""

    lines: list[LineAnswer]


class InvoiceList(msgspec.Struct):
    """A page of invoices."""

    results: list[InvoiceSummary]
    next: str | None
    previous: str | None


class PayAnswer(msgspec.Struct):
    """Where an invoice is paid."""

    id: str
    status: str
    checkout_url: str
    expires_at: str | None


@api_view(
    kind="customer",
    scope="wallet:read",
    methods=["GET"],
    answers={200: InvoiceList},
    query={"limit": "1 to 200", "cursor": "from `next` or `previous`"},
    summary="List invoices",
)
def invoice_list(request: ApiRequest) -> InvoiceList:
    """List the invoices of the key's customer, newest first."""
    query_params.refuse_unknown(request.GET, known=paging.PARAMETERS)
    cut = paging.page(request=request, rows=queries.of(customer=_customer(request)))
    return InvoiceList(
        results=[InvoiceSummary(**_facts(one)) for one in cut.rows], next=cut.next, previous=cut.previous
    )


@api_view(
    kind="customer",
    scope="wallet:read",
    methods=["GET"],
    answers={200: InvoiceAnswer},
    summary="Read an invoice",
)
def invoice(request: ApiRequest, *, public_id: str) -> InvoiceAnswer:
    """Show an invoice of the key's customer with its lines."""
    found = queries.invoice_of(customer=_customer(request), public_id=public_id)
    return InvoiceAnswer(**_facts(found), lines=[_line(line) for line in queries.lines(invoice=found)])


@api_view(
    kind="customer",
    scope="wallet:write",
    methods=["POST"],
    answers={201: PayAnswer},
    summary="Pay an invoice that is open, or was given up: open a checkout",
)
def pay(request: ApiRequest, *, public_id: str) -> HttpResponse:
    """Open a checkout for an invoice that is open, or was given up; it is paid when Stripe says so."""
    payment = paying.request(
        invoice=queries.invoice_of(customer=_customer(request), public_id=public_id),
        principal=request.principal.id,
        key=key_of(request) or f"none-{secrets.token_hex(16)}",
        now=clock.now(),
    )
    answer = PayAnswer(
        id=public_id,
        status="pending",
        checkout_url=payment.checkout_url,
        expires_at=_time(payment.expires_at),
    )
    return http.answer(answer, status=201)


def _customer(request: ApiRequest) -> Customer:
    assert request.principal.customer_id is not None  # a customer's key, says the view
    return Customer.objects.get(pk=request.principal.customer_id)


def _facts(one: Invoice) -> dict[str, Any]:
    drafted = one.state == Invoice.State.DRAFT
    total = queries.total_cents(invoice=one) if drafted else one.total_cents
    return {
        "id": one.public_id,
        "number": None if drafted else queries.number_text(one.number),
        "status": one.state,
        "currency": one.currency.upper(),
        "period": {"from": _time(one.period_start) or "", "to": _time(one.period_end) or ""},
        "subtotal": _usd(total if drafted else one.subtotal_cents),
        "tax": _usd(one.tax_cents),
        "total": _usd(total),
        "credited": _usd(one.credited_cents),
        "due": _usd(one.due_cents if one.is_payable else 0),
        "issued_at": _time(one.issued_at),
        "due_at": _time(one.due_at),
        "paid_at": _time(one.paid_at),
        "next_attempt_at": _time(one.next_attempt_at),
        "failure": one.failure or None,
    }


def _line(line: InvoiceLine) -> LineAnswer:
    return LineAnswer(
        kind=line.kind,
        text=line.text,
        agent=line.agent.slug if line.agent else None,
        model=line.model or None,
        metric=line.metric or None,
        quantity=queries.plain(line.quantity) or None,
        rate=queries.rate_text(line.rate) or None,
        tier=line.tier or None,
        amount=money.usd_text(line.amount_micros * money.MICRO),
        total=_usd(line.amount_cents),
    )


def _usd(cents: int) -> str:
    return money.usd_text(money.cents_to_micros(cents) * money.MICRO)


def _time(at: dt.datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
