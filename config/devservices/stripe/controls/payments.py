"""Controls of payments: checkouts, disputes, refunds, payouts, the balance."""

from config.devservices.stripe import balances, cards, ids
from config.devservices.stripe.controls.table import control, known, whole
from config.devservices.stripe.errors import Json, StripeError, missing
from config.devservices.stripe.resources import (
    banking,
    checkout_session,
    disputes,
    payment_methods,
    payments,
    refunds,
)
from config.devservices.stripe.scope import Scope

CARD_DEFAULT = "4242424242424242"
DECLINED_DEFAULT = "4000000000000002"


@control("POST", "/checkout/sessions/{id}/complete")
def complete(scope: Scope, body: Json, id: str) -> Json:
    """Pay a session as its page would, 3-D Secure passed; with `unpaid` its money takes days."""
    known(body, "card", "email", "name", "unpaid")
    session = scope.get(checkout_session.KIND, id)
    if body.get("unpaid"):
        return checkout_session.pay_later(scope, session, _card(scope, body, number=CARD_DEFAULT))
    session = _pay(scope, session, body, number=body.get("card", CARD_DEFAULT))
    if session["status"] == "complete" or session["payment_intent"] is None:
        return session
    intent = scope.get("payment_intent", session["payment_intent"])
    method = payment_methods.find(scope, intent["payment_method"])
    return checkout_session.settle(
        scope, session, payments.attempt(scope, intent, method, authenticated=True)
    )


@control("POST", "/checkout/sessions/{id}/settle")
def settle(scope: Scope, body: Json, id: str) -> Json:
    """Decide the payment of a session that was completed unpaid."""
    known(body, "outcome")
    outcome = body.get("outcome", "succeeded")
    if outcome not in ("succeeded", "failed"):
        raise StripeError("Invalid outcome: must be one of succeeded, failed", param="outcome")
    return checkout_session.settle_later(
        scope, scope.get(checkout_session.KIND, id), paid=outcome == "succeeded"
    )


@control("POST", "/payment_intents/{id}/settle")
def settle_intent(scope: Scope, body: Json, id: str) -> Json:
    """Decide a charge that is under way."""
    known(body, "outcome")
    intent = scope.get("payment_intent", id)
    if intent["status"] != "processing" or body.get("outcome") not in ("succeeded", "failed"):
        raise StripeError(f"This payment is {intent['status']}; outcome must be one of succeeded, failed")
    method = payment_methods.find(scope, intent["payment_method"])
    if body["outcome"] == "succeeded":
        return payments.attempt(scope, intent, method, off_session=True)
    payments.decline_intent(scope, intent, method, decline_code="insufficient_funds")
    return scope.get("payment_intent", id)


@control("POST", "/checkout/sessions/{id}/decline")
def decline(scope: Scope, body: Json, id: str) -> Json:
    """Try a session with a card that is declined; the answer is the session, still open."""
    known(body, "card", "email", "name")
    session = scope.get(checkout_session.KIND, id)
    try:
        _pay(scope, session, body, number=body.get("card", DECLINED_DEFAULT))
    except StripeError as error:
        if error.status != 402:
            raise
    return scope.get(checkout_session.KIND, id)


@control("POST", "/checkout/sessions/{id}/expire")
def expire(scope: Scope, body: Json, id: str) -> Json:
    """Let a session expire now."""
    session = scope.get(checkout_session.KIND, id)
    checkout_session.check_open(scope, session)
    return checkout_session.expire(scope, session)


@control("POST", "/charges/{id}/dispute")
def dispute(scope: Scope, body: Json, id: str) -> Json:
    """Let the bank dispute a charge, or (`inquiry`) only ask about it."""
    known(body, "reason", "amount", "inquiry")
    return disputes.create(
        scope,
        scope.get("charge", id),
        reason=str(body.get("reason", "fraudulent")),
        amount=whole(body, "amount") if "amount" in body else None,
        inquiry=body.get("inquiry") is True,
    )


@control("POST", "/disputes/{id}/escalate")
def escalate_dispute(scope: Scope, body: Json, id: str) -> Json:
    """Let an inquiry become a chargeback."""
    return disputes.escalate(scope, scope.get("dispute", id))


@control("POST", "/disputes/{id}/close")
def close_dispute(scope: Scope, body: Json, id: str) -> Json:
    """Let the bank decide a dispute."""
    known(body, "status")
    status = body.get("status")
    if status not in ("won", "lost"):
        raise StripeError("Invalid status: must be one of won, lost", param="status")
    return disputes.close(scope, scope.get("dispute", id), status=status)


@control("POST", "/refunds/{id}/fail")
def fail_refund(scope: Scope, body: Json, id: str) -> Json:
    """Let a refund bounce."""
    return refunds.fail(scope, scope.get("refund", id))


@control("POST", "/payouts/run")
def run_payouts(scope: Scope, body: Json) -> Json:
    """Send every account's available balance to its bank; with `arrive` (the default) it arrives at once."""
    known(body, "account", "arrive")
    accounts = [item for item in scope.store.select("account") if body.get("account") in (None, item["id"])]
    made = [banking.send_automatic(scope, account, at=scope.now) for account in accounts]
    under_way = scope.store.select("payout", order="seq") if body.get("arrive", True) else []
    for payout in under_way:
        if payout["status"] in ("pending", "in_transit") and _is_of(scope, payout, body.get("account")):
            banking.arrive(scope, payout)
    return {"object": "list", "data": [scope.store.find(payout["id"]) for payout in made if payout]}


@control("POST", "/payouts/{id}/pay")
def pay_payout(scope: Scope, body: Json, id: str) -> Json:
    """Let a bank payout arrive."""
    return banking.arrive(scope, _payout(scope, id))


@control("POST", "/payouts/{id}/fail")
def fail_payout(scope: Scope, body: Json, id: str) -> Json:
    """Let the bank send a payout back."""
    known(body, "code")
    return banking.fail(scope, _payout(scope, id), code=str(body.get("code", "account_closed")))


@control("POST", "/balance/topup")
def top_up(scope: Scope, body: Json) -> Json:
    """Put money into the platform's (or an account's) available balance."""
    known(body, "amount", "currency", "account")
    theirs = scope.acting_as(str(body.get("account", ids.PLATFORM)))
    amount, currency = whole(body, "amount"), str(body.get("currency", "usd"))
    arrived = {"id": ids.new("tu"), "object": "topup", "amount": amount, "currency": currency}
    theirs.save(arrived | {"created": scope.now, "status": "succeeded"})
    return balances.book(
        theirs, type="topup", category="topup", amount=amount, currency=currency, source=str(arrived["id"])
    )


@control("POST", "/balance/adjust")
def adjust_balance(scope: Scope, body: Json) -> Json:
    """Book a line that no object of the API explains, as Stripe's own corrections do; no event tells of it."""
    known(body, "amount", "description")
    return balances.book(
        scope,
        type="adjustment",
        category="other_adjustment",
        amount=whole(body, "amount"),
        currency="usd",
        source=None,
        description=str(body.get("description", "Correction by Stripe")),
    )


@control("POST", "/balance/release")
def release(scope: Scope, body: Json) -> Json:
    """Make everything pending available."""
    return {"released": balances.release_all(scope)}


def _pay(scope: Scope, session: Json, body: Json, *, number: str) -> Json:
    checkout_session.check_open(scope, session)
    return checkout_session.pay(scope, session, _card(scope, body, number=number), email=body.get("email"))


def _card(scope: Scope, body: Json, *, number: str) -> Json:
    month, year = checkout_session.test_card_date(scope)
    return checkout_session.new_card(
        scope,
        number=cards.checked_number(str(number)),
        exp_month=month,
        exp_year=year,
        name=body.get("name", "Test Payer"),
        email=body.get("email"),
    )


def _payout(scope: Scope, payout_id: str) -> Json:
    payout = scope.store.find(payout_id)
    if payout is None or payout["object"] != "payout":
        raise missing("payout", payout_id)
    return payout


def _is_of(scope: Scope, payout: Json, account: str | None) -> bool:
    return account is None or scope.store.owner(payout["id"]) == account
