from typing import ClassVar

from django.db import migrations, models

# Payments that were mirrored before their lines were named: their purchases know both.
NAME: str = """
UPDATE billing_balancetransaction b SET origin_id = p.intent FROM (
    SELECT charge_id, payment_intent_id AS intent FROM billing_topup
    UNION SELECT charge_id, payment_intent_id FROM billing_subscription
    UNION SELECT p.charge_id, i.payment_intent_id FROM billing_invoicepayment p
        JOIN billing_invoice i ON i.id = p.invoice_id WHERE p.state = 'paid'
) p WHERE p.charge_id = b.source_id AND p.charge_id <> '' AND p.intent IS NOT NULL
"""


class Migration(migrations.Migration):
    """A line of Stripe's is named by what caused it, whether or not something of ours matches it."""

    dependencies: ClassVar = [("billing", "0017_offers_and_runs_at_once")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="balancetransaction",
            name="origin_id",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The PaymentIntent of a charge, refund or dispute, the transfer of a reversal.",
                max_length=60,
            ),
        ),
        migrations.RunSQL(NAME, migrations.RunSQL.noop),
    ]
