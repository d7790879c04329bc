from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("wallets", "0005_capture")]

    operations = [sql.install(app="wallets", name="holds_many"), sql.install(app="wallets", name="balance")]
