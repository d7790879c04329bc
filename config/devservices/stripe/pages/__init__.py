"""The hosted pages: checkout, 3-D Secure, onboarding, and a dashboard for the operator."""

from config.devservices.stripe.errors import StripeError
from config.devservices.stripe.http import Request, Response
from config.devservices.stripe.pages import authentication, checkout, dashboard, layout, onboarding
from config.devservices.stripe.scope import Scope


def handle(scope: Scope, request: Request) -> Response:
    """Answer a browser."""
    parts = request.path.strip("/").split("/")
    try:
        with scope.store.transaction():
            match request.method, parts:
                case "GET" | "POST", ["c", "pay", session_id]:
                    return checkout.handle(scope, request, session_id)
                case "GET" | "POST", ["3ds", intent_id]:
                    return authentication.handle(scope, request, intent_id)
                case "GET" | "POST", ["connect", "setup", account_id, token]:
                    return onboarding.handle(scope, request, account_id, token)
                case "GET", _:
                    return dashboard.handle(scope, parts)
                case _:
                    return layout.message("Not found", "There is no such page.", status=404)
    except StripeError as error:
        return layout.message("Not found", str(error), status=error.status)
