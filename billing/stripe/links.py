"""Where an object of Stripe's is looked at: its dashboard, or the stand-in's."""

from typing import Final

from django.conf import settings

API: Final = "https://api.stripe.com"
DASHBOARD: Final = "https://dashboard.stripe.com"
DISPUTES: Final = ("dp_", "du_")


def page_of(*, stripe_id: str) -> str:
    """Give the page of an object, by its id."""
    if settings.STRIPE_API_BASE != API:
        return f"{settings.STRIPE_API_BASE}/objects/{stripe_id}"
    mode = "" if settings.STRIPE_LIVE_MODE else "test/"
    if stripe_id.startswith(DISPUTES):
        return f"{DASHBOARD}/{mode}disputes/{stripe_id}"
    return f"{DASHBOARD}/{mode}search?query={stripe_id}"
