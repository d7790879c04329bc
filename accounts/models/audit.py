from django.db import models


class AuditEntry(models.Model):
    """What a member of staff did, to what, why and from where. Append-only."""

    actor = models.CharField(max_length=100, help_text="staff: and the e-mail address.")
    act = models.CharField(max_length=80, help_text="The kind of thing, a dot, and what was done to it.")
    object_id = models.CharField(
        "object", max_length=120, blank=True, help_text="The public id of what it was done to."
    )
    reason = models.CharField(max_length=500, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True, help_text="Where the request came from.")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(name="accounts_auditentry_object", fields=["object_id", "-id"]),
            models.Index(name="accounts_auditentry_actor", fields=["actor", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.object_id}".strip()
