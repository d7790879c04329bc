from typing import ClassVar, Final

import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql

KEEP: Final = """
CREATE TRIGGER billing_subscriptionmove_kept BEFORE UPDATE OR DELETE ON billing_subscriptionmove
    FOR EACH ROW EXECUTE FUNCTION billing_keep_move();
"""


class Migration(migrations.Migration):
    """Subscribers are moved to another version of their plan, told first."""

    dependencies: ClassVar = [
        ("billing", "0015_seats_and_trials"),
        ("marketplace", "0007_platform_plans"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SubscriptionMove",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("actor", models.CharField(help_text="Who decided it, such as user:usr_….", max_length=100)),
                ("created_at", models.DateTimeField()),
                (
                    "notice_days",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Days between the notice and the period that it begins with."
                    ),
                ),
                (
                    "told_at",
                    models.DateTimeField(blank=True, help_text="When the notice was sent.", null=True),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("done", "Done"),
                            ("overtaken", "Overtaken: the customer chose something else"),
                            ("lapsed", "Lapsed: the subscription ended"),
                            ("called_off", "Called off by staff"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "from_tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.subscriptiontier",
                    ),
                ),
                (
                    "period",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="move",
                        to="billing.subscriptionperiod",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="billing.subscription",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.subscriptiontier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "planned"), ("told_at", None)),
                        fields=["created_at"],
                        name="billing_move_untold",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "planned")),
                        fields=("subscription",),
                        name="billing_subscriptionmove_one_planned",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "planned")),
                            models.Q(
                                models.Q(("state", "planned"), _negated=True), ("closed_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="billing_subscriptionmove_closed_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("period__isnull", False), ("state", "done"), ("told_at__isnull", False)
                            ),
                            models.Q(models.Q(("state", "done"), _negated=True), ("period", None)),
                            _connector="OR",
                        ),
                        name="billing_subscriptionmove_done_was_told",
                    ),
                ],
            },
        ),
        sql.install(app="billing", name="subscription_moves"),
        migrations.RunSQL(KEEP, "DROP TRIGGER billing_subscriptionmove_kept ON billing_subscriptionmove"),
    ]
