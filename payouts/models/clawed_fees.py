from django.db import models
from django.db.models import F, Q

from wallets.models import Claw, Transaction


class ClawedFee(models.Model):
    """Who gave back what of the fee above the face of a plan's credits, for one claw of its payment. Append-only.

    Of a claw that was undone the other one has another row, with the other sign.
    """

    claw = models.OneToOneField(Claw, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(help_text="Credits, in micros.")
    pulled = models.BigIntegerField(help_text="What creators bear.")
    own = models.BigIntegerField(help_text="What the platform had of it.")
    lost = models.BigIntegerField(help_text="What creators have no more.")
    transaction = models.OneToOneField(
        Transaction,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="None: so little went back that no micro of the fee did.",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payouts_clawedfee_adds_up", condition=Q(amount=F("pulled") + F("own") + F("lost"))
            ),
            models.CheckConstraint(
                name="payouts_clawedfee_signed",
                condition=Q(pulled__gte=0, own__gte=0, lost__gte=0)
                | Q(pulled__lte=0, own__lte=0, lost__lte=0),
            ),
            models.CheckConstraint(
                name="payouts_clawedfee_moves_what_it_says",
                condition=Q(transaction=None, amount=0) | (Q(transaction__isnull=False) & ~Q(amount=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for claw {self.claw_id}"
