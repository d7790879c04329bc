"""One at a time across web, workers and beat: PostgreSQL's advisory locks, held by the session.

They only keep runs from treading on each other's toes; that money moves once is the unique constraints' work.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from marketplace.models import Creator
from payouts.models import PayoutAccount
from wallets.models import Wallet

RUN = "payouts.run"
SEND = "payouts.send"
RECONCILE = "payouts.reconcile"
WITHDRAW = "payouts.withdraw"


@contextmanager
def waiting(name: str) -> Iterator[None]:
    """Hold the named lock, waiting for it first."""
    _call("pg_advisory_lock", name)
    try:
        yield
    finally:
        _call("pg_advisory_unlock", name)


@contextmanager
def trying(name: str) -> Iterator[bool]:
    """Hold the named lock if it is free; say whether it is held."""
    held = _call("pg_try_advisory_lock", name)
    try:
        yield held
    finally:
        if held:
            _call("pg_advisory_unlock", name)


def creator(*, creator: Creator) -> PayoutAccount | None:
    """Lock a creator's account and wallets until the transaction ends; give the account.

    The creator first: two runs, or a run and a request, mature and draft one after the other. The account before
    any wallet, as sending does: an approval or transfer waits, or came first. The wallets by id, as the ledger
    takes them: what is counted here stays until it is booked.
    """
    Creator.objects.select_for_update(no_key=True).get(pk=creator.pk)
    account = PayoutAccount.objects.select_for_update().filter(creator=creator).first()
    wallets = Wallet.objects.filter(owner_type=Wallet.OwnerType.CREATOR, owner_id=creator.pk)
    list(wallets.select_for_update(no_key=True).order_by("pk"))
    return account


def _call(function: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(hashtext(%s))", [name]
        )  # the function's name is one of the three above
        (answer,) = cursor.fetchone()
    return bool(answer)
