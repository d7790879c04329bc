"""Open wallets and adjust balances: what is done to a wallet as a whole."""

import datetime as dt

from django.db import transaction

from config.kit import ids, reasons
from config.kit.errors import InvalidInputError
from wallets import grants
from wallets.chart import CONSUMER
from wallets.ledger import Posted, Source
from wallets.models import CreditGrant, Wallet
from wallets.money import CREDITS


def open_wallet(
    *,
    owner_type: str,
    owner_id: int,
    now: dt.datetime,
    kind: str = CONSUMER,
    scope: str = "",
) -> Wallet:
    """Give an owner's wallet of credits, opening it the first time."""
    wallet, _ = Wallet.objects.get_or_create(
        owner_type=owner_type,
        owner_id=owner_id,
        unit=CREDITS,
        kind=kind,
        scope=scope,
        defaults={"public_id": ids.new(ids.WALLET), "created_at": now},
    )
    return wallet


def adjust(
    *,
    wallet: Wallet,
    amount: int,
    reference: str,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> Posted:
    """Adjust a balance by staff: up as an `adjustment` grant, down in burn order, only what is available.

    Staff come here through `wallets.adjustments` alone, which has it decided; the replay's cast and the provers, where
    there are no staff, come directly.
    `reference` makes it happen once. Raises InvalidInputError without a reason, InsufficientCreditsError
    below what is available.
    """
    check_adjustment(wallet=wallet, amount=amount, reason=reason)
    source = Source("adjustment", reference)
    with transaction.atomic():
        if amount < 0:
            return grants.void(
                wallet=wallet,
                amount=-amount,
                source=source,
                actor=actor,
                now=now,
                reason=reason,
            )
        return grants.give(
            wallet=wallet,
            funding_class=CreditGrant.FundingClass.ADJUSTMENT,
            amount=amount,
            source=source,
            actor=actor,
            now=now,
            reason=reason,
        )


def check_adjustment(*, wallet: Wallet, amount: int, reason: str) -> None:
    """Raise InvalidInputError for an adjustment that can never be."""
    reasons.check(reason=reason)
    if amount == 0:
        raise InvalidInputError("An adjustment is not 0.")
    if wallet.unit != CREDITS:
        raise InvalidInputError("Only credits are adjusted; a plan fills its quotas.")
