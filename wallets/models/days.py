from django.db import models


class ClosedDay(models.Model):
    """A UTC day that is proven and takes no more bookings. Append-only: what is closed stays closed."""

    day = models.DateField(primary_key=True)
    closed_by = models.CharField(max_length=80)
    closed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.day)
