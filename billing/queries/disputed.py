"""What hangs on disputes: what creators earned of the credits that nobody paid for if one is lost."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models.disputes import Dispute
from billing.queries.plan_fees import BY_PAYMENT
from wallets.models import ClawPart

# At stake is what would go below zero if a dispute is lost; once it is lost, what its customer still owes. The newest
# runs stand for it, as they bear what is written off; what was written off of the payment before has its bearers. What
# a plan's fee has earned at once is at stake as far as the dollars are, until the dispute is decided.
EARNED: Final = f"""
    WITH stakes AS (
        SELECT d.id, d.stripe_id, d.payment_intent_id, CASE WHEN d.state = 'open' THEN d.at_stake ELSE (
            SELECT coalesce(sum(least(p.amount, o.remaining)), 0) FROM wallets_clawpart p
            JOIN wallets_walletdebt o ON o.id = p.debt_id WHERE p.claw_id = d.claw_id
        ) END AS stake, (
            SELECT coalesce(sum(least(greatest(p.amount - o.remaining, 0), o.written_off)), 0)
            FROM wallets_claw c JOIN wallets_clawpart p ON p.claw_id = c.id
            JOIN wallets_walletdebt o ON o.id = p.debt_id
            WHERE c.purchase = d.payment_intent_id AND c.amount > 0
                AND NOT EXISTS (SELECT FROM wallets_claw u WHERE u.undoes_id = c.id)
        ) AS borne
        FROM billing_dispute d WHERE d.id = ANY (%(disputes)s)
    ), spans AS (
        SELECT *, borne + coalesce(sum(stake) OVER (PARTITION BY payment_intent_id ORDER BY id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS first FROM stakes
    ), burned AS (
        SELECT s.id, x.id AS execution_id, x.cells, g.funding_class, w.amount, s.first, s.first + s.stake AS last,
            sum(w.amount) OVER (PARTITION BY s.id ORDER BY w.id DESC) AS upto
        FROM spans s
        JOIN wallets_frozenlot f ON f.source_type = 'dispute' AND f.source_id = s.stripe_id
        JOIN wallets_creditgrant g ON g.id = f.grant_id
        JOIN wallets_grantdrawdown w ON w.grant_id = g.id AND w.debt_id IS NULL
        JOIN billing_execution x ON x.settlement_id = w.transaction_id AND x.undone_at IS NULL
    ), parts AS (
        SELECT b.*, least(upto, last) - greatest(upto - amount, first) AS part, (
            SELECT sum((c ->> 2)::numeric) FROM jsonb_array_elements(cells) c WHERE c ->> 0 = funding_class
        ) AS whole
        FROM burned b WHERE least(upto, last) > greatest(upto - amount, first)
    ), taken AS (
        SELECT d.id, d.payment_intent_id, d.withdrawn_cents * 10000 AS taken,
            coalesce(b.amount_cents, i.amount_cents) * 10000 AS price, (
                SELECT coalesce(sum(c.usd), 0) FROM wallets_claw c WHERE c.purchase = d.payment_intent_id
            ) + (
                SELECT coalesce(sum(o.withdrawn_cents), 0) * 10000 FROM billing_dispute o
                WHERE o.payment_intent_id = d.payment_intent_id AND o.state = 'open' AND o.id < d.id
            ) AS before
        FROM billing_dispute d LEFT JOIN billing_subscription b ON b.id = d.subscription_id
        LEFT JOIN billing_invoicepayment i ON i.id = d.invoice_payment_id
        WHERE d.id = ANY (%(disputes)s) AND d.state = 'open'
    )
    SELECT id, creator_id, day, sum(amount)::bigint FROM (
        SELECT p.id, e.creator_id, e.day, div((c ->> 2)::numeric * p.part + p.whole - 1, p.whole) AS amount
        FROM parts p CROSS JOIN LATERAL jsonb_array_elements(p.cells) c
        JOIN billing_earning e ON e.execution_id = p.execution_id AND e.creator_id = (c ->> 1)::bigint
        WHERE c ->> 0 = p.funding_class
        UNION ALL
        SELECT t.id, e.creator_id, e.day,
            div(e.amount * (t.before + t.taken), t.price) - div(e.amount * t.before, t.price)
        FROM taken t JOIN ({BY_PAYMENT}) x ON x.purchase = t.payment_intent_id
        JOIN billing_earning e ON e.execution_id = x.id WHERE %(fees)s
    ) found
    WHERE id = coalesce(%(dispute)s, id)
        AND (%(creators)s::bigint[] IS NULL OR creator_id = ANY (%(creators)s::bigint[]))
        AND (%(days)s::date[] IS NULL OR day = ANY (%(days)s::date[]))
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608  (constants)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a creator earned on a day of what a dispute puts at stake, of its credits rounded up to a micro a run."""

    dispute_id: int
    creator_id: int
    day: dt.date
    amount: int


def holding() -> QuerySet[Dispute]:
    """Select the disputes for which creators wait: open, or lost while its customer still owes what was spent."""
    owed = ClawPart.objects.filter(claw=OuterRef("claw"), debt__remaining__gt=0)
    return Dispute.objects.filter(Q(state=Dispute.State.OPEN) | Q(Exists(owed), state=Dispute.State.LOST))


def earned(
    *,
    dispute: Dispute | None = None,
    creator_ids: Iterable[int] | None = None,
    days: Iterable[dt.date] | None = None,
    fees: bool = True,
) -> list[Earned]:
    """List what creators earned of what is at stake, for one dispute or some creators' days where told.

    Of plans' fees above their credits too, unless told otherwise.
    """
    asked = {
        "disputes": list(holding().values_list("pk", flat=True)),
        "dispute": dispute.pk if dispute else None,
        "creators": None if creator_ids is None else list(creator_ids),
        "days": None if days is None else list(days),
        "fees": fees,
    }
    if not asked["disputes"]:
        return []
    with connection.cursor() as cursor:
        cursor.execute(EARNED, asked)
        return [Earned(*row) for row in cursor.fetchall()]
