"""The one policy of what a creator gives back: pending, payable, reserve, debt to its cap, then the platform.

Pure: what is previewed and what is booked are the same value.
"""

from dataclasses import dataclass

from django.conf import settings

from wallets import money


@dataclass(frozen=True, slots=True)
class Pull:
    """From where an amount comes, in credit micros; `loss` is the platform's."""

    pending: int
    payable: int
    reserve: int
    debt: int
    loss: int

    @property
    def amount(self) -> int:
        """All that was to be pulled."""
        return self.borne + self.loss

    @property
    def borne(self) -> int:
        """What the creator bears."""
        return self.pending + self.payable + self.reserve + self.debt


def pull(*, pending: int, payable: int, reserve: int, debt: int, cap: int, amount: int) -> Pull:
    """Say where an amount comes from, given what the creator has and already owes (`debt`, 0 or more).

    What is negative of a balance gives nothing; a debt never grows beyond its cap.
    """
    if amount < 0:
        raise ValueError("an amount to pull is not negative")
    left, parts = amount, []
    for there in (pending, payable, reserve, cap - debt):
        parts.append(min(left, max(there, 0)))
        left -= parts[-1]
    pending, payable, reserve, debt = parts
    return Pull(pending, payable, reserve, debt, loss=left)


def debt_cap() -> int:
    """Give how far a creator may owe, in credit micros (the setting CREATOR_DEBT_CAP_CENTS)."""
    return money.cents_to_credits(settings.CREATOR_DEBT_CAP_CENTS)
