from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A wallet's entries in their order, for its statement: of all wallets now, not of the platform's only."""

    dependencies: ClassVar = [("wallets", "0008_quotas")]
    operations: ClassVar = [
        migrations.RemoveIndex(model_name="entry", name="wallets_entry_unsequenced"),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["wallet", "id"], name="wallets_entry_of_wallet")
        ),
    ]
