"""A stand-in for Stripe, run as a separate process in development and tests."""
