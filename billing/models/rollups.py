"""Sums of ended runs by UTC day, which pages read instead of every run. Derived: `billing/sql/rollups.sql` keeps them.

`first_at` and `last_at` are the first and the last moment in a sum, so that a reader knows which sums lie wholly
within its period.
"""

from django.db import models

from accounts.models import Customer
from marketplace.models import Agent, Creator


class RunDay(models.Model):
    """A customer's settled runs of one agent and model, by the day on which they ended, says the router."""

    pk = models.CompositePrimaryKey("customer", "day", "agent", "model")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    model = models.CharField(max_length=120, blank=True)
    runs = models.BigIntegerField()
    charged = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Runs are found by the time they opened; these bound it.
    first_opened_at = models.DateTimeField()
    last_opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.runs} runs on {self.day}"


class ReadingDay(models.Model):
    """What a customer's runs of one agent and model read of one metric, by the day on which they ended."""

    pk = models.CompositePrimaryKey("customer", "day", "agent", "model", "metric")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    model = models.CharField(max_length=120, blank=True)
    metric = models.CharField(max_length=60)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.quantity} {self.metric} on {self.day}"


class AgentDay(models.Model):
    """An agent's runs by the day of settle. Fees are what plans cost above their credits: charged, but no runs."""

    pk = models.CompositePrimaryKey("agent", "day")
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    runs = models.BigIntegerField(help_text="Those that failed too.")
    successes = models.BigIntegerField()
    settled = models.BigIntegerField()
    charged = models.BigIntegerField()
    fees = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="billing_agentday_day", fields=["day"])]

    def __str__(self) -> str:
        return f"{self.runs} runs on {self.day}"


class AgentReadingDay(models.Model):
    """What an agent's runs were reported to read of one metric, by the day of settle."""

    pk = models.CompositePrimaryKey("agent", "day", "metric")
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    metric = models.CharField(max_length=60)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.quantity} {self.metric} on {self.day}"


class CallerDay(models.Model):
    """A customer's runs of an agent by the day of settle: who calls it, and what a customer has spent."""

    pk = models.CompositePrimaryKey("agent", "day", "customer")
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    runs = models.BigIntegerField()
    charged = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="billing_callerday_customer", fields=["customer", "day"])]

    def __str__(self) -> str:
        return f"{self.runs} runs on {self.day}"


class EarningDay(models.Model):
    """What one agent brought one creator, by the day of settle."""

    pk = models.CompositePrimaryKey("creator", "day", "agent")
    creator = models.ForeignKey(
        Creator, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    agent = models.ForeignKey(
        Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    runs = models.BigIntegerField()
    gross = models.BigIntegerField()
    platform_fee = models.BigIntegerField()
    net = models.BigIntegerField()
    zero_cash = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.net} on {self.day}"
