from typing import ClassVar

from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    """What was charged can come back: a drawdown has another of the other sign."""

    dependencies: ClassVar = [
        ("wallets", "0015_write_offs"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="grantdrawdown",
            name="wallets_grantdrawdown_positive",
        ),
        migrations.AddConstraint(
            model_name="grantdrawdown",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gt", 0), ("cash__gte", 0)),
                    models.Q(("amount__lt", 0), ("cash__lte", 0)),
                    _connector="OR",
                ),
                name="wallets_grantdrawdown_signed",
            ),
        ),
        sql.install(app="wallets", name="debts"),
        sql.install(app="wallets", name="undo"),
    ]
