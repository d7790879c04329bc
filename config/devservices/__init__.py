"""Stand-ins for the outside world, run as separate processes: PostgreSQL, Valkey, Stripe.

Nothing here imports Django or the apps, and no app imports this: settings choose a service by its URL only.
"""
