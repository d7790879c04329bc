"""What a customer wants on its next invoices; those that were issued keep what they said."""

from collections.abc import Mapping

from accounts.models import Customer
from billing.models.invoices import BillingProfile


def change(*, customer: Customer, details: Mapping[str, str]) -> BillingProfile:
    """Keep a customer's name, address, country and tax id for invoices."""
    known = {field: details[field] for field in ("name", "address", "country", "tax_id")}
    profile, _ = BillingProfile.objects.update_or_create(customer=customer, defaults=known)
    return profile
