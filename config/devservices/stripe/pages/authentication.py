"""The 3-D Secure step, as a bank would show it."""

from html import escape

from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params, parse
from config.devservices.stripe.http import Request, Response, redirect
from config.devservices.stripe.pages import checkout, layout
from config.devservices.stripe.resources import checkout_session, payment_methods, payments
from config.devservices.stripe.scope import Scope


def handle(scope: Scope, request: Request, intent_id: str) -> Response:
    """Ask for, or act on, the payer's confirmation."""
    intent = scope.get("payment_intent", intent_id)
    session = checkout_session.of_intent(scope, intent_id)
    if intent["status"] != "requires_action":
        return checkout.over(session) if session and session["status"] != "open" else _nothing(session)
    if request.method == "GET":
        return _ask(intent)
    answer = Params(parse(request.body.decode(errors="replace"))).choice("answer", ("complete", "fail"))
    return _finish(scope, intent, session, passed=answer == "complete")


def _finish(scope: Scope, intent: Json, session: Json | None, *, passed: bool) -> Response:
    method = payment_methods.find(scope, intent["payment_method"])
    if session:
        checkout_session.check_open(scope, session)
    try:
        if not passed:
            raise payments.decline_intent(scope, intent, method, decline_code="authentication_required")
        intent = payments.attempt(scope, intent, method, authenticated=True)
    except StripeError:
        back = (session["url"], "Try another card") if session else _return_link(intent)
        text = "We are unable to authenticate your payment method. Nothing was charged."
        return layout.message("Payment not authenticated", text, link=back)
    if session:
        return redirect(checkout.return_url(checkout_session.settle(scope, session, intent)))
    link = _return_link(intent)
    return redirect(link[0]) if link else layout.message("Authenticated", "The payment is complete.")


def _ask(intent: Json) -> Response:
    amount = layout.money(intent["amount"], intent["currency"])
    return layout.page(
        "3-D Secure",
        "<div class='card'><h1>3-D Secure test page</h1>"
        f"<p>Your bank asks you to confirm a payment of <strong>{escape(amount)}</strong>.</p>"
        "<form method='post'><button name='answer' value='complete'>Complete authentication</button>"
        "<button class='second' name='answer' value='fail'>Fail authentication</button></form></div>",
    )


def _nothing(session: Json | None) -> Response:
    back = (session["url"], "Back to the payment page") if session else None
    return layout.message("Nothing to confirm", "This payment does not wait for authentication.", link=back)


def _return_link(intent: Json) -> tuple[str, str] | None:
    return (intent["_return_url"], "Return") if intent.get("_return_url") else None
