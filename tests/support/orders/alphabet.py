"""The events, which of them know of each other, and which can never come right after which."""

from itertools import product
from typing import Final

Pair = tuple[str, str]
EVENTS: Final = (
    "spend",
    "run undone",
    "top-up",
    "plan renewed",
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
# What is asked of Stripe, and what comes back of it.
ASKED: Final = ("refund unused", "refund rest", "refund part")
REFUNDS: Final = (*ASKED, "refund fails")
ENDS: Final = ("dispute won", "dispute lost")
DISPUTES: Final = ("dispute opens", *ENDS)
AT_THE_BANK: Final = ("payout paid", "payout failed", "payout reversed")
PAYOUTS: Final = ("maturity", "payout sent", *AT_THE_BANK)


def _each(some: tuple[str, ...], others: tuple[str, ...]) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in product(some, others) if pair[0] != pair[1]}


def _after(some: tuple[str, ...], others: tuple[str, ...]) -> set[Pair]:
    return {pair for pair in product(some, others) if pair[0] != pair[1]}


# Where one of two changes what the other does, their order matters. All other neighbours may change places, and the
# end is the same: what customers do with what they paid, and how what has matured reaches a creator, are apart.
DEPENDENT: Final = (
    # Each counts what was given back and what is left of the payment.
    _each(REFUNDS + DISPUTES, REFUNDS + DISPUTES)
    # What is unused, or frozen, is what was not spent before.
    | _each(("spend",), ("refund unused", *DISPUTES))
    # A run of a later day is paid by a later payout.
    | _each(("spend",), ("maturity", "payout sent"))
    # A run burns the plan's credits first, and what its fee has earned is paid as what runs earn.
    | _each(("plan renewed",), ("spend", "maturity", "payout sent"))
    # While a dispute is open, what was earned of it does not mature.
    | _each(DISPUTES, ("maturity", "payout sent", "reserve released"))
    # It takes what is owed, from where creators have it.
    | _each(("write-off",), EVENTS)
    # It gives lots and creators back what they gave: what burns, pays and goes back next is another.
    | _each(("run undone",), EVENTS)
    | _each((*PAYOUTS, "reserve released"), (*PAYOUTS, "reserve released"))
)
# Undone, the run has given bonus credits back, which both a run and a refund would take first.
DEPENDENT_ONCE_UNDONE: Final = _each(("spend",), REFUNDS)

# Which never come right after which; every other pair does, in some order of up to five.
NEVER: Final = (
    # A dispute is opened once and ends once.
    _after(ENDS, DISPUTES)
    # While it is open its bank decides: neither does Stripe give back what is disputed, nor is undone what burned it.
    | _after(("dispute opens",), (*ASKED, "run undone"))
    | _after((*ASKED, "run undone"), ENDS)
    # Nothing is left of the payment that could go back, or be disputed.
    | _after(("refund rest", "dispute lost"), (*ASKED, "dispute opens"))
    # It is the part's own failure, and a part goes back once.
    | {("refund fails", "refund part")}
    # Unused credits and arrears are never there together: the ones pay the others. What was bought pays all of them.
    | {("refund unused", "write-off"), ("write-off", "refund unused"), ("top-up", "write-off")}
    # Arrears come of the part, which goes back once, or else of all that was paid.
    | {("write-off", "refund part")}
    # Its creators have given it back, and its customer owes it no more.
    | {("write-off", "run undone")}
    # There is one payout: it matures before it is sent, is sent once, and its bank is heard of afterwards.
    | _after(("maturity",), AT_THE_BANK)
    | _after(("payout sent", *AT_THE_BANK, "reserve released"), ("maturity",))
    | _after(AT_THE_BANK, ("payout sent",))
    # What came back whole is over.
    | _after(("payout reversed",), AT_THE_BANK)
    # By then the days are over in which customers give back themselves.
    | {("reserve released", "refund unused")}
)

_PAID = ("payout sent", "payout paid")
_FAILED = ("payout sent", "payout failed")
_REVERSED = ("payout sent", "payout reversed")
_RELEASED = ("payout sent", "reserve released")
# Orders longer than three in which those meet that no shorter order brings together.
LONGER: Final = (
    # What a creator was sent, and its way back, around what happens to the payment it was earned of.
    *[
        (first, *sent, second, last)
        for first, second in (
            ("refund part", "refund fails"),
            ("dispute opens", "dispute won"),
            ("dispute opens", "dispute lost"),
            ("refund rest", "write-off"),
        )
        for sent, last in (
            (_PAID, "payout failed"),
            (_FAILED, "payout paid"),
            (_REVERSED, "reserve released"),
            (_RELEASED, "payout reversed"),
        )
    ],
    ("refund part", "dispute opens", "write-off", "dispute won", "refund fails"),
    ("refund part", "dispute opens", "write-off", "dispute lost", "refund fails"),
    ("refund part", "dispute opens", "refund fails", "dispute won"),
    ("refund part", "dispute opens", "refund fails", "dispute lost"),
    ("refund part", "dispute opens", "dispute won", "write-off"),
    ("refund part", "refund rest", "refund fails", "write-off"),
    ("run undone", "refund part", "refund unused", "refund fails"),
    # What comes back to the payment pays what its refund left owing; what another run spent of it is owed on.
    ("spend", "refund rest", "run undone", "write-off"),
    ("plan renewed", "dispute opens", "spend", "dispute won"),
    ("plan renewed", "dispute opens", "spend", "dispute lost"),
    ("plan renewed", "dispute opens", "dispute lost", "spend", "write-off"),
    ("plan renewed", "refund rest", "write-off", "spend"),
    ("plan renewed", "refund part", "spend", "refund fails"),
)
