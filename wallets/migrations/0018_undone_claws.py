from typing import ClassVar

from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    """What a refund had taken and was paid for meanwhile comes back at what was paid."""

    dependencies: ClassVar = [
        ("wallets", "0017_recoveries"),
    ]

    operations: ClassVar = [sql.install(app="wallets", name="claw")]
