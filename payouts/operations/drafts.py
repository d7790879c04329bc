"""A draft: one creator's payable in whole cents, with lines that add up to it, or why there is none."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from marketplace.models import Creator
from payouts import gates, states
from payouts.models import (
    Payout,
    PayoutAccount,
    PayoutExclusion,
    PayoutItem,
    PayoutRun,
    PayoutStateChange,
)
from payouts.queries import maturing, standing
from wallets import chart, ledger
from wallets.ledger import Leg, Source


@dataclass(frozen=True)
class _Ground:
    """What a draft stands on, read under the account's lock, in credit micros."""

    run: PayoutRun
    creator: Creator
    payable: int
    netted: int


def draft(
    *,
    run: PayoutRun,
    creator: Creator,
    account: PayoutAccount | None,
    minimum_cents: int,
    actor: str,
    now: dt.datetime,
) -> Payout | None:
    """Draft a creator's payout of a run, or record why it is left out; a live one of the period is kept."""
    live = Payout.objects.filter(creator=creator, period_start=run.period_start).exclude(
        state__in=Payout.DEAD
    )
    if live.exists():
        return None
    netted = _net_debt(run, creator, now)
    payable = standing.purse(creator_id=creator.pk).payable - standing.promised(creator_id=creator.pk)
    ground = _Ground(run, creator, payable, netted)
    found = gates.assess(
        payable=payable, standing=standing.account_standing(account=account), minimum_cents=minimum_cents
    )
    if found.reason or account is None:
        _exclude(ground, found)
        return None
    for failed in Payout.objects.filter(creator=creator, state=Payout.State.FAILED):
        # Its money is in payable again: this payout takes it, so that one must not be retried.
        cancel(payout=failed, actor=actor, now=now, reason=f"Paid with {run}")
    payout = _create(ground, account, found, now)
    PayoutStateChange.objects.create(
        payout=payout, new=payout.state, actor=actor, at=now, reason=f"Run of {run}"
    )
    return payout


def cancel(*, payout: Payout, actor: str, now: dt.datetime, reason: str) -> Payout:
    """Cancel a payout of which nothing has moved; its earnings go to the next. Raises PayoutStateError."""
    with transaction.atomic():
        states.advance(payout=payout, to=Payout.State.CANCELLED, actor=actor, now=now, reason=reason)
        payout.items.update(live=False)
    return payout


def _create(ground: _Ground, account: PayoutAccount, found: gates.Assessment, now: dt.datetime) -> Payout:
    run = ground.run
    payout = Payout.objects.create(
        creator=ground.creator,
        account=account,
        run=run,
        destination=account.stripe_account_id or "",
        period_start=run.period_start,
        period_end=run.period_end,
        scheduled_for=run.scheduled_for,
        amount=found.amount,
        amount_cents=found.cents,
        created_at=now,
    )
    PayoutItem.objects.bulk_create(_items(payout, ground))
    PayoutExclusion.objects.filter(run=run, creator=ground.creator).delete()
    return payout


def _items(payout: Payout, ground: _Ground) -> list[PayoutItem]:
    """List the earnings, then what makes them the amount: brought in, debt taken off, carried on."""
    lines = maturing.unpaid(creator_id=payout.creator_id)
    items = [
        PayoutItem(kind=PayoutItem.Kind.EARNINGS, agent_id=line.agent_id, day=line.day, amount=line.amount)
        for line in lines
    ]
    earned = sum(line.amount for line in lines)
    rest = {
        PayoutItem.Kind.CARRIED_IN: ground.payable + ground.netted - earned,
        PayoutItem.Kind.DEBT: -ground.netted,
        PayoutItem.Kind.CARRIED_OUT: payout.amount - ground.payable,
    }
    items += [PayoutItem(kind=kind, amount=amount) for kind, amount in rest.items() if amount]
    for item in items:
        item.payout, item.creator_id = payout, payout.creator_id
    return items


def _exclude(ground: _Ground, found: gates.Assessment) -> None:
    if ground.payable <= 0:
        return
    PayoutExclusion.objects.update_or_create(
        run=ground.run,
        creator=ground.creator,
        defaults={"reason": found.reason or "", "detail": found.detail, "payable": ground.payable},
    )


def _net_debt(run: PayoutRun, creator: Creator, now: dt.datetime) -> int:
    """Take a creator's debt off what is payable, before cents are counted."""
    purse = standing.purse(creator_id=creator.pk)
    amount = min(-purse.debt, purse.payable - standing.promised(creator_id=creator.pk))
    if amount <= 0:
        return 0
    posted = ledger.post(
        kind="payout_netting",
        source=Source("creator_period", f"{creator.public_id}:{run.period_start}"),
        actor="job:payout_run",
        legs=[Leg(purse.wallets[chart.PAYABLE], -amount), Leg(purse.wallets[chart.DEBT], amount)],
        # Both images are rounded by themselves: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )
    return 0 if posted.replayed else amount
