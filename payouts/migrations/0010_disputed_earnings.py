from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creators' parts of disputed lots do not become payable while the dispute is open."""

    dependencies: ClassVar = [
        ("billing", "0024_disputes_at_stake"),
        ("marketplace", "0010_collaborations"),
        ("payouts", "0009_accounts_that_ended"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="reservehold",
            name="payouts_reservehold_once",
        ),
        migrations.RemoveConstraint(
            model_name="reservehold",
            name="payouts_reservehold_released_at_its_time",
        ),
        migrations.AddField(
            model_name="reservehold",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reserve_holds",
                to="billing.dispute",
            ),
        ),
        migrations.AlterField(
            model_name="payoutitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("earnings", "Earnings"),
                    ("carried_in", "Carried over from before"),
                    ("refunds", "Refunded or disputed runs"),
                    ("reserve_held", "Held back as a reserve"),
                    ("reserve_released", "Let go from the reserve"),
                    ("dispute_held", "Held back while payments are disputed"),
                    ("dispute_released", "Let go as disputes ended"),
                    ("debt", "Debt taken off"),
                    ("given_back", "Given back by earlier payouts"),
                    ("carried_out", "Carried over to the next payout"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="reservehold",
            name="release_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.UniqueConstraint(
                fields=("creator", "day", "dispute"), name="payouts_reservehold_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dispute", None), ("release_at__isnull", False)),
                    models.Q(("dispute__isnull", False), ("release_at", None)),
                    _connector="OR",
                ),
                name="payouts_reservehold_for_a_time_or_a_dispute",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("released", 0), ("released_at", None)),
                    models.Q(("release_at", None), ("released_at__isnull", False)),
                    models.Q(("released_at__gte", models.F("release_at")), ("released_at__isnull", False)),
                    _connector="OR",
                ),
                name="payouts_reservehold_released_at_its_time",
            ),
        ),
    ]
