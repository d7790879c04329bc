"""Who is paid how much, and why not: pure, so that the run and its preview cannot disagree."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wallets import money


class Reason(StrEnum):
    """Why a creator with something payable is left out of a run."""

    NOT_CONNECTED = "not_connected"
    ENDED = "account_ended"
    ONBOARDING = "onboarding_incomplete"
    PAYOUTS_DISABLED = "payouts_disabled"
    TRANSFERS_INACTIVE = "transfers_inactive"
    BELOW_MINIMUM = "below_minimum"
    DEBT = "debt"
    NOT_PREPARED = "not_prepared"


NOT_PREPARED: Final = (
    "Something broke while this payout was put together. "
    "It is tried again each minute; the log says what it was."
)


@dataclass(frozen=True)
class Standing:
    """What a payout needs to know of its connected account; `ended` and `needs` are in words."""

    connected: bool = False
    ended: str = ""
    needs: str = ""
    details_submitted: bool = False
    payouts_enabled: bool = False
    transfers: str = "inactive"


@dataclass(frozen=True)
class Assessment:
    """What can be paid of something payable: whole cents, and the reason when that is nothing."""

    cents: int
    reason: Reason | None
    detail: str

    @property
    def amount(self) -> int:
        """The credit micros of those cents: all that is debited."""
        return money.cents_to_credits(self.cents)


def assess(*, payable: int, standing: Standing, minimum_cents: int) -> Assessment:
    """Turn what is payable into whole cents, and find the first gate that blocks them."""
    cents = money.credits_to_cents(payable)
    blocked = account_gate(standing=standing) or minimum_gate(cents=cents, minimum_cents=minimum_cents)
    return Assessment(cents, *(blocked or (None, "")))


def account_gate(*, standing: Standing) -> tuple[Reason, str] | None:
    """Find what keeps an account from being paid, in words for its creator."""
    if not standing.connected:
        return Reason.NOT_CONNECTED, "Stripe is not connected yet."
    if standing.ended:
        return Reason.ENDED, f"{standing.ended} Connect another account to be paid."
    if standing.transfers != "active":
        if not standing.details_submitted:
            return Reason.ONBOARDING, "Stripe's onboarding is not finished."
        said = "Stripe does not allow transfers to this account at the moment."
        return Reason.TRANSFERS_INACTIVE, said + _asked(standing)
    if not standing.payouts_enabled:
        said = "Stripe has stopped payouts from this account to its bank."
        return Reason.PAYOUTS_DISABLED, said + _asked(standing)
    return None


def _asked(standing: Standing) -> str:
    return f" It asks for: {standing.needs}." if standing.needs else ""


def minimum_gate(*, cents: int, minimum_cents: int) -> tuple[Reason, str] | None:
    """Find whether an amount is too little to be paid, in words for its creator."""
    least = max(minimum_cents, 1)
    if cents >= least:
        return None
    shown, least_shown = (money.usd_text(money.cents_to_micros(c) * money.MICRO) for c in (cents, least))
    return Reason.BELOW_MINIMUM, f"${shown} is below the minimum of ${least_shown}; it carries over."
