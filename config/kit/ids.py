"""Public ids: a prefix that names the kind and 26 base32 characters of 128 random bits."""

import secrets
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 26
BITS: Final = 128

USER: Final = "usr_"
CUSTOMER: Final = "cst_"
CREATOR: Final = "cre_"
KEY: Final = "key_"
WALLET: Final = "wal_"
GRANT: Final = "grt_"
HOLD: Final = "hld_"
TRANSACTION: Final = "ltx_"
AGENT: Final = "agt_"
PLAN: Final = "pln_"
PLAN_VERSION: Final = "plv_"
EXECUTION: Final = "exe_"
USAGE_EVENT: Final = "uev_"
TOP_UP: Final = "top_"
SUBSCRIPTION: Final = "sbs_"
INVOICE: Final = "inv_"
INVOICE_PAYMENT: Final = "ivp_"
CREDIT_NOTE: Final = "crn_"
REFUND: Final = "rfd_"
CORRECTION: Final = "cor_"
WITHDRAWAL: Final = "wdr_"
WRITE_OFF: Final = "wof_"
PAYOUT: Final = "pay_"
STATEMENT: Final = "stm_"
ADJUSTMENT: Final = "adj_"

PREFIXES: Final = frozenset(
    {USER, CUSTOMER, CREATOR, KEY, WALLET, GRANT, HOLD, TRANSACTION, AGENT, PLAN, PLAN_VERSION}
    | {EXECUTION, USAGE_EVENT, TOP_UP, SUBSCRIPTION, INVOICE, INVOICE_PAYMENT, CREDIT_NOTE, REFUND}
    | {CORRECTION, WITHDRAWAL, WRITE_OFF, PAYOUT, STATEMENT, ADJUSTMENT}
)


def new(prefix: str) -> str:
    """Make a public id with this prefix."""
    return prefix + text(secrets.randbits(BITS), length=LENGTH)


def text(number: int, *, length: int) -> str:
    """Write the low bits of a number in base32, five a character."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (length - 1), -1, -5))


def looks_public(text: str) -> bool:
    """Tell whether a text begins like one of our public ids."""
    return text[:4] in PREFIXES
