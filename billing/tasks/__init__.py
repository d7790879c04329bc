"""Jobs of billing: each is safe to run twice, and late."""

from billing.tasks import purchases

__all__ = ["purchases"]
