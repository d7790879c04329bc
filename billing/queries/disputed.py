"""What hangs on open disputes: the credits that go if one is lost, and what creators earned of the disputed lots."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection

from billing.models.disputes import Dispute

# A run may have burned other lots too: of its earnings, the part that the disputed ones paid for.
EARNED: Final = """
    SELECT d.id, e.creator_id, e.day, sum(div(e.amount::numeric * w.amount, x.charged))::bigint
    FROM billing_dispute d
    JOIN wallets_frozenlot f ON f.source_type = 'dispute' AND f.source_id = d.stripe_id
    JOIN wallets_grantdrawdown w ON w.grant_id = f.grant_id AND w.debt_id IS NULL
    JOIN billing_execution x ON x.settlement_id = w.transaction_id AND x.undone_at IS NULL
    JOIN billing_earning e ON e.execution_id = x.id
    WHERE d.state = 'open' AND d.id = coalesce(%(dispute)s, d.id)
        AND e.creator_id = coalesce(%(creator)s, e.creator_id)
        AND (%(days)s::date[] IS NULL OR e.day = ANY (%(days)s::date[]))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Earned:
    """What a creator earned on a day of runs that an open dispute's lots paid for."""

    dispute_id: int
    creator_id: int
    day: dt.date
    amount: int


def earned(
    *, dispute: Dispute | None = None, creator_id: int | None = None, days: Iterable[dt.date] | None = None
) -> list[Earned]:
    """List what creators earned of disputed lots, for one dispute or one creator's days where told."""
    asked = {
        "dispute": dispute.pk if dispute else None,
        "creator": creator_id,
        "days": None if days is None else list(days),
    }
    with connection.cursor() as cursor:
        cursor.execute(EARNED, asked)
        return [Earned(*row) for row in cursor.fetchall()]
