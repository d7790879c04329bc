from typing import ClassVar

from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    """A claw takes all of a payment's lots and spares those in dispute; what a hold kept from a dispute is frozen."""

    dependencies: ClassVar = [
        ("wallets", "0018_undone_claws"),
    ]

    operations: ClassVar = [
        sql.install(app="wallets", name="claw"),
        sql.install(app="wallets", name="freeze"),
        sql.install(app="wallets", name="capture"),
    ]
