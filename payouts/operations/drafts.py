"""A draft: one creator's payable in whole cents, with lines that add up to it, or why there is none."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import User
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
from payouts.operations import statements
from payouts.queries import maturing, standing
from payouts.queries import statements as statements_read
from payouts.queries.statements import Opening
from wallets import chart, ledger, money
from wallets.ledger import Leg, Source

Kind = PayoutItem.Kind


@dataclass(frozen=True)
class By:
    """Who makes drafts, as the history names it; the person, when it is one of the staff."""

    actor: str
    user: User | None = None


@dataclass(frozen=True)
class _Ground:
    """What a draft stands on, read under the creator's lock: credit micros, and payable's last entry."""

    run: PayoutRun
    creator: Creator
    payable: int
    netted: int
    seq: int
    by: By


def draft(
    *,
    run: PayoutRun,
    creator: Creator,
    account: PayoutAccount | None,
    minimum_cents: int,
    by: By,
    now: dt.datetime,
) -> Payout | None:
    """Draft a creator's payout of a run, or record why it is left out; a live one of the run is kept."""
    # Should it have been set aside: now it has been seen.
    PayoutExclusion.objects.filter(run=run, creator=creator, reason=gates.Reason.NOT_PREPARED).delete()
    if Payout.objects.filter(creator=creator, run=run).exclude(state__in=Payout.DEAD).exists():
        return None
    netted = _net_debt(creator, now)
    purse = standing.purse(creator_id=creator.pk)
    payable = purse.payable - standing.promised(creator_id=creator.pk)
    ground = _Ground(run, creator, payable, netted, purse.seq, by)
    found = gates.assess(
        payable=payable, standing=standing.account_standing(account=account), minimum_cents=minimum_cents
    )
    if found.reason or account is None:
        _exclude(ground, found, owed=-purse.debt)
        return None
    for failed in Payout.objects.filter(creator=creator, state=Payout.State.FAILED):
        # Its money is in payable again: this payout takes it, so that one must not be retried.
        cancel(payout=failed, actor=by.actor, now=now, reason=f"Paid with {run}")
    payout = _create(ground, account, found, now)
    PayoutStateChange.objects.create(
        payout=payout, new=payout.state, actor=by.actor, at=now, reason=f"Run of {run}"
    )
    return payout


def set_aside(*, run: PayoutRun, creator: Creator) -> None:
    """Record that a creator could not be prepared: what it has stays payable, and it is tried again."""
    payable = standing.purse(creator_id=creator.pk).payable - standing.promised(creator_id=creator.pk)
    PayoutExclusion.objects.update_or_create(
        run=run,
        creator=creator,
        defaults={
            "reason": gates.Reason.NOT_PREPARED,
            "detail": gates.NOT_PREPARED,
            "payable": max(payable, 0),
        },
    )


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
        needs_second=0 < settings.PAYOUT_SECOND_PERSON_CENTS < found.cents,
        started_by=ground.by.user,
    )
    opening = statements_read.opening(creator_id=payout.creator_id)
    PayoutItem.objects.bulk_create(_items(payout, ground, opening))
    statements.seal(payout=payout, opening=opening, closing_seq=ground.seq, now=now)
    PayoutExclusion.objects.filter(run=run, creator=ground.creator).delete()
    return payout


def _items(payout: Payout, ground: _Ground, opening: Opening) -> list[PayoutItem]:
    """List the earnings, then all that makes them the amount, to the micro."""
    lines = maturing.unpaid(creator_id=payout.creator_id)
    items = [
        PayoutItem(kind=Kind.EARNINGS, agent_id=line.agent_id, day=line.day, amount=line.amount)
        for line in lines
    ]
    rest: dict[str, int] = {
        Kind.CARRIED_IN: opening.carried,
        **statements_read.held_back(creator_id=payout.creator_id, days={line.day for line in lines}),
        **statements_read.moved(creator_id=payout.creator_id, after=opening.seq, until=ground.seq),
    }
    rest[Kind.REFUNDS] = rest.get(Kind.REFUNDS, 0) - sum(line.short for line in lines)
    # A payout that was cancelled or taken back gives its days back, above; here is what it had beside them.
    told = sum(item.amount for item in items) + sum(rest.values())
    rest[Kind.GIVEN_BACK] = ground.payable - told
    rest[Kind.CARRIED_OUT] = payout.amount - ground.payable
    items += [PayoutItem(kind=kind, amount=amount) for kind, amount in rest.items() if amount]
    for item in items:
        item.payout, item.creator_id = payout, payout.creator_id
    return items


def _exclude(ground: _Ground, found: gates.Assessment, *, owed: int) -> None:
    reason, detail = found.reason, found.detail
    if owed or ground.netted:
        reason = gates.Reason.DEBT
        taken, left = money.text(ground.netted), money.text(owed)
        detail = f"{taken} credits were taken off for refunded or disputed runs, {left} are still owed."
    elif ground.payable <= 0:
        return
    PayoutExclusion.objects.update_or_create(
        run=ground.run,
        creator=ground.creator,
        defaults={"reason": reason or "", "detail": detail, "payable": max(ground.payable, 0)},
    )


def _net_debt(creator: Creator, now: dt.datetime) -> int:
    """Take a creator's debt off what is payable, before cents are counted."""
    purse = standing.purse(creator_id=creator.pk)
    amount = min(-purse.debt, purse.payable - standing.promised(creator_id=creator.pk))
    if amount <= 0:
        return 0
    posted = ledger.post(
        kind="payout_netting",
        # Each state of the wallet is netted once; a run that is prepared again nets what came since.
        source=Source("creator_payable", f"{creator.public_id}:{purse.seq}"),
        actor="job:payout_run",
        legs=[Leg(purse.wallets[chart.PAYABLE], -amount), Leg(purse.wallets[chart.DEBT], amount)],
        # Both images are rounded by themselves: a micro may be between them.
        plug=chart.ROUNDING,
        now=now,
    )
    return 0 if posted.replayed else amount
