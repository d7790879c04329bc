"""What unpaid invoices mean for a subscription: dunning.sweep."""

import datetime as dt
from typing import Any

import pytest

from billing.models import Invoice, Subscription
from billing.operations.invoices import closing, collecting, finalising
from billing.operations.subscriptions import dunning
from billing.stripe.client import client
from tests.support.checkout import NOW
from tests.support.invoicing import DECLINED, GOOD, with_card
from tests.support.people import open_customer
from tests.support.plans import attach, current, on_sale, renew
from tests.support.processes import StripeStandin
from wallets.models import CreditGrant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
