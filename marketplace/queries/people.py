"""Reads about who sells."""

from accounts.models import Customer
from marketplace.models import Creator


def creator_of(*, customer: Customer | None) -> Creator | None:
    """Give the creator that a customer is, or None."""
    return Creator.objects.filter(customer=customer).first() if customer else None
