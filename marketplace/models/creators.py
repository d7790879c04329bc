from django.db import models

from accounts.models import Customer
from config.kit import ids


def new_public_id() -> str:
    """Make a creator's public id."""
    return ids.new(ids.CREATOR)


class Creator(models.Model):
    """Who publishes agents and is paid: one-to-one with a customer."""

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="creator")
    display_name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    is_platform = models.BooleanField(
        default=False, editable=False, help_text="The platform itself, which sells its features."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="marketplace_creator_one_platform",
                fields=["is_platform"],
                condition=models.Q(is_platform=True),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name
