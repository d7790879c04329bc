"""Jobs of billing: each is safe to run twice, and late."""

from billing.tasks import purchases, runs

__all__ = ["purchases", "runs"]
