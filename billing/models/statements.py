from django.db import models

from accounts.models import Customer


class StatementDocument(models.Model):
    """A month's statement as a file: asked for by its customer, drawn by the worker.

    Late usage still changes a month: the fingerprint says which statement was drawn, and another is drawn when asked.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="Its first day.")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, default="", blank=True)
    body = models.BinaryField(null=True)
    problem = models.CharField(max_length=300, default="", blank=True, help_text="Why there is none.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="billing_statementdocument_once", fields=["customer", "month"]),
        ]
        indexes = [
            models.Index(
                name="billing_statement_unmade",
                fields=["asked_at"],
                condition=models.Q(made_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.month:%Y-%m}"
