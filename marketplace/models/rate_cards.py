from django.db import models
from django.db.models import Q


class TokenClass(models.TextChoices):
    """What a model counts, each with a rate of its own."""

    INPUT = "input", "Input"
    OUTPUT = "output", "Output"
    CACHE_READ = "cache_read", "Cache read"
    CACHE_WRITE = "cache_write", "Cache write"
    REASONING = "reasoning", "Reasoning"


class RateCard(models.Model):
    """A dated list of what models cost and what is charged for them."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    revision = models.PositiveIntegerField(
        default=1, help_text="Grows with each new rate; caches are keyed by it."
    )

    def __str__(self) -> str:
        return self.name


class RateMarkup(models.Model):
    """What a cost is multiplied by to make a charge: a model's, else its provider's, else the card's default."""

    card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="markups")
    provider = models.CharField(max_length=60, blank=True, help_text="Empty: for every provider.")
    model = models.CharField(max_length=120, blank=True, help_text="Empty: for every model of the provider.")
    factor = models.DecimalField(max_digits=9, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="marketplace_ratemarkup_once", fields=["card", "provider", "model"]),
            models.CheckConstraint(name="marketplace_ratemarkup_not_negative", condition=Q(factor__gte=0)),
            models.CheckConstraint(
                name="marketplace_ratemarkup_model_has_provider", condition=Q(model="") | ~Q(provider="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider or 'default'} {self.model} x {self.factor}"


class ModelRate(models.Model):
    """What a million tokens of a class cost and are charged at from a moment on, in USD. Append-only."""

    card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="rates")
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=120)
    token_class = models.CharField(max_length=12, choices=TokenClass.choices)
    effective_from = models.DateTimeField()
    cost = models.DecimalField(max_digits=18, decimal_places=9)
    charge = models.DecimalField(max_digits=18, decimal_places=9)
    source = models.CharField(max_length=60, help_text="Who says what it costs, such as genai-prices 0.2.3.")
    created_by = models.CharField(max_length=100, help_text="The actor, such as user:usr_….")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="marketplace_modelrate_once",
                fields=["card", "model", "provider", "token_class", "effective_from"],
            ),
            models.CheckConstraint(
                name="marketplace_modelrate_not_negative", condition=Q(cost__gte=0, charge__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} {self.token_class}: ${self.charge}"

    @property
    def margin(self) -> str:
        """Give what is left of a million tokens' charge, in USD."""
        return f"{self.charge - self.cost:f}"


class RateAlert(models.Model):
    """Staff are told, once a day, of a rate that costs more than is charged. Written first, then mailed."""

    rate = models.ForeignKey(ModelRate, on_delete=models.PROTECT, related_name="alerts")
    day = models.DateField()
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="marketplace_ratealert_once", fields=["rate", "day"])]

    def __str__(self) -> str:
        return f"{self.rate_id} on {self.day}"
