"""What a customer is taxed: asked before a price is named, and again when an invoice is issued."""

from decimal import Decimal

from django.conf import settings

from billing import taxes
from billing.models.invoices import BillingProfile
from billing.taxes import Tax


def quote(*, customer_id: int, base_cents: int) -> Tax:
    """Say what a base is taxed, by the country of the customer's billing details."""
    profile = BillingProfile.objects.filter(customer_id=customer_id).first()
    rates = {country: Decimal(rate) for country, rate in settings.INVOICE_TAX_RATES.items()}
    return taxes.tax(base_cents=base_cents, country=profile.country if profile else "", rates=rates)
