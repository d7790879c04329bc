from typing import ClassVar

from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    """A lot of which a part is frozen pays arrears with its share of the cash, not with the frozen part's as well."""

    dependencies: ClassVar = [
        ("wallets", "0019_claws_of_two_wallets"),
    ]

    operations: ClassVar = [
        sql.install(app="wallets", name="debts"),
    ]
