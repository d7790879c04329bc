"""Stripe's test cards and what each one does."""

from dataclasses import dataclass
from typing import Final

from config.devservices.stripe.errors import StripeError, card_error

MESSAGES: Final = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "stolen_card": "Your card was declined.",
    "fraudulent": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "test_mode_live_card": "Your card was declined. Your request was in test mode, but used a non test card.",
}
OWN_CODES: Final = {"expired_card", "incorrect_cvc", "processing_error", "authentication_required"}


@dataclass(frozen=True)
class Card:
    """A test card: how it pays, and what follows."""

    brand: str = "visa"
    decline: str | None = None
    attaches: bool = True
    authenticates: str = "never"
    dispute: str | None = None
    refund_fails: bool = False
    available_at_once: bool = False


CARDS: Final = {
    "4242424242424242": Card(),
    "5555555555554444": Card(brand="mastercard"),
    "378282246310005": Card(brand="amex"),
    "4000000000000077": Card(available_at_once=True),
    "4000000000000002": Card(decline="generic_decline", attaches=False),
    "4000000000009995": Card(decline="insufficient_funds", attaches=False),
    "4000000000009987": Card(decline="lost_card", attaches=False),
    "4000000000009979": Card(decline="stolen_card", attaches=False),
    "4100000000000019": Card(decline="fraudulent", attaches=False),
    "4000000000000069": Card(decline="expired_card", attaches=False),
    "4000000000000127": Card(decline="incorrect_cvc", attaches=False),
    "4000000000000119": Card(decline="processing_error", attaches=False),
    "4000000000000341": Card(decline="generic_decline"),
    "4000002500003155": Card(authenticates="unless_set_up"),
    "4000002760003184": Card(authenticates="always"),
    "4000000000000259": Card(dispute="fraudulent"),
    "4000000000002685": Card(dispute="product_not_received"),
    "4000000000005126": Card(refund_fails=True),
}
UNKNOWN: Final = Card(decline="test_mode_live_card", attaches=False)
TOKENS: Final = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_refundFail": "4000000000005126",
    "tok_visa": "4242424242424242",
    "tok_mastercard": "5555555555554444",
    "tok_bypassPending": "4000000000000077",
    "tok_chargeDeclined": "4000000000000002",
    "tok_chargeCustomerFail": "4000000000000341",
}


def behaviour(number: str) -> Card:
    """Return what a card number does."""
    return CARDS.get(number, UNKNOWN)


def checked_number(text: str) -> str:
    """Return the digits of a card number, or raise as for a typing error."""
    number = text.replace(" ", "").replace("-", "")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and _luhn(number)):
        raise card_error("Your card number is incorrect.", code="incorrect_number", param="number")
    return number


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def check_expiry(*, month: int, year: int, now_month: int, now_year: int) -> None:
    """Raise if a card's date is impossible or past."""
    if not 1 <= month <= 12:
        raise card_error(
            "Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month"
        )
    if (year, month) < (now_year, now_month) or year > now_year + 50:
        raise card_error(
            "Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year"
        )


def declined(decline_code: str, **extra: object) -> StripeError:
    """Return the card error of a decline code."""
    code = decline_code if decline_code in OWN_CODES else "card_declined"
    message = MESSAGES.get(decline_code, MESSAGES["generic_decline"])
    return card_error(message, code=code, decline_code=decline_code, **extra)
