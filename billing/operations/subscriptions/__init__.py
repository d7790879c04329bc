"""Subscriptions, to creators' tiers and to the platform's plans: what the rest of billing calls."""

from billing.operations.subscriptions.checkout import activate, lapse, settle
from billing.operations.subscriptions.requests import AlreadySubscribedError, Requested
from billing.operations.subscriptions.tiers import request

__all__ = ["AlreadySubscribedError", "Requested", "activate", "lapse", "request", "settle"]
