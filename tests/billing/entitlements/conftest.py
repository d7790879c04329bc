"""The catalogue is published; Bob is a customer that services know by a name of their own."""

import pytest
from django.test import Client

from accounts.models import Customer
from tests.support import catalogue, people
from tests.support.callers import Caller


@pytest.fixture(autouse=True)
def _catalogue(db: None) -> None:
    catalogue.publish()


@pytest.fixture
def service(client: Client) -> Caller:
    """Call as a service."""
    return Caller(client, people.service_key(), "/v1/check")


@pytest.fixture
def bob() -> Customer:
    """A customer without a plan or credits."""
    return people.open_customer("bob", external_id="bob-at-home")
