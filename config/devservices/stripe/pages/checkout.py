"""The hosted payment page."""

from html import escape
from typing import Final
from urllib.parse import quote

from config.devservices.stripe import cards
from config.devservices.stripe.errors import Json, StripeError, card_error
from config.devservices.stripe.forms import Params, parse
from config.devservices.stripe.http import Request, Response, redirect
from config.devservices.stripe.pages import layout
from config.devservices.stripe.resources import checkout_session
from config.devservices.stripe.scope import Scope

HINTS: Final = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0025 0000 3155", "asks for 3-D Secure"),
    ("4000 0000 0000 0259", "pays, and is disputed a day later"),
    ("4000 0000 0000 0077", "pays, available at once"),
)


def handle(scope: Scope, request: Request, session_id: str) -> Response:
    """Show the page, or try the card that was typed in."""
    session = scope.get(checkout_session.KIND, session_id)
    if session["status"] == "open" and session["_deadline"] <= scope.now:
        session = checkout_session.expire(scope, session)
    if session["status"] != "open":
        return over(session)
    if request.method == "GET":
        return _form(session)
    params = Params(parse(request.body.decode(errors="replace")))
    try:
        session = _pay(scope, session, params)
    except StripeError as error:
        return _form(scope.get(checkout_session.KIND, session_id), params=params, problem=str(error))
    if session["status"] == "complete":
        return redirect(return_url(session))
    return redirect(f"/3ds/{session['payment_intent']}")


def return_url(session: Json) -> str:
    """Return where the payer goes after paying."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", quote(session["id"]))


def over(session: Json) -> Response:
    """Say that a session was paid or has expired."""
    if session["status"] == "complete":
        done = (return_url(session), "Return to the shop")
        return layout.message("Already paid", "This checkout is complete. You were charged once.", link=done)
    back = (session["cancel_url"], "Back to the shop") if session["cancel_url"] else None
    return layout.message("Checkout expired", "This checkout has expired. Nothing was charged.", link=back)


def _pay(scope: Scope, session: Json, params: Params) -> Json:
    month, year = _expiry(params.text("expiry") or "")
    if not (params.text("cvc") or "").isdigit() or not 3 <= len(params.text("cvc") or "") <= 4:
        raise card_error("Your card's security code is invalid.", code="invalid_cvc")
    method = checkout_session.new_card(
        scope,
        number=cards.checked_number(params.text("number") or ""),
        exp_month=month,
        exp_year=year,
        name=params.text("name", longest=200),
        email=params.text("email", longest=512),
    )
    return checkout_session.pay(scope, session, method, email=params.text("email", longest=512))


def _expiry(text: str) -> tuple[int, int]:
    month, _, year = text.replace(" ", "").partition("/")
    if not (
        month.isascii() and month.isdigit() and year.isascii() and year.isdigit() and len(year) in (2, 4)
    ):
        raise card_error("Your card's expiration date is incomplete.", code="invalid_expiry_year")
    return int(month), int(year) + (2000 if len(year) == 2 else 0)


def _form(session: Json, *, params: Params | None = None, problem: str | None = None) -> Response:
    title = "Pay" if session["mode"] == "payment" else "Save a card"
    body = f"{_summary(session)}<div class='card'><h2>Card</h2>{layout.error(problem)}{_fields(session, params)}</div>"
    return layout.page(title, body + _hints(), status=402 if problem else 200)


def _summary(session: Json) -> str:
    items = "".join(
        f"<p class='soft'>{escape(item['description'])} &times; {item['quantity']}</p>"
        for item in session["_items"]
    )
    paid = session["mode"] == "payment"
    total = layout.money(session["amount_total"], session["currency"]) if paid else "Nothing to pay now"
    back = f"<p><a href='{escape(session['cancel_url'])}'>← Back</a></p>" if session["cancel_url"] else ""
    title = "Checkout" if paid else "Save a card"
    return f"<div class='card'>{back}<h1>{title}</h1>{items}<p class='total'>{total}</p></div>"


def _fields(session: Json, params: Params | None) -> str:
    known = (session["customer_details"] or {}).get("email") or ""
    typed = {
        name: (params.text(name) if params else "") or "" for name in ("email", "name", "number", "expiry")
    }
    inputs = (
        layout.field("email", "E-mail", type="email", autocomplete="email", value=typed["email"] or known)
        + layout.field(
            "number",
            "Card number",
            inputmode="numeric",
            autocomplete="cc-number",
            placeholder="4242 4242 4242 4242",
            required="required",
            value=typed["number"],
        )
        + "<div class='two'><div>"
        + layout.field(
            "expiry",
            "Expiry (MM / YY)",
            autocomplete="cc-exp",
            placeholder="12 / 34",
            required="required",
            value=typed["expiry"],
        )
        + "</div><div>"
        + layout.field(
            "cvc", "CVC", inputmode="numeric", autocomplete="cc-csc", placeholder="123", required="required"
        )
        + "</div></div>"
        + layout.field("name", "Name on card", autocomplete="cc-name", value=typed["name"])
    )
    total = layout.money(session["amount_total"], session["currency"]) if session["mode"] == "payment" else ""
    action = f"Pay {total}" if total else "Save card"
    return f"<form method='post' autocomplete='on'>{inputs}<button type='submit'>{action}</button></form>"


def _hints() -> str:
    rows = "".join(f"<p><code>{number}</code> {what}</p>" for number, what in HINTS)
    return f"<details class='soft'><summary>Test cards (any future expiry, any CVC)</summary>{rows}</details>"
