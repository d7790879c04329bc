from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.customers import Customer
from accounts.models.users import User
from config.kit import ids


def new_public_id() -> str:
    """Make a key's public id."""
    return ids.new(ids.KEY)


class ApiKey(models.Model):
    """A secret that opens the API for one principal; only its SHA-256 is kept."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", "Customer: /v1 for its own customer"
        ROUTER = "router", "Router: /internal only"
        SERVICE = "service", "Service: check, track, attach, events for any customer"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    prefix = models.CharField(
        max_length=40, db_index=True, help_text="Shown, so that people can tell keys apart."
    )
    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of the whole key.")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="accounts_apikey_customer_iff_customer_kind",
                condition=Q(kind="customer", customer__isnull=False)
                | (~Q(kind="customer") & Q(customer__isnull=True)),
            ),
            models.CheckConstraint(
                name="accounts_apikey_kind_is_known", condition=Q(kind__in=["customer", "router", "service"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
