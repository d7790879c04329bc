"""Stripe's objects, a file for each noun."""

import importlib
from typing import Final

MODULES: Final = (
    *(
        "account_links",
        "accounts",
        "balance",
        "banking",
        "charges",
        "checkout",
        "customers",
        "disputes",
        "events",
    ),
    *("payment_intents", "payment_methods", "payouts", "prices", "products", "refunds", "setup_intents"),
    *("transfer_reversals", "transfers", "webhook_endpoints"),
)


def load() -> None:
    """Import every resource, so that its routes are in the table."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
