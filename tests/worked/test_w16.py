"""W16: Free 500 credits; 2,000 small + 60 large tokens: 200 + 300 used, balance 0, allowed false (at 0.01)."""

from typing import Any

import pytest
from django.test import Client

from tests.support import people, plans
from tests.support.callers import Caller
from tests.support.credit_values import at_one_cent


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
def test_free_credits_are_used_up_and_then_block(client: Client, settings: Any) -> None:
    """The customer is made at first sight (U7) and has the default plan (U2)."""
    at_one_cent(settings)
    plans.on_sale()
    settings.DEFAULT_PLAN = "credits-free"
    service = Caller(client, people.service_key(), "/v1/track")
    small = {"customer": "bob-at-home", "feature": "small-model-tokens"}
    large = {"customer": "bob-at-home", "feature": "large-model-tokens"}

    used = [
        service.post(small | {"quantity": 2_000, "event_id": "s"}).json()["balance"]["credits"],
        service.post(large | {"quantity": 60, "event_id": "l"}).json()["balance"]["credits"],
    ]
    asked = service.post(small | {"quantity": 1}, path="/v1/check").json()

    assert used == ["300", "0"]
    assert (asked["allowed"], asked["blocking_gate"]) == (False, "wallet")
    assert (asked["balance"]["credits"], asked["allowance"]["credits"]) == ("0", "500")
