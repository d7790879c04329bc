"""What a search of the staff finds: what it is called, and where it leads."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Model
from django.urls import reverse

from accounts.models import Customer
from marketplace.models import Creator

FOUND_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that matches, and where it leads; `permission` is what one needs to see it."""

    kind: str
    title: str
    detail: str
    url: str
    permission: str


def customer_url(customer: Customer) -> str:
    """Give the address of a customer's page for staff."""
    return reverse("payouts:staff_customer", args=[customer.public_id])


def creator_url(creator: Creator) -> str:
    """Give the address of a creator's page for staff."""
    return reverse("payouts:staff_creator", args=[creator.public_id])


def of_customer(customer: Customer) -> Found:
    """Give a customer's page."""
    return Found(
        "Customer",
        customer.name,
        f"{customer.email} · {customer.public_id}",
        customer_url(customer),
        "accounts.view_customer",
    )


def of_creator(creator: Creator) -> Found:
    """Give a creator's page."""
    detail = f"{creator.customer.email} · {creator.public_id}"
    return Found("Creator", creator.display_name, detail, creator_url(creator), "marketplace.view_creator")


def of_row(row: Model, title: str, detail: str = "") -> Found:
    """Give a row's page in the admin."""
    meta = row._meta  # noqa: SLF001  (Django names a model's options so)
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    kind = str(meta.verbose_name)
    return Found(kind[:1].upper() + kind[1:], title, detail, url, f"{meta.app_label}.view_{meta.model_name}")
