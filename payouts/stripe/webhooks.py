"""What we do when Stripe speaks of accounts, transfers and bank payouts: enqueue, after dj-stripe has synced.

Each job reads the object afresh, so that duplicates and wrong order change nothing.
"""

from typing import Any

from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event

from config.kit.jobs import enqueue


@djstripe_receiver(["account.updated", "capability.updated"])
def account_changed(sender: Any, event: Event, **_: Any) -> None:  # noqa: ARG001
    """Copy the account's state from the row that dj-stripe has just synced."""
    data = event.data["object"]
    enqueue(
        "payouts.sync_account", stripe_account_id=data["account" if data["object"] == "capability" else "id"]
    )


@djstripe_receiver(["account.application.deauthorized"])
def account_disconnected(sender: Any, event: Event, **_: Any) -> None:  # noqa: ARG001
    """Pay an account no more that its owner disconnected: Stripe lets us read nothing of it."""
    enqueue("payouts.end_account", stripe_account_id=event.stripe_data.get("account") or "")


@djstripe_receiver(["payout.created", "payout.updated", "payout.paid", "payout.failed"])
def bank_payout_changed(sender: Any, event: Event, **_: Any) -> None:  # noqa: ARG001
    """Read the bank payout again; one without an account is the platform's own."""
    account_id = event.stripe_data.get("account") or ""
    if account_id:
        enqueue(
            "payouts.sync_bank_payout",
            stripe_account_id=account_id,
            bank_payout_id=event.data["object"]["id"],
        )


@djstripe_receiver(["transfer.reversed", "transfer.updated"])
def transfer_changed(sender: Any, event: Event, **_: Any) -> None:  # noqa: ARG001
    """Book what was taken back of a transfer."""
    enqueue("payouts.sync_transfer", stripe_transfer_id=event.data["object"]["id"])
