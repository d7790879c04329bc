"""Refunds: preview what giving money back takes, ask for it, send it to Stripe, book what came of it."""

from billing.operations.refunds.requesting import Ask, preview, request, request_unused
from billing.operations.refunds.sending import send, send_due
from billing.operations.refunds.settling import settled, sync, sync_recent

__all__ = [
    "Ask",
    "preview",
    "request",
    "request_unused",
    "send",
    "send_due",
    "settled",
    "sync",
    "sync_recent",
]
