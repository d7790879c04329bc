from django.db import models
from django.db.models import Q


class CreditPackage(models.Model):
    """Credits at a USD price with a bonus; how many credits follows from the value of one."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    price_cents = models.PositiveIntegerField()
    bonus_bp = models.PositiveIntegerField(default=0, help_text="In basis points of the credits paid for.")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_creditpackage_price_in_range",
                condition=Q(price_cents__gte=100, price_cents__lte=1_000_000),
            ),
            models.CheckConstraint(
                name="marketplace_creditpackage_bonus_in_range", condition=Q(bonus_bp__lte=10_000)
            ),
        ]

    def __str__(self) -> str:
        return self.name
