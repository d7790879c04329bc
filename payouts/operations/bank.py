"""Follow Stripe's bank payouts: they turn our `sent` into `paid`, or tell why the bank refused.

Note [Which payouts a bank payout pays]: a connected account's bank payout empties what is available there, so
it pays every transfer of ours that was made before it and that no earlier bank payout has delivered. When the
bank refuses it, the money lies in the connected account again and the next bank payout pays it: a refused one
gives its payouts back. Both times are Stripe's own, so that clocks do not matter. A refusal does not make a
payout `failed`: the creator has the money at Stripe, and a retry of ours would pay twice.
"""

import datetime as dt
from typing import Final

from django.db import transaction
from django.db.models import Q

from config.kit import jobs
from payouts import states
from payouts.models import GONE, BankPayout, Payout, PayoutAccount
from payouts.stripe import bank
from payouts.stripe.bank import BankPayoutState

ACTOR: Final = "stripe"
REFUSED: Final = ("failed", "canceled")
STUCK_AFTER: Final = dt.timedelta(hours=1)


def sync(*, stripe_account_id: str, bank_payout_id: str, now: dt.datetime) -> None:
    """Read one bank payout from Stripe and carry over what it says; an account that is not ours is let be."""
    account = PayoutAccount.objects.filter(stripe_account_id=stripe_account_id).first()
    if account is not None:
        apply(
            account=account,
            state=bank.read(account_id=stripe_account_id, bank_payout_id=bank_payout_id),
            now=now,
        )


def sync_recent(*, now: dt.datetime) -> int:
    """Ask for the bank payouts that no webhook told of, where payouts are still `sent`; give how many."""
    waiting = Payout.objects.filter(state=Payout.State.SENT, sent_at__lte=now - STUCK_AFTER)
    accounts = PayoutAccount.objects.filter(pk__in=waiting.values("account"))
    read = 0
    for account in accounts.exclude(Q(stripe_account_id=None) | Q(ended__in=GONE)).order_by("pk"):
        with jobs.fenced("bank_payouts.not_read account=%s", account.stripe_account_id):
            for state in bank.recent(account_id=account.stripe_account_id or ""):
                apply(account=account, state=state, now=now)
                read += 1
    return read


def apply(*, account: PayoutAccount, state: BankPayoutState, now: dt.datetime) -> BankPayout:
    """Record a bank payout and move the payouts it pays."""
    with transaction.atomic():
        # One bank payout of an account after the other: two webhooks share out the same payouts.
        PayoutAccount.objects.select_for_update().get(pk=account.pk)
        row, _ = BankPayout.objects.update_or_create(
            stripe_id=state.id,
            defaults={
                "account": account,
                "amount_cents": state.amount_cents,
                "status": state.status,
                "failure_code": state.failure_code,
                "failure_detail": state.failure_detail,
                "created_at": state.created_at,
                "synced_at": now,
            },
        )
        _claim(row)
        for payout in row.payouts.filter(state__in=[Payout.State.SENT, Payout.State.PAID]):
            _move(payout, row, now)
    return row


def _claim(row: BankPayout) -> None:
    """Give a bank payout the transfers made before it that nothing else has delivered or is delivering."""
    if row.status in REFUSED and row.payouts.exists():
        return
    free = Q(bank_payout=None) | Q(
        bank_payout__status__in=REFUSED, bank_payout__created_at__lt=row.created_at
    )
    Payout.objects.filter(
        free,
        account=row.account,
        # What went to an account that the creator had before never comes out of this one.
        destination=row.account.stripe_account_id,
        state=Payout.State.SENT,
        transferred_at__lte=row.created_at,
    ).update(bank_payout=row)


def _move(payout: Payout, row: BankPayout, now: dt.datetime) -> None:
    refused = row.status in REFUSED
    failure = (
        {
            "failure_code": row.failure_code or f"bank_payout_{row.status}",
            "failure_detail": row.failure_detail,
        }
        if refused
        else {"failure_code": "", "failure_detail": ""}
    )
    if row.status == "paid" and payout.state == Payout.State.SENT:
        states.advance(
            payout=payout,
            to=Payout.State.PAID,
            actor=ACTOR,
            now=now,
            reason=row.stripe_id,
            paid_at=now,
            **failure,
        )
    elif refused and payout.state == Payout.State.PAID:
        reason = f"{row.stripe_id}: {row.failure_code}"
        states.advance(
            payout=payout, to=Payout.State.SENT, actor=ACTOR, now=now, reason=reason, paid_at=None, **failure
        )
    elif payout.state == Payout.State.SENT:
        Payout.objects.filter(pk=payout.pk, state=Payout.State.SENT).update(**failure)
