"""Customers at Stripe: who pays, with the cards they saved."""

from billing.stripe.client import client
from billing.stripe.errors import translated


def create(*, reference: str, row_id: int, name: str, email: str) -> str:
    """Open a customer at Stripe and give its id; the same reference always gives the same one."""
    with translated():
        customer = client().v1.customers.create(
            {
                "name": name,
                "email": email,
                # dj-stripe links its mirror to our customer by this name.
                "metadata": {"djstripe_subscriber": str(row_id), "reference": reference},
            },
            {"idempotency_key": f"customer:{reference}"},
        )
    return customer.id
