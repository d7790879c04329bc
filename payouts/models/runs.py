import datetime as dt

from django.db import models

from marketplace.models import Creator


class PayoutRun(models.Model):
    """One pass of a schedule over one period, for who is paid on one day: there is one, however often it starts."""

    schedule = models.CharField(max_length=20)
    period_start = models.DateField()
    period_end = models.DateField(help_text="The day after the last: not part of the period.")
    scheduled_for = models.DateField()
    started_by = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    prepared_at = models.DateTimeField(null=True, blank=True, help_text="When every creator had been seen.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payouts_run_once", fields=["schedule", "period_start", "scheduled_for"]
            ),
            models.CheckConstraint(
                name="payouts_run_period_forward",
                condition=models.Q(period_end__gt=models.F("period_start")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_start} to {self.period_end - dt.timedelta(days=1)}"


class PayoutExclusion(models.Model):
    """Why a creator with something payable was left out of a run: what "why was I not paid" shows."""

    run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="exclusions")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300)
    payable = models.BigIntegerField(help_text="Credit micros that stay payable.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payouts_exclusion_once", fields=["run", "creator"]),
        ]

    def __str__(self) -> str:
        return f"{self.creator_id}: {self.reason}"
