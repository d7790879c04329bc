"""Controls of time: the clock and the delays that follow it."""

from config.devservices.stripe import balances, clock
from config.devservices.stripe.clock import DAY
from config.devservices.stripe.controls.table import control, known, whole
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.resources import banking
from config.devservices.stripe.scope import Scope

DELAYS = {"pending_days": balances.PENDING_DAYS_DEFAULT, "bank_days": banking.BANK_DAYS_DEFAULT}


@control("GET", "/clock")
def show(scope: Scope, body: Json) -> Json:
    """Return the stand-in's time."""
    return _clock(scope)


@control("POST", "/clock/advance")
def advance(scope: Scope, body: Json) -> Json:
    """Move the clock on; what falls due happens before the answer."""
    known(body, "seconds", "days")
    seconds = whole(body, "seconds", default=0) + whole(body, "days", default=0) * DAY
    if seconds <= 0:
        raise StripeError("Time goes on only: give seconds or days above 0.", param="seconds")
    clock.advance(scope.store, seconds=seconds)
    return _clock(scope)


@control("GET", "/settings")
def show_settings(scope: Scope, body: Json) -> Json:
    """Return the delays in days."""
    return _settings(scope)


@control("POST", "/settings")
def change_settings(scope: Scope, body: Json) -> Json:
    """Change the delays."""
    known(body, *DELAYS)
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 365:
            raise StripeError(f"Invalid {name}: must be between 0 and 365", param=name)
        scope.store.set_setting(name, str(value))
    return _settings(scope)


def _clock(scope: Scope) -> Json:
    return {"now": scope.now, "offset": clock.offset(scope.store)}


def _settings(scope: Scope) -> Json:
    return {name: float(scope.store.setting(name, default)) for name, default in DELAYS.items()}
