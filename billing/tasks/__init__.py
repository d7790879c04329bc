"""Jobs of billing: each is safe to run twice, and late."""

from billing.tasks import invoices, purchases, runs

__all__ = ["invoices", "purchases", "runs"]
