from django.db import models

from marketplace.models import Creator
from payouts.models.payouts import Payout


class Statement(models.Model):
    """A payout's lines as they were put together, sealed: hashed with the creator's last statement. Append-only."""

    payout = models.OneToOneField(Payout, on_delete=models.PROTECT, related_name="statement")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="statements")
    number = models.PositiveIntegerField(help_text="Counted for each creator, from 1.")
    opening_seq = models.BigIntegerField(
        help_text="The payable wallet's last entry before those stated here."
    )
    closing_seq = models.BigIntegerField(help_text="The last entry stated here.")
    body = models.JSONField()
    previous = models.CharField(
        max_length=64, help_text="The hash of the creator's statement before this one."
    )
    hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payouts_statement_number", fields=["creator", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.payout} {self.number}"


class StatementDocument(models.Model):
    """A statement as a file: asked for by its creator, drawn by the worker. What is sealed does not change."""

    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="document")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    body = models.BinaryField(null=True)
    problem = models.CharField(max_length=300, default="", blank=True, help_text="Why there is none.")

    class Meta:
        indexes = [
            models.Index(
                name="payouts_statement_unmade", fields=["asked_at"], condition=models.Q(made_at=None)
            ),
        ]

    def __str__(self) -> str:
        return str(self.statement)
