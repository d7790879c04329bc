from django.db import models

from accounts.models.keys import ApiKey


class IdempotentRequest(models.Model):
    """What a principal was answered under an idempotency key; kept for ever where money moved."""

    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=60)
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="accounts_idempotentrequest_once", fields=["key", "operation", "idempotency_key"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.idempotency_key}"
