from typing import ClassVar

from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """Creators may have a fixed price on top of the platform's; premium agents share otherwise."""

    dependencies: ClassVar = [
        ("marketplace", "0008_agreements_and_alerts"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="splitshare",
            name="marketplace_splitshare_in_range",
        ),
        migrations.AddField(
            model_name="agent",
            name="premium",
            field=models.BooleanField(
                default=False,
                help_text="The platform has most of each charge: 70 % unless the line above says otherwise.",
            ),
        ),
        migrations.AddField(
            model_name="splitshare",
            name="fixed_cents",
            field=models.PositiveSmallIntegerField(default=0, help_text="US cents of each run."),
        ),
        migrations.AddField(
            model_name="splitshare",
            name="kind",
            field=models.CharField(
                choices=[("share", "A share of each charge"), ("fixed", "A fixed price of each run")],
                default="share",
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="planversion",
            name="platform_share_bp",
            field=models.PositiveIntegerField(
                help_text="Of each charge; where creators have a price on top, the least that it is."
            ),
        ),
        migrations.AddConstraint(
            model_name="splitshare",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("fixed_cents", 0), ("kind", "share"), ("share_bp__gte", 1), ("share_bp__lte", 10000)
                    ),
                    models.Q(
                        ("fixed_cents__gte", 1), ("fixed_cents__lte", 50), ("kind", "fixed"), ("share_bp", 0)
                    ),
                    _connector="OR",
                ),
                name="marketplace_splitshare_in_range",
            ),
        ),
        sql.install(app="marketplace", name="split_rules"),
    ]
