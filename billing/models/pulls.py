from django.db import models
from django.db.models import Q

from billing.models.executions import Execution
from marketplace.models import Agent, Creator
from wallets.models import Transaction


class CreatorPull(models.Model):
    """What a creator gave back of an earning, and from where (`wallets.pulling`). Append-only.

    A pull that is reversed has another row with the other sign: what a creator bears of a cause is always the sum.
    """

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="pulls")
    cause_type = models.CharField(max_length=30, help_text="Such as write_off, undo.")
    cause_id = models.CharField(max_length=120)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    execution = models.ForeignKey(
        Execution, on_delete=models.PROTECT, null=True, blank=True, related_name="pulls", db_constraint=False
    )
    from_pending = models.BigIntegerField(default=0)
    from_payable = models.BigIntegerField(default=0)
    from_reserve = models.BigIntegerField(default=0)
    to_debt = models.BigIntegerField(default=0)
    to_loss = models.BigIntegerField(default=0, help_text="What the platform bears in the creator's place.")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="billing_creatorpull_once",
                fields=["cause_type", "cause_id", "creator", "execution"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="billing_creatorpull_signed",
                condition=Q(
                    from_pending__gte=0,
                    from_payable__gte=0,
                    from_reserve__gte=0,
                    to_debt__gte=0,
                    to_loss__gte=0,
                )
                | Q(
                    from_pending__lte=0,
                    from_payable__lte=0,
                    from_reserve__lte=0,
                    to_debt__lte=0,
                    to_loss__lte=0,
                ),
            ),
        ]
        indexes = [models.Index(name="billing_creatorpull_creator", fields=["creator", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.cause_type} {self.cause_id} of creator {self.creator_id}"
