"""Jobs of billing: each is safe to run twice, and late."""

from billing.tasks import invoices, purchases, runs, subscriptions

__all__ = ["invoices", "purchases", "runs", "subscriptions"]
