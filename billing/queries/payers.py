"""Who pays for a run, from what, and under which version."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.db import connection

from billing.runs import CustomerNotFoundError

PAYER: Final = """
    SELECT p.o_customer, billing_most_available(p.o_wallets, %s) FROM billing_payer(%s, %s) p
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
    with connection.cursor() as cursor:
        cursor.execute(PAYER, [now, caller, creator])
        customer_id, most = cursor.fetchone()
    if customer_id is None:
        raise CustomerNotFoundError(f"There is no customer {caller!r}.")
    return int(most)


def subscribed_versions(*, wanted: Iterable[tuple[str, int]], now: dt.datetime) -> dict[tuple[str, int], int]:
    """Give the version that each (caller, agent) has subscribed to, where it has."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SUBSCRIBED, [[caller for caller, _ in pairs], [agent for _, agent in pairs], now])
        return {(caller, agent): version for caller, agent, version in cursor.fetchall()}
