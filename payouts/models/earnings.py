from django.db import models

from marketplace.models import Agent, Creator


class MaturedEarning(models.Model):
    """What an agent earned its creator in one UTC day, once it has moved from pending to payable.

    Written in the ledger's own transaction, so a day has its rows exactly when its money has moved.
    """

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="matured_earnings")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    amount = models.BigIntegerField(help_text="Credit micros.")
    short = models.BigIntegerField(
        default=0, help_text="The part that refunds and disputes had taken before it matured."
    )
    matured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payouts_maturedearning_once", fields=["creator", "agent", "day"]),
            models.CheckConstraint(name="payouts_maturedearning_positive", condition=models.Q(amount__gt=0)),
            models.CheckConstraint(
                name="payouts_maturedearning_short_within",
                condition=models.Q(short__gte=0, short__lte=models.F("amount")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.day}"
