"""What Stripe still asks of an account, in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# The first that the name contains is taken, so the narrower stands above the wider.
WORDS: Final = (
    ("external_account", "A bank account to pay to"),
    ("verification.additional_document", "A second document that shows your address"),
    ("verification.document", "An identity document"),
    ("tos_acceptance", "Accept Stripe's terms"),
    ("business_profile.url", "Your website, or what you sell"),
    ("business_profile", "What your business does"),
    ("id_number", "Your tax or national id number"),
    ("ssn_last_4", "The last four digits of your SSN"),
    (".dob.", "Your date of birth"),
    ("first_name", "Your legal name"),
    ("last_name", "Your legal name"),
    (".address.", "Your address"),
    (".email", "An e-mail address"),
    (".phone", "A phone number"),
    ("company.tax_id", "Your company's tax number"),
    ("company", "Your company's details"),
    ("representative", "Who represents the company"),
    ("owners", "Who owns the company"),
)
OTHER: Final = "Something else; Stripe's page says what"

DISABLED: Final = {
    "requirements.past_due": "Something that Stripe asked for is overdue.",
    "requirements.pending_verification": "Stripe is checking what you handed in.",
    "under_review": "Stripe is reviewing this account.",
    "listed": "Stripe is reviewing this account.",
    "platform_paused": "We paused this account; please write to us.",
    "action_required.requested_capabilities": "Stripe needs more before it can pay you.",
}


@dataclass(frozen=True)
class Requirement:
    """One thing to hand in, and Stripe's own names for it."""

    label: str
    detail: str


def in_words(*, names: Iterable[str]) -> list[Requirement]:
    """Translate Stripe's names, joining those that ask for one thing."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_label(name), []).append(name)
    return [Requirement(label, ", ".join(asked)) for label, asked in found.items()]


def disabled_in_words(*, reason: str) -> str:
    """Say why Stripe disabled an account."""
    if reason.startswith("rejected."):
        return "Stripe has rejected this account."
    return DISABLED.get(reason, reason)


def _label(name: str) -> str:
    return next((words for part, words in WORDS if part in name), OTHER)
