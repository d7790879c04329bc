"""Find what staff have at hand: an e-mail, an id of ours or Stripe's, a key, an amount, a name."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db.models import Model, Q, QuerySet

from accounts.models import Customer
from billing.models import Invoice, TopUp
from billing.queries.invoices import number_text
from config.kit.errors import DomainError
from marketplace.models import Agent, Creator
from payouts.models import Payout
from payouts.queries.staff import by_id
from payouts.queries.staff.found import FOUND_MAX, Found, of_creator, of_customer, of_row
from wallets import money
from wallets.templatetags.money import cents

TEXT_MAX: Final = 200


def find(*, text: str, may: Callable[[str], bool]) -> list[Found]:
    """Find by whatever the text looks like; `may` tells which permissions the asker has."""
    text = text.strip()[:TEXT_MAX]
    if not text or not text.isprintable():
        return []
    return [found for found in _all(text) if may(found.permission)]


def _all(text: str) -> Iterable[Found]:
    by_prefix = by_id.PREFIXES.get(text.partition("_")[0] + "_")
    if by_prefix:
        yield from by_prefix(text)
    else:
        yield from _named(text)
        yield from _amounts(text)


def _named(text: str) -> Iterable[Found]:
    found = Customer.objects.search(text) | Customer.objects.filter(memberships__user__email__icontains=text)
    yield from map(of_customer, found.distinct().order_by("-id")[:FOUND_MAX])
    if "@" not in text:
        creators = Creator.objects.filter(Q(display_name__icontains=text) | Q(slug__icontains=text))
        yield from map(of_creator, creators.select_related("customer").order_by("-id")[:FOUND_MAX])
        agents = Agent.objects.filter(Q(name__icontains=text) | Q(slug__icontains=text))
        yield from (of_row(one, one.name, one.slug) for one in agents.order_by("-id")[:FOUND_MAX])


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
    return of_row(row, name, f"{detail} · {owner}")
