from django.db import migrations

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_topups")]

    operations = [
        sql.append_only("billing_topupstatechange"),
        sql.append_only("billing_subscriptionstatechange"),
        sql.append_only("billing_subscriptionperiod"),
    ]
