from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "payouts"

    def ready(self) -> None:
        """Register the receivers of Stripe's events and the invariants of the books."""
        from payouts import books  # noqa: F401, PLC0415  (needs the models, which are loaded by now)
        from payouts.stripe import webhooks  # noqa: F401, PLC0415
