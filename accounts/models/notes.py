from django.db import models
from django.db.models import Q

from accounts.models.customers import Customer
from accounts.models.users import User


class StaffNote(models.Model):
    """What a member of staff wants the others to know about a customer. Append-only; customers never see it."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=2000)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="accounts_staffnote_says_something", condition=~Q(text=""))
        ]

    def __str__(self) -> str:
        return f"{self.author}: {self.text}"
