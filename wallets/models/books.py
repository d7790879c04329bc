from django.db import models


class BooksCheck(models.Model):
    """The last result of one invariant: green when it found nothing."""

    name = models.CharField(max_length=80, unique=True)
    protects = models.CharField(max_length=300)
    violations = models.PositiveIntegerField()
    sample = models.JSONField(default=list, help_text="The first rows that break it.")
    checked_at = models.DateTimeField()

    class Meta:
        verbose_name = "books check"

    def __str__(self) -> str:
        return self.name
