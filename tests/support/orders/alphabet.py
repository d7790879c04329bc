"""The events, and which of them know of each other."""

from itertools import product
from typing import Final

EVENTS: Final = (
    "spend",
    "top-up",
    "refund part",
    "refund fails",
    "refund unused",
    "refund rest",
    "dispute opens",
    "dispute won",
    "dispute lost",
    "write-off",
    "maturity",
    "payout sent",
    "payout paid",
    "payout failed",
    "payout reversed",
    "reserve released",
)
REFUNDS: Final = ("refund unused", "refund rest", "refund part", "refund fails")
DISPUTES: Final = ("dispute opens", "dispute won", "dispute lost")
PAYOUTS: Final = ("maturity", "payout sent", "payout paid", "payout failed", "payout reversed")


def _each(some: tuple[str, ...], others: tuple[str, ...]) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in product(some, others) if pair[0] != pair[1]}


# Where one of two changes what the other does, their order matters. All other neighbours may change places, and the
# end is the same: what customers do with what they paid, and how what has matured reaches a creator, are apart.
DEPENDENT: Final = (
    # Each counts what was given back and what is left of the payment.
    _each(REFUNDS + DISPUTES, REFUNDS + DISPUTES)
    # What is unused, or frozen, is what was not spent before.
    | _each(("spend",), ("refund unused", *DISPUTES))
    # A run of a later day is paid by a later payout.
    | _each(("spend",), ("maturity", "payout sent"))
    # While a dispute is open, what was earned of it does not mature.
    | _each(DISPUTES, ("maturity", "payout sent", "reserve released"))
    # It takes what is owed, from where creators have it.
    | _each(("write-off",), EVENTS)
    | _each((*PAYOUTS, "reserve released"), (*PAYOUTS, "reserve released"))
)
