"""Read executions: by key, by id, their terms."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection, models

from accounts.models import Customer
from billing.models.executions import Execution
from billing.runs import ExecutionNotFoundError
from marketplace import queries as marketplace
from marketplace.terms import VersionTerms

RUNS: Final = (Execution.Source.ROUTER, Execution.Source.PAGE)
HELD_TO: Final = """
    SELECT e.public_id, v.public_id, a.outcome_policy, e.model, e.opened_at
    FROM billing_execution e
    JOIN marketplace_planversion v ON v.id = e.version_id
    JOIN marketplace_agent a ON a.id = e.agent_id
    WHERE e.public_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class HeldTo:
    """What a reserved run is held to: its version's terms, the agent's outcome policy, the model and moment quoted."""

    terms: VersionTerms
    policy: str
    model: str
    opened_at: dt.datetime


def by_key(*, principal: str, key: str) -> Execution | None:
    """Find what a principal reserved under a key."""
    found = Execution.objects.select_related("version", "hold")
    return found.filter(principal=principal, idempotency_key=key).first()


def by_keys(*, keys: Iterable[tuple[str, str | None]]) -> dict[tuple[str, str | None], Execution]:
    """Find what principals reserved under their keys, by principal and key."""
    named = [(principal, key) for principal, key in keys if key is not None]
    wanted = models.Q(
        *(models.Q(principal=principal, idempotency_key=key) for principal, key in named), _connector="OR"
    )
    found = Execution.objects.select_related("version", "hold").filter(wanted) if named else []
    return {(each.principal, each.idempotency_key): each for each in found}


def by_public_id(*, public_id: str) -> Execution:
    """Give a run; raise ExecutionNotFoundError."""
    return _one(public_id, Execution.objects.filter(public_id=public_id))


def of_customer(*, customer: Customer | int, public_id: str) -> Execution:
    """Give a customer's own run; raise ExecutionNotFoundError for anybody else's."""
    return _one(public_id, Execution.objects.filter(customer=customer, public_id=public_id))


def terms_of(*, public_ids: Iterable[str]) -> dict[str, HeldTo]:
    """Give what executions are held to, in one query."""
    wanted = [public_id for public_id in public_ids if "\x00" not in public_id]
    with connection.cursor() as cursor:
        cursor.execute(HELD_TO, [wanted])
        rows = cursor.fetchall()
    return {
        public_id: HeldTo(marketplace.version_terms(version=version), policy, model, opened_at)
        for public_id, version, policy, model, opened_at in rows
    }


def _one(public_id: str, rows: models.QuerySet[Execution]) -> Execution:
    related = ("agent", "version", "hold", "settlement", "wallet")
    found = rows.filter(source__in=RUNS).select_related(*related).first()
    if found is None:
        raise ExecutionNotFoundError(f"There is no execution {public_id}.")
    return found
