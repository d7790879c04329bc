from typing import ClassVar

from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    """What is given back as money is taken back as credits and quotas."""

    dependencies: ClassVar = [("wallets", "0009_entries_of_wallet")]
    operations: ClassVar = [sql.install(app="wallets", name="withdraw")]
