from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import Customer
from billing.models.executions import Execution
from marketplace.models import Agent


class UsageEvent(models.Model):
    """One metric of one run and what it was charged. Append-only; partitioned by month (its migration)."""

    pk = models.CompositePrimaryKey("id", "occurred_at")
    id = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="events", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    end_user = models.CharField(max_length=200, default="", blank=True)
    model = models.CharField(max_length=120, default="", blank=True)
    metric = models.CharField(max_length=60)
    quantity = models.DecimalField(max_digits=30, decimal_places=12)
    charged = models.BigIntegerField(help_text="Credit micros; an execution's events sum to its charge.")

    class Meta:
        indexes = [
            BrinIndex(name="billing_usageevent_time", fields=["occurred_at"]),
            models.Index(name="billing_usageevent_customer", fields=["customer", "occurred_at"]),
            models.Index(name="billing_usageevent_execution", fields=["execution"]),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.metric}"


class UsageEventKey(models.Model):
    """What has been logged, by its source's own id: kept for ever, so that nothing is charged twice."""

    pk = models.CompositePrimaryKey("source", "event_id")
    source = models.CharField(max_length=80)
    event_id = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    execution = models.ForeignKey(Execution, on_delete=models.PROTECT, related_name="keys", db_index=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"
