"""Connect at Stripe: only here may payouts import stripe or djstripe. Ids in, frozen dataclasses out."""
