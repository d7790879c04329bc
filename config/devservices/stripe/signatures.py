"""The `Stripe-Signature` header."""

import hashlib
import hmac


def header(*, secret: str, body: bytes, timestamp: int) -> str:
    """Return `t=...,v1=...` over the raw body."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
