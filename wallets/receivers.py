"""What the ledger does when something below it happens."""

import datetime as dt
from typing import Any

from django.dispatch import receiver

from accounts.models import Customer
from accounts.signals import customer_opened
from wallets import operations
from wallets.models import Wallet


@receiver(customer_opened, dispatch_uid="wallets.open_wallet")
def open_wallet(*, customer: Customer, now: dt.datetime, **_: Any) -> None:
    """Open a customer's wallet with it, so that staff finds it and may give credits before the first purchase."""
    operations.open_wallet(owner_type=Wallet.OwnerType.CONSUMER, owner_id=customer.pk, now=now)
