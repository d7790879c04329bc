"""What stands in a creator's wallets, and whether its account can be paid."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Sum

from payouts.gates import Standing
from payouts.models import Ended, Payout, PayoutAccount
from payouts.requirements import in_words
from payouts.stripe import connect
from wallets import chart
from wallets.models import Wallet
from wallets.money import CREDITS

# So many things that Stripe asks for are named where the reason of a payout that waits is told.
NEEDS_MAX: Final = 3


@dataclass(frozen=True)
class Purse:
    """A creator's wallets: the row ids to post on, and their balances in credit micros; payable's last entry."""

    pending: int
    payable: int
    debt: int
    reserve: int
    seq: int
    wallets: dict[str, int]


def purse(*, creator_id: int) -> Purse:
    """Read a creator's wallets; one that was never opened counts 0."""
    return purses(creator_ids=[creator_id])[creator_id]


def purses(*, creator_ids: Iterable[int]) -> dict[int, Purse]:
    """Read the wallets of several creators, as `purse` does."""
    opened: dict[int, dict[str, Wallet]] = {creator_id: {} for creator_id in creator_ids}
    for wallet in Wallet.objects.filter(
        owner_type=Wallet.OwnerType.CREATOR, owner_id__in=opened, unit=CREDITS, scope=""
    ):
        opened[wallet.owner_id][wallet.kind] = wallet
    return {creator_id: _purse(rows) for creator_id, rows in opened.items()}


def _purse(rows: dict[str, Wallet]) -> Purse:
    balances = {kind: row.balance for kind, row in rows.items()}
    return Purse(
        pending=balances.get(chart.PENDING, 0),
        payable=balances.get(chart.PAYABLE, 0),
        debt=balances.get(chart.DEBT, 0),
        reserve=balances.get(chart.RESERVE, 0),
        seq=rows[chart.PAYABLE].seq if chart.PAYABLE in rows else 0,
        wallets={kind: row.pk for kind, row in rows.items()},
    )


def promised(*, creator_id: int) -> int:
    """Sum what drafts and approved payouts will take from payable."""
    return promises(creator_ids=[creator_id]).get(creator_id, 0)


def promises(*, creator_ids: Iterable[int]) -> dict[int, int]:
    """Sum what drafts and approved payouts will take from payable, for those of several creators that have any."""
    waiting = Payout.objects.filter(creator_id__in=creator_ids, state__in=Payout.PROMISED)
    sums = waiting.values_list("creator_id").annotate(total=Sum("amount")).order_by()
    return {creator_id: int(total) for creator_id, total in sums}


def account_standing(*, account: PayoutAccount | None) -> Standing:
    """Read the account as dj-stripe last synced it; the row is always newer than our copy or the same."""
    return account_standings(accounts=[account])[account.creator_id] if account else Standing()


def account_standings(*, accounts: Iterable[PayoutAccount]) -> dict[int, Standing]:
    """Read several creators' accounts, as `account_standing` does."""
    rows = list(accounts)
    live = [row.stripe_account_id for row in rows if row.stripe_account_id and not row.ended]
    states = connect.synced_of(account_ids=live) if live else {}
    return {row.creator_id: _standing(row, states.get(row.stripe_account_id or "")) for row in rows}


def _standing(account: PayoutAccount, state: connect.AccountState | None) -> Standing:
    if account.stripe_account_id and account.ended:
        return Standing(connected=True, ended=account.get_ended_display())
    if state is None:
        return Standing()
    return Standing(
        connected=True,
        details_submitted=state.details_submitted,
        payouts_enabled=state.payouts_enabled,
        transfers=state.transfers,
        ended=Ended.REJECTED.label if state.is_rejected else "",
        needs=_needs(state),
    )


def _needs(state: connect.AccountState) -> str:
    labels = [f"{each.label[0].lower()}{each.label[1:]}" for each in in_words(names=state.requirements_due)]
    more = [f"and {len(labels) - NEEDS_MAX} more"] if len(labels) > NEEDS_MAX else []
    return ", ".join([*labels[:NEEDS_MAX], *more])
