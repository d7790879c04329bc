"""Everything this app says to Stripe, and everything it hears: the only place in billing that imports it."""
