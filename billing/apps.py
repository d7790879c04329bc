from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        """Listen to Stripe's events."""
        from billing.stripe import receivers  # noqa: F401, PLC0415  (needs the models, which exist by now)
