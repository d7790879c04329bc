"""What a statement says, read from the rows: its lines, its body, and whether what was sealed is still so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Q, Sum

from marketplace.models import Creator
from payouts import sealing
from payouts.models import MaturedEarning, Payout, PayoutItem, ReserveHold, Statement
from payouts.queries import standing
from wallets import chart

Kind = PayoutItem.Kind

# The payable wallet's entries between two of its sequence numbers, by the kind of their transaction.
ENTRIES: Final = """
    SELECT t.kind, sum(e.amount)::bigint FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
    WHERE e.wallet_id = %s AND e.wallet_seq > %s AND e.wallet_seq <= %s GROUP BY t.kind
"""
# Stated elsewhere: maturity by its days, a payout and its way back by the payout itself.
STATED: Final = frozenset({"maturity", "payout", "payout_failure", "transfer_reversal"})
OWN: Final = {
    "payout_netting": Kind.DEBT,
    "reserve_release": Kind.RESERVE_RELEASED,
    "dispute_release": Kind.DISPUTE_RELEASED,
}


@dataclass(frozen=True)
class Opening:
    """Where a creator's next statement begins: after which entry, with how much carried over."""

    seq: int
    carried: int


def opening(*, creator_id: int) -> Opening:
    """Find where a creator's next statement begins: where its last live one ended."""
    live = Statement.objects.filter(creator_id=creator_id).exclude(payout__state__in=Payout.DEAD)
    last = live.order_by("-number").first()
    if last is None:
        return Opening(0, 0)
    out = PayoutItem.objects.filter(payout=last.payout_id, kind=Kind.CARRIED_OUT)
    return Opening(last.closing_seq, -int(out.aggregate(total=Sum("amount"))["total"] or 0))


def moved(*, creator_id: int, after: int, until: int) -> dict[str, int]:
    """Sum what moved payable between two of its entries beside earnings and payouts, by the kind of line."""
    wallet = standing.purse(creator_id=creator_id).wallets.get(chart.PAYABLE)
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, [wallet, after, until])
        found = cursor.fetchall()
    sums: dict[str, int] = {}
    for kind, amount in found:
        if kind not in STATED:
            line = OWN.get(kind, Kind.REFUNDS)
            sums[line] = sums.get(line, 0) + amount
    return sums


def held_back(*, creator_id: int, days: set[Any]) -> dict[str, int]:
    """Sum what was held back of a creator's days, by the kind of line, as it is taken off."""
    holds = ReserveHold.objects.filter(creator_id=creator_id, day__in=days)
    return {
        kind: -int(holds.filter(dispute__isnull=by_tier).aggregate(total=Sum("amount"))["total"] or 0)
        for kind, by_tier in ((Kind.RESERVE_HELD, True), (Kind.DISPUTE_HELD, False))
    }


def body(*, payout: Payout, number: int, entries: tuple[int, int]) -> dict[str, Any]:
    """Write what a statement says, from the payout and its lines. Amounts are credit micros."""
    items = (
        PayoutItem.objects.filter(payout=payout).select_related("agent").order_by("day", "agent_id", "kind")
    )
    return {
        "payout": payout.public_id,
        "creator": payout.creator.public_id,
        "number": number,
        "schedule": payout.run.schedule,
        "period": {"from": str(payout.period_start), "to": str(payout.last_day)},
        "scheduled_for": str(payout.scheduled_for),
        "lines": [
            {
                "kind": item.kind,
                "agent": item.agent.public_id if item.agent else None,
                "day": str(item.day) if item.day else None,
                "amount": item.amount,
            }
            for item in items
        ],
        "net": payout.amount,
        "net_cents": payout.amount_cents,
        "entries": {"after": entries[0], "until": entries[1]},
    }


def problems(*, statement: Statement) -> Iterator[str]:
    """Recompute a statement from the rows; name what differs from what was sealed. Nothing: it verifies."""
    payout = Payout.objects.select_related("creator", "run").get(pk=statement.payout_id)
    entries = (statement.opening_seq, statement.closing_seq)
    told = body(payout=payout, number=statement.number, entries=entries)
    if told != statement.body:
        yield "The payout's lines are not those that were sealed."
    if sealing.seal(body=statement.body, previous=statement.previous) != statement.hash:
        yield "The seal does not fit what it seals."
    if statement.previous != _hash_before(statement):
        yield "The chain to the statement before is broken."
    lines = [(line["kind"], int(line["amount"])) for line in statement.body["lines"]]
    if sum(amount for _, amount in lines) != statement.body["net"]:
        yield "The lines do not add up to what is paid."
    yield from _unfounded(statement, payout)


def verified(*, creator: Creator) -> Mapping[str, list[str]]:
    """Recompute all of a creator's statements; give the problems of those that have some."""
    found = {
        statement.payout.public_id: list(problems(statement=statement))
        for statement in Statement.objects.filter(creator=creator).select_related("payout").order_by("number")
    }
    return {payout: wrong for payout, wrong in found.items() if wrong}


def _hash_before(statement: Statement) -> str:
    before = Statement.objects.filter(creator=statement.creator_id, number=statement.number - 1)
    return before.values_list("hash", flat=True).first() or sealing.GENESIS


def _unfounded(statement: Statement, payout: Payout) -> Iterator[str]:
    """Name the lines that earnings, reserve and ledger do not bear out."""
    items = list(payout.items.all())
    earned = [item for item in items if item.kind == Kind.EARNINGS]
    ground = Q()
    for item in earned:
        ground |= Q(agent=item.agent_id, day=item.day, amount=item.amount)
    matured = MaturedEarning.objects.filter(ground, creator=payout.creator_id) if earned else ()
    if len(matured) != len(earned):
        yield "A line names earnings that did not mature so."
    entries = moved(creator_id=payout.creator_id, after=statement.opening_seq, until=statement.closing_seq)
    expected: dict[str, int] = {
        Kind.DEBT: entries.get(Kind.DEBT, 0),
        Kind.RESERVE_RELEASED: entries.get(Kind.RESERVE_RELEASED, 0),
        Kind.REFUNDS: entries.get(Kind.REFUNDS, 0) - sum(row.short for row in matured),
        Kind.DISPUTE_RELEASED: entries.get(Kind.DISPUTE_RELEASED, 0),
        **held_back(creator_id=payout.creator_id, days={item.day for item in earned}),
    }
    for kind, amount in expected.items():
        if sum(item.amount for item in items if item.kind == kind) != amount:
            yield f"The line “{Kind(kind).label}” is not what the ledger says."
