"""What stands in pending and reserve for no day any more: put back by a refund or dispute that was undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Sum

from payouts.models import MaturedEarning, ReserveHold
from payouts.queries import standing
from wallets import chart
from wallets.models import Wallet

# What moved pending beside earnings and their maturity: taken, put back, and what was given back before.
BESIDE: Final = """
    SELECT coalesce(sum(e.amount), 0)::bigint
    FROM wallets_entry e JOIN wallets_transaction t ON t.id = e.transaction_id
    WHERE e.wallet_id = %s AND t.kind NOT IN ('posting', 'maturity')
"""


@dataclass(frozen=True)
class Surplus:
    """Credit micros that no day and no hold accounts for."""

    pending: int
    reserve: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.pending + self.reserve


def of(*, creator_id: int) -> Surplus:
    """Reckon a creator's surplus: days that fell short less what is still taken; reserve beyond its holds."""
    purse = standing.purse(creator_id=creator_id)
    short = MaturedEarning.objects.filter(creator_id=creator_id).aggregate(total=Sum("short"))["total"] or 0
    held = ReserveHold.objects.filter(creator_id=creator_id, released_at=None)
    kept = held.aggregate(total=Sum("amount"))["total"] or 0
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, [purse.wallets.get(chart.PENDING)])
        (beside,) = cursor.fetchone()
    return Surplus(
        pending=min(max(int(short) + beside, 0), purse.pending), reserve=max(purse.reserve - int(kept), 0)
    )


def having(*, creators: Iterable[int]) -> set[int]:
    """Pick the creators that have a surplus; none has who fell short of no day and holds nothing in reserve."""
    short = MaturedEarning.objects.filter(creator_id__in=creators, short__gt=0)
    reserves = Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CREATOR, owner_id__in=creators, kind=chart.RESERVE, balance__gt=0
    )
    may = {*short.values_list("creator_id", flat=True), *reserves.values_list("owner_id", flat=True)}
    return {creator_id for creator_id in may if of(creator_id=creator_id).total}
