"""Every request to Stripe with every fault of Stripe's: a sweep later, the end is the one of a quiet day."""

from collections.abc import Mapping

import pytest
import stripe
from django.conf import LazySettings

from tests.support import footprints, outages
from tests.support.outages import FAULTS, READ_SECONDS
from tests.support.stories import Stage, Story, in_peace, told
from tests.support.tales import invoices, payouts, purchases

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.django_db(transaction=True),
]

PURCHASES = (
    "a top-up is asked for",
    "a subscription is asked for",
    "a top-up is credited",
    "a subscription starts",
    "a webhook tells of a payment",
    "fees are swept",
)
INVOICES = (
    "an invoice is charged",
    "an invoice's checkout is opened",
    "an invoice's checkout is fulfilled",
)
PAYOUTS = (
    "an account is connected",
    "accounts are read again",
    "a payout is sent",
    "a lost transfer is found",
    "a bank payout is read",
    "a transfer is taken back",
)


@pytest.fixture(autouse=True)
def _impatient(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing: neither for a slow answer nor before another try."""
    settings.STRIPE_READ_SECONDS = READ_SECONDS
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)


def test_purchases_end_as_on_a_quiet_day(stripe_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tales = {name: purchases.TALES[name] for name in PURCHASES}
    assert broken_everywhere(stripe_stage, tales, monkeypatch) >= 8 * len(FAULTS)


def test_invoices_end_as_on_a_quiet_day(stripe_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tales = {name: invoices.TALES[name] for name in INVOICES}
    assert broken_everywhere(stripe_stage, tales, monkeypatch) >= 4 * len(FAULTS)


def test_payouts_end_as_on_a_quiet_day(stripe_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tales = {name: payouts.TALES[name] for name in PAYOUTS}
    assert broken_everywhere(stripe_stage, tales, monkeypatch) >= 7 * len(FAULTS)


def broken_everywhere(stage: Stage, tales: Mapping[str, Story], monkeypatch: pytest.MonkeyPatch) -> int:
    """Play each story with each of its requests broken in each way; give how often."""
    seen = outages.watch(monkeypatch)
    wrongs, broken = [], 0
    for tale, story in tales.items():
        stage.play(story, in_peace)
        requests = outages.made_by(stage, story, seen)
        _, calm = stage.play(story, in_peace)
        assert requests, tale
        for request in requests:
            for fault, kind in FAULTS.items():
                _, found = stage.play(story, outages.broken(stage.stripe, kind, request))
                wrongs += told(f"{tale}, {request}, {fault}", footprints.differences(found, calm))
                broken += 1
        _, found = stage.play(story, outages.down)
        wrongs += told(f"{tale}, Stripe down", footprints.differences(found, calm))
        wrongs += told(tale, stage.broken_books())
    assert not wrongs, "\n".join(wrongs)
    return broken
