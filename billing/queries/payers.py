"""Who pays for a run, from what, and under which version."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db import connection

from billing.runs import CustomerNotFoundError, Opening

AVAILABLE: Final = """
    SELECT w.caller, w.creator, p.o_customer, billing_most_available(p.o_wallets, %s)
    FROM unnest(%s::text[], %s::text[]) AS w(caller, creator)
    CROSS JOIN LATERAL billing_payer(w.caller, w.creator) p
"""
# The limits of a few; who has none is not in the table.
SLOTS: Final = """
    SELECT w.caller, billing_slots_left(c.id, %s) FROM unnest(%s::text[]) AS w(caller)
    JOIN accounts_customer c ON c.public_id = w.caller OR c.external_id = w.caller
    JOIN billing_runlimit l ON l.customer_id = c.id
"""
QUOTAS: Final = """
    SELECT w.caller, w.unit, wallets_available(q.id, %s) FROM unnest(%s::text[], %s::text[]) AS w(caller, unit)
    JOIN accounts_customer c ON c.public_id = w.caller OR c.external_id = w.caller
    CROSS JOIN LATERAL wallets_quota(c.id, w.unit) AS q(id) WHERE q.id IS NOT NULL
"""
AVAILABLE_STILL: Final = """
    SELECT p.o_customer, billing_most_available(p.o_wallets, k.at), billing_slots_left(p.o_customer, k.at)
    FROM billing_still(%s, %s, %s, %s, %s) AS k(at) CROSS JOIN LATERAL billing_payer(%s, %s) p
"""
SUBSCRIBED: Final = """
    SELECT w.caller, w.agent, s.version_id
    FROM unnest(%s::text[], %s::bigint[]) AS w(caller, agent)
    JOIN accounts_customer c ON c.public_id = w.caller OR c.external_id = w.caller
    JOIN billing_subscription s ON s.customer_id = c.id AND s.agent_id = w.agent
    WHERE s.state = 'active' AND s.current_period_end > %s
"""


def available(*, caller: str, creator: str, now: dt.datetime) -> int:
    """Give the most that one of the caller's wallets could pay for a run of this creator's agents.

    Raises CustomerNotFoundError.
    """
    most = available_many(wanted=[(caller, creator)], now=now)[caller, creator]
    if isinstance(most, CustomerNotFoundError):
        raise most
    return most


def available_many(
    *, wanted: Iterable[tuple[str, str]], now: dt.datetime
) -> dict[tuple[str, str], int | CustomerNotFoundError]:
    """Give the most that one of each caller's wallets could pay for a run of a creator's agents, or the refusal."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(AVAILABLE, [now, [caller for caller, _ in pairs], [creator for _, creator in pairs]])
        rows = cursor.fetchall()
    return {
        (caller, creator): most
        if customer is not None
        else CustomerNotFoundError(f"There is no customer {caller!r}.")
        for caller, creator, customer, most in rows
    }


def quotas_left(*, wanted: Iterable[tuple[str, str]], now: dt.datetime) -> dict[tuple[str, str], int]:
    """Give what each (caller, unit) has left of that quota; those who have none are left out."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(QUOTAS, [now, [caller for caller, _ in pairs], [unit for _, unit in pairs]])
        return {(caller, unit): left for caller, unit, left in cursor.fetchall()}


def slots_left(*, callers: Iterable[str], now: dt.datetime) -> dict[str, int]:
    """Give how many more runs each caller may open now; those whose plan does not limit it are left out."""
    names = list(dict.fromkeys(callers))
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SLOTS, [now, names])
        return dict(cursor.fetchall())


def available_still(
    *, digest: bytes, opening: Opening, creator: str, version: str, now: dt.datetime
) -> tuple[int, int | None] | None:
    """Give the same and the runs that may be opened yet, where key and version still hold; else None.

    Raises CustomerNotFoundError.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            AVAILABLE_STILL,
            [digest, opening.agent, opening.caller, version, now, opening.caller, creator],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    if row[0] is None:
        raise CustomerNotFoundError(f"There is no customer {opening.caller!r}.")
    return int(row[1]), row[2]


def subscribed_versions(*, wanted: Iterable[tuple[str, int]], now: dt.datetime) -> dict[tuple[str, int], int]:
    """Give the version that each (caller, agent) has subscribed to, where it has."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIBED, [[caller for caller, _ in pairs], [agent for _, agent in pairs], now])
        return {(caller, agent): version for caller, agent, version in cursor.fetchall()}
