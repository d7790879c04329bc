import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

TIERS = (("standard", 3, 0, 0), ("watched", 10, 1_000, 30), ("high-risk", 17, 2_500, 90))


def seed(apps, _editor):
    """Write the tiers that the platform begins with."""
    tier = apps.get_model("payouts", "RiskTier")
    for slug, window, share, days in TIERS:
        tier.objects.create(slug=slug, window_days=window, reserve_bp=share, reserve_days=days)


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0008_agreements_and_alerts"),
        ("payouts", "0004_reconciliation"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreatorTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "schedule",
                    models.CharField(
                        choices=[("weekly", "Weekly"), ("monthly", "Monthly"), ("on_demand", "On demand")],
                        default="weekly",
                        max_length=10,
                    ),
                ),
                (
                    "minimum_cents",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The creator's own; 0: the platform's."
                    ),
                ),
                ("since", models.DateTimeField(help_text="When these terms began.")),
            ],
            options={
                "verbose_name_plural": "creator terms",
                "permissions": [("set_tier", "Can set a creator's risk tier")],
            },
        ),
        migrations.CreateModel(
            name="CreatorTermsChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "schedule",
                    models.CharField(
                        choices=[("weekly", "Weekly"), ("monthly", "Monthly"), ("on_demand", "On demand")],
                        max_length=10,
                    ),
                ),
                ("minimum_cents", models.PositiveBigIntegerField()),
                ("actor", models.CharField(max_length=100)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RiskTier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=40, unique=True)),
                (
                    "window_days",
                    models.PositiveSmallIntegerField(
                        default=3, help_text="From a period's last day to the day it may be paid."
                    ),
                ),
                (
                    "reserve_bp",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Held back of what matures, in hundredths of a percent."
                    ),
                ),
                (
                    "reserve_days",
                    models.PositiveSmallIntegerField(default=0, help_text="How long it is held back."),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="payout",
            name="payouts_payout_one_live_per_period",
        ),
        migrations.RemoveConstraint(
            model_name="payoutrun",
            name="payouts_run_once",
        ),
        migrations.AlterField(
            model_name="payoutrun",
            name="period_end",
            field=models.DateField(help_text="The day after the last: not part of the period."),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["reversed", "cancelled"]), _negated=True),
                fields=("creator", "run"),
                name="payouts_payout_one_live_per_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutrun",
            constraint=models.UniqueConstraint(
                fields=("schedule", "period_start", "scheduled_for"), name="payouts_run_once"
            ),
        ),
        migrations.AddField(
            model_name="creatorterms",
            name="creator",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payout_terms",
                to="marketplace.creator",
            ),
        ),
        migrations.AddField(
            model_name="creatortermschange",
            name="creator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="marketplace.creator"
            ),
        ),
        migrations.AddConstraint(
            model_name="risktier",
            constraint=models.CheckConstraint(
                condition=models.Q(("window_days__range", (3, 90))), name="payouts_risktier_window"
            ),
        ),
        migrations.AddConstraint(
            model_name="risktier",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reserve_bp", 0), ("reserve_days", 0)),
                    models.Q(("reserve_bp__range", (1, 10000)), ("reserve_days__range", (1, 365))),
                    _connector="OR",
                ),
                name="payouts_risktier_reserve",
            ),
        ),
        migrations.AddField(
            model_name="creatortermschange",
            name="tier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payouts.risktier"
            ),
        ),
        migrations.AddField(
            model_name="creatorterms",
            name="tier",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payouts.risktier"
            ),
        ),
        migrations.AddConstraint(
            model_name="creatorterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("schedule__in", ("weekly", "monthly", "on_demand"))),
                name="payouts_creatorterms_schedule",
            ),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        sql.append_only("payouts_risktier"),
        sql.append_only("payouts_creatortermschange"),
    ]
