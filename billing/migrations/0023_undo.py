from typing import ClassVar

from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """A run that was settled can be undone; the sums count its money no more."""

    dependencies: ClassVar = [
        ("billing", "0022_vouchers"),
        ("wallets", "0016_undo"),
    ]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="execution",
            options={"permissions": [("undo_execution", "Can undo a settled run")]},
        ),
        migrations.AddField(
            model_name="execution",
            name="undone_at",
            field=models.DateTimeField(help_text="When all that was charged was given back.", null=True),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(("undone_at__isnull", False)),
                fields=["undone_at"],
                name="billing_execution_undone",
            ),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undone_at", None),
                    models.Q(
                        ("state", "settled"),
                        models.Q(("source", "plan_fee"), _negated=True),
                        models.Q(("charged", 0), ("posting__isnull", False), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="billing_execution_undone_was_posted",
            ),
        ),
        sql.install(app="billing", name="rollups"),
        sql.install(app="billing", name="undo"),
    ]
