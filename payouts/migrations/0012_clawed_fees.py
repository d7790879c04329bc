from typing import ClassVar

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Who earned a plan's fee at once gives it back with the plan's payment."""

    dependencies: ClassVar = [
        ("payouts", "0011_recoveries"),
        ("wallets", "0019_claws_of_two_wallets"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ClawedFee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="Credits, in micros.")),
                ("pulled", models.BigIntegerField(help_text="What creators bear.")),
                ("own", models.BigIntegerField(help_text="What the platform had of it.")),
                ("lost", models.BigIntegerField(help_text="What creators have no more.")),
                ("created_at", models.DateTimeField()),
                (
                    "claw",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="wallets.claw"
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        help_text="None: so little went back that no micro of the fee did.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.transaction",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("pulled"), "+", models.F("own")
                                    ),
                                    "+",
                                    models.F("lost"),
                                ),
                            )
                        ),
                        name="payouts_clawedfee_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lost__gte", 0), ("own__gte", 0), ("pulled__gte", 0)),
                            models.Q(("lost__lte", 0), ("own__lte", 0), ("pulled__lte", 0)),
                            _connector="OR",
                        ),
                        name="payouts_clawedfee_signed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", 0), ("transaction", None)),
                            models.Q(("transaction__isnull", False), models.Q(("amount", 0), _negated=True)),
                            _connector="OR",
                        ),
                        name="payouts_clawedfee_moves_what_it_says",
                    ),
                ],
            },
        ),
        sql.append_only("payouts_clawedfee"),
    ]
