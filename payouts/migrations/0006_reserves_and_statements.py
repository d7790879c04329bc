import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0008_agreements_and_alerts"),
        ("payouts", "0005_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReserveHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("amount", models.BigIntegerField(help_text="Credit micros.")),
                ("release_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "released",
                    models.BigIntegerField(default=0, help_text="Credit micros that became payable."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="Counted for each creator, from 1.")),
                (
                    "opening_seq",
                    models.BigIntegerField(
                        help_text="The payable wallet's last entry before those stated here."
                    ),
                ),
                ("closing_seq", models.BigIntegerField(help_text="The last entry stated here.")),
                ("body", models.JSONField()),
                (
                    "previous",
                    models.CharField(
                        help_text="The hash of the creator's statement before this one.", max_length=64
                    ),
                ),
                ("hash", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="maturedearning",
            name="short",
            field=models.BigIntegerField(
                default=0, help_text="The part that refunds and disputes had taken before it matured."
            ),
        ),
        migrations.AddField(
            model_name="payout",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="payout",
            name="needs_second",
            field=models.BooleanField(default=False, help_text="Too large for one person to approve."),
        ),
        migrations.AddField(
            model_name="payout",
            name="requested_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="payout",
            name="started_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
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
                    ("debt", "Debt taken off"),
                    ("given_back", "Given back by earlier payouts"),
                    ("carried_out", "Carried over to the next payout"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="maturedearning",
            constraint=models.CheckConstraint(
                condition=models.Q(("short__gte", 0), ("short__lte", models.F("amount"))),
                name="payouts_maturedearning_short_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(
                        ("requested_by__isnull", False),
                        models.Q(("decided_by", models.F("requested_by")), _negated=True),
                        models.Q(
                            ("started_by", None),
                            models.Q(("decided_by", models.F("started_by")), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="payouts_payout_second_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("needs_second", False),
                    ("decided_by__isnull", False),
                    ("state__in", ["draft", "failed", "cancelled"]),
                    _connector="OR",
                ),
                name="payouts_payout_large_ones_by_two",
            ),
        ),
        migrations.AddField(
            model_name="reservehold",
            name="creator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reserve_holds",
                to="marketplace.creator",
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="creator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="marketplace.creator",
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="payout",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="statement", to="payouts.payout"
            ),
        ),
        migrations.AddIndex(
            model_name="reservehold",
            index=models.Index(
                condition=models.Q(("released_at", None)),
                fields=["release_at"],
                name="payouts_reservehold_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.UniqueConstraint(fields=("creator", "day"), name="payouts_reservehold_once"),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0), ("released__gte", 0), ("released__lte", models.F("amount"))
                ),
                name="payouts_reservehold_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservehold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("released", 0), ("released_at", None)),
                    ("released_at__gte", models.F("release_at")),
                    _connector="OR",
                ),
                name="payouts_reservehold_released_at_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("creator", "number"), name="payouts_statement_number"),
        ),
        sql.append_only("payouts_statement"),
    ]
