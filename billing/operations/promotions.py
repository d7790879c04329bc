"""Credits that staff give to one customer, with a reason and within a limit."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts import audit
from accounts.models import Customer, User
from billing.models.vouchers import PromoGrant
from config.kit.errors import ConflictError, InvalidInputError
from wallets import adjustments, grants, money, operations
from wallets.ledger import Source
from wallets.models import CreditGrant

PROMO: Final = "promo_grant"
A_DAY: Final = dt.timedelta(days=1)


class PromoLimitError(ConflictError):
    """A member of staff would give more in a day than one may."""

    code = "promo_limit"
    title = "That is more than you may give in a day"


def give(
    *,
    customer: Customer,
    amount: int,
    reason: str,
    given_by: User,
    reference: str,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
) -> PromoGrant:
    """Give promotional credits, once per reference.

    Raises PromoLimitError, InvalidInputError, ConflictError for a reference of another gift, and OwnWalletError for a
    customer that the giver shares.
    """
    if not reason.strip() or amount <= 0 or (expires_at is not None and expires_at <= now):
        raise InvalidInputError("A gift has credits, a reason, and an end that is still to come, if any.")
    with transaction.atomic():
        # A giver's gifts queue on the giver, so that the limit holds for two windows too.
        User.objects.select_for_update(no_key=True).get(pk=given_by.pk)
        found = PromoGrant.objects.filter(reference=reference).first()
        if found is not None:
            if _figures(found) != (customer.pk, amount, given_by.pk, expires_at):
                raise ConflictError("This form was sent before with something else: open it again.")
            audit.repeated()
            return found
        wallet = operations.open_wallet(owner_type="consumer", owner_id=customer.pk, now=now)
        adjustments.refuse_own(wallet=wallet, user=given_by)
        _check_limit(given_by, amount, now)
        given = PromoGrant.objects.create(
            reference=reference,
            customer=customer,
            amount=amount,
            reason=reason.strip(),
            expires_at=expires_at,
            given_by=given_by,
            given_at=now,
        )
        grants.give(
            wallet=wallet,
            funding_class=CreditGrant.FundingClass.PROMO,
            amount=amount,
            source=Source(PROMO, reference),
            actor=f"user:{given_by.public_id}",
            now=now,
            reason=given.reason,
            expires_at=expires_at,
        )
        audit.acted(
            actor=audit.named(user=given_by),
            act="promogrant.give",
            object_id=customer.public_id,
            reason=given.reason,
            now=now,
        )
    return given


def _figures(given: PromoGrant) -> tuple[int, int, int, dt.datetime | None]:
    return given.customer_id, given.amount, given.given_by_id, given.expires_at


def _check_limit(given_by: User, amount: int, now: dt.datetime) -> None:
    today = PromoGrant.objects.filter(given_by=given_by, given_at__gt=now - A_DAY)
    before = today.aggregate(sum=Sum("amount"))["sum"] or 0
    limit = money.cents_to_credits(settings.PROMO_DAILY_LIMIT_CENTS)
    if before + amount > limit:
        raise PromoLimitError(
            f"You gave {money.text(before)} credits in the last 24 hours; {money.text(limit)} are the limit."
        )
