from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0002_append_only")]

    operations = [
        migrations.AlterModelOptions(
            name="payout",
            options={
                "permissions": [("approve_payout", "Can start payout runs, approve and cancel payouts")]
            },
        ),
    ]
