from typing import Final

from django.db import models

from accounts.models import Customer

# Names of others' making are compared as bytes: it is exact, and an index on them is filled twice as fast.
BYTES: Final = "C"


class MeterEvent(models.Model):
    """What a customer used, as a service reported it. Append-only; partitioned by month (its migration).

    Its key is unique in MeterEventKey: no index of its own repeats that.
    """

    pk = models.CompositePrimaryKey("source", "event_id")
    source = models.CharField(max_length=255, db_collation=BYTES)
    event_id = models.CharField(max_length=255, db_collation=BYTES)
    type = models.CharField(max_length=120)
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        indexes = [
            models.Index(name="billing_meterevent_customer", fields=["customer", "type", "occurred_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id} of {self.source}"


class MeterEventKey(models.Model):
    """What has come in, by its source's own id: kept for ever, so that nothing is counted twice."""

    pk = models.CompositePrimaryKey("source", "event_id")
    source = models.CharField(max_length=255, db_collation=BYTES)
    event_id = models.CharField(max_length=255, db_collation=BYTES)
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.event_id} of {self.source}"


class MeterReversal(models.Model):
    """An event that counts no more, and the event that said so."""

    pk = models.CompositePrimaryKey("source", "event_id")
    source = models.CharField(max_length=255, db_collation=BYTES)
    event_id = models.CharField(max_length=255, db_collation=BYTES)
    reversed_by = models.CharField(
        max_length=255, help_text="The id of the reversing event, of the same source."
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.event_id} of {self.source}, reversed by {self.reversed_by}"
