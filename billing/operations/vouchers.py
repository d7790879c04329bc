"""Vouchers: made and stopped by staff, used by customers; each use gives its credits once."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import audit
from accounts.models import Customer, User
from billing.models.vouchers import Voucher, VoucherUse
from config.kit import ids
from config.kit.errors import ConflictError, InvalidInputError, NotFoundError
from wallets import grants, operations
from wallets.ledger import Source
from wallets.models import CreditGrant
from wallets.money import Micros

USE: Final = "voucher_use"
HINT: Final = 4
# A code is typed by people: what they put between its letters does not count.
BETWEEN: Final = re.compile(r"[\s\-_.]")
CODE: Final = re.compile(r"[A-Z0-9]{6,40}", re.ASCII)
MADE_LETTERS: Final = 12


class VoucherNotFoundError(NotFoundError):
    """No voucher has this code, or it is not taken now: a guess learns no more than that."""

    code = "voucher_not_found"
    title = "This code is not valid"


class VoucherUsedError(ConflictError):
    """The voucher has been used as often as it may be."""

    code = "voucher_used"
    title = "This code has been used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a voucher gives, how often and when."""

    name: str
    amount: Micros
    uses_max: int
    per_customer: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    credits_days: int | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a use gave."""

    amount: Micros
    expires_at: dt.datetime | None


def new_code() -> str:
    """Make a code that nobody guesses."""
    letters = ids.new("")[:MADE_LETTERS].upper()
    return "-".join(letters[at : at + HINT] for at in range(0, MADE_LETTERS, HINT))


def make(*, code: str, offer: Offer, created_by: User, now: dt.datetime) -> Voucher:
    """Make a voucher; raise InvalidInputError for a code too short or taken, or an offer that gives nothing."""
    letters = _letters(code)
    if not CODE.fullmatch(letters):
        raise InvalidInputError("A code has 6 to 40 letters and digits.")
    if offer.amount <= 0 or offer.uses_max < 1 or offer.per_customer < 1 or offer.starts_at >= offer.ends_at:
        raise InvalidInputError("A voucher gives credits, at least once, from its start to a later end.")
    values = {name: getattr(offer, name) for name in Offer.__slots__}
    try:
        with transaction.atomic():
            made = Voucher.objects.create(
                digest=_digest(letters), hint=letters[-HINT:], created_by=created_by, created_at=now, **values
            )
            _audit("make", made, created_by, now)
            return made
    except IntegrityError as error:
        raise InvalidInputError("Another voucher has this code.") from error


def stop(*, voucher: Voucher, stopped_by: User, now: dt.datetime) -> None:
    """Take no more uses; raise VoucherUsedError when it is stopped already. What was given stays."""
    live = Voucher.objects.filter(pk=voucher.pk, stopped_at=None)
    with transaction.atomic():
        if not live.update(stopped_at=now, stopped_by=stopped_by):
            raise VoucherUsedError(f"{voucher} is stopped already.")
        _audit("stop", voucher, stopped_by, now)


def _audit(act: str, voucher: Voucher, by: User, now: dt.datetime) -> None:
    audit.acted(
        actor=audit.named(user=by),
        act=f"voucher.{act}",
        object_id=str(voucher.pk),
        reason=voucher.name,
        now=now,
    )


def redeem(*, customer: Customer, code: str, actor: str, now: dt.datetime) -> Redeemed:
    """Use a voucher; raise VoucherNotFoundError or VoucherUsedError."""
    digest = _digest(_letters(code))
    with transaction.atomic():
        # Who comes for the last use at the same moment waits for this row, and then finds it used.
        taken = Voucher.objects.filter(
            digest=digest, stopped_at=None, starts_at__lte=now, ends_at__gt=now, uses__lt=F("uses_max")
        ).update(uses=F("uses") + 1)
        voucher = Voucher.objects.filter(digest=digest).first()
        if not taken or voucher is None:
            raise _refusal(voucher, now)
        number = VoucherUse.objects.filter(voucher=voucher, customer=customer).count() + 1
        if number > voucher.per_customer:
            raise VoucherUsedError("You have used this code already.")
        use = VoucherUse.objects.create(
            voucher=voucher, customer=customer, number=number, actor=actor, used_at=now
        )
        return _give(use, voucher, actor=actor, now=now)


def _give(use: VoucherUse, voucher: Voucher, *, actor: str, now: dt.datetime) -> Redeemed:
    days = voucher.credits_days
    expires_at = None if days is None else now + dt.timedelta(days=days)
    grants.give(
        wallet=operations.open_wallet(owner_type="consumer", owner_id=use.customer_id, now=now),
        funding_class=CreditGrant.FundingClass.PROMO,
        amount=voucher.amount,
        source=Source(USE, str(use.pk)),
        actor=actor,
        now=now,
        reason=f"Voucher {voucher.name}",
        expires_at=expires_at,
    )
    return Redeemed(Micros(voucher.amount), expires_at)


def _refusal(voucher: Voucher | None, now: dt.datetime) -> VoucherNotFoundError | VoucherUsedError:
    if voucher is None or voucher.starts_at > now:
        return VoucherNotFoundError("This code is not valid. Look whether it is typed as you were given it.")
    if voucher.stopped_at is not None or voucher.ends_at <= now:
        return VoucherUsedError("This code is not taken any more.")
    return VoucherUsedError("This code has been used as often as it may be.")


def _letters(code: str) -> str:
    return BETWEEN.sub("", code).upper()


def _digest(letters: str) -> bytes:
    return hashlib.sha256(letters.encode("utf-8", "replace")).digest()
