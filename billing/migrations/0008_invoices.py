import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import billing.models.invoice_payments
import billing.models.invoices
from config.kit import sql

GUARDS = """
CREATE TRIGGER billing_invoice_frozen BEFORE UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_invoice_frozen();
CREATE TRIGGER billing_invoiceline_frozen BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_invoiceline_frozen()
"""
UNGUARD = """
DROP TRIGGER billing_invoice_frozen ON billing_invoice;
DROP TRIGGER billing_invoiceline_frozen ON billing_invoiceline
"""
SERIES = "INSERT INTO billing_invoicecounter (series, last) VALUES ('invoice', 0), ('credit_note', 0)"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_clock_offset"),
        ("billing", "0007_rollups"),
        ("marketplace", "0006_rate_cards"),
        ("wallets", "0006_many_holds_and_balance"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.invoices.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("number", models.BigIntegerField(blank=True, null=True, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("uncollectible", "Uncollectible"),
                            ("void", "Void"),
                        ],
                        default="draft",
                        max_length=15,
                    ),
                ),
                (
                    "collecting",
                    models.BooleanField(
                        default=True,
                        help_text="It gathers lines until its period ends; else it was made for one purchase.",
                    ),
                ),
                ("period_start", models.DateTimeField()),
                ("period_end", models.DateTimeField()),
                ("currency", models.CharField(default="usd", max_length=3)),
                ("subtotal_cents", models.BigIntegerField(default=0)),
                ("tax_cents", models.BigIntegerField(default=0)),
                ("total_cents", models.BigIntegerField(default=0)),
                (
                    "credited_cents",
                    models.BigIntegerField(
                        default=0, help_text="Taken off by credit notes before it was paid."
                    ),
                ),
                (
                    "credited_tax_cents",
                    models.BigIntegerField(default=0, help_text="The tax inside of that."),
                ),
                ("tax_country", models.CharField(blank=True, default="", max_length=2)),
                (
                    "tax_rate",
                    models.DecimalField(
                        decimal_places=4,
                        default=0,
                        help_text="Percent, as it was at finalisation.",
                        max_digits=7,
                    ),
                ),
                (
                    "bill_to",
                    models.JSONField(
                        default=dict, help_text="Name, address and tax id, as they were at finalisation."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "finalise_at",
                    models.DateTimeField(
                        blank=True, help_text="When the grace for late events ends.", null=True
                    ),
                ),
                ("issued_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_at",
                    models.DateTimeField(blank=True, help_text="When it was voided or given up.", null=True),
                ),
                ("attempts", models.PositiveIntegerField(default=0, help_text="Charges that failed.")),
                ("first_failed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "next_attempt_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the saved card is charged next; null: not by itself.",
                        null=True,
                    ),
                ),
                ("payment_intent_id", models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("failure_code", models.CharField(blank=True, default="", max_length=60)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="accounts.customer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.invoices.new_note_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("number", models.BigIntegerField(unique=True)),
                ("amount_cents", models.BigIntegerField(help_text="Tax included.")),
                ("tax_cents", models.BigIntegerField(default=0)),
                ("reason", models.CharField(max_length=300)),
                ("actor", models.CharField(max_length=80)),
                (
                    "reference",
                    models.CharField(help_text="What makes it happen once.", max_length=120, unique=True),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceCounter",
            fields=[
                (
                    "series",
                    models.CharField(
                        choices=[("invoice", "Invoice"), ("credit_note", "Credit Note")],
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("last", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", 0)), name="billing_invoicecounter_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.BinaryField(null=True)),
                (
                    "problem",
                    models.CharField(blank=True, default="", help_text="Why there is none.", max_length=300),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="document",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("fee", "A period's fee: booked when it is paid"),
                            ("overage", "Debt of a wallet: billed when the invoice is final"),
                            ("usage", "Use in arrears"),
                            ("commitment", "What was committed and not used"),
                            ("proration", "A change within a period"),
                            ("credit", "From a credit note"),
                            ("adjustment", "A late event or a correction"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.CharField(max_length=300)),
                ("model", models.CharField(blank=True, default="", max_length=200)),
                ("metric", models.CharField(blank=True, default="", max_length=60)),
                ("quantity", models.DecimalField(blank=True, decimal_places=12, max_digits=38, null=True)),
                (
                    "rate",
                    models.DecimalField(
                        blank=True, decimal_places=12, help_text="USD for one.", max_digits=38, null=True
                    ),
                ),
                ("tier", models.CharField(blank=True, default="", max_length=100)),
                ("amount_micros", models.BigIntegerField(help_text="USD micros, exact.")),
                ("amount_cents", models.BigIntegerField(help_text="Rounded half up, once.")),
                (
                    "debt",
                    models.BigIntegerField(
                        default=0, help_text="Micros of the wallet's unit that the line bills."
                    ),
                ),
                ("source", models.CharField(max_length=120, unique=True)),
                ("created_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.agent",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.invoice",
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice_lines",
                        to="billing.subscriptionperiod",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.subscription",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose debt it is.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="wallets.wallet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issued", "Issued"),
                            ("paid", "Paid"),
                            ("failed", "It will be tried again"),
                            ("action", "The customer must act: another card, or the bank asks"),
                            ("given_up", "Given Up"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "attempt",
                    models.PositiveIntegerField(default=0, help_text="Which failed charge it tells of."),
                ),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoicePayment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "principal",
                    models.CharField(help_text="Who asked: a key, or a customer's page.", max_length=80),
                ),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField(help_text="SHA-256 of what was asked.", max_length=32)),
                ("amount_cents", models.BigIntegerField()),
                ("success_url", models.CharField(max_length=2000)),
                ("cancel_url", models.CharField(max_length=2000)),
                (
                    "calling_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="A call to Stripe is in flight until then at the latest.",
                        null=True,
                    ),
                ),
                ("stripe_session_id", models.CharField(blank=True, default="", max_length=120)),
                ("checkout_url", models.CharField(blank=True, default="", max_length=2000)),
                ("payment_intent_id", models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ("charge_id", models.CharField(blank=True, default="", max_length=60)),
                (
                    "fee_cents",
                    models.BigIntegerField(blank=True, help_text="Null until Stripe has told it.", null=True),
                ),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="When the checkout lapses.", null=True),
                ),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, help_text="When a sweeper last asked Stripe.", null=True
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "public_id",
                    models.CharField(
                        default=billing.models.invoice_payments.new_public_id,
                        editable=False,
                        max_length=30,
                        unique=True,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "method",
                    models.CharField(choices=[("card", "Card"), ("checkout", "Checkout")], max_length=10),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                "pending",
                                "Not known yet: Stripe is being asked, or the customer is at the checkout",
                            ),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("stripe_customer_id", models.CharField(blank=True, default="", max_length=60)),
                ("payment_method_id", models.CharField(blank=True, default="", max_length=60)),
                ("failure_code", models.CharField(blank=True, default="", max_length=60)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="billing.invoice",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="InvoiceStateChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("uncollectible", "Uncollectible"),
                            ("void", "Void"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("uncollectible", "Uncollectible"),
                            ("void", "Void"),
                        ],
                        max_length=15,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("actor", models.CharField(max_length=80)),
                ("changed_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="billing.invoice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BillingProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("address", models.CharField(blank=True, default="", max_length=500)),
                (
                    "country",
                    models.CharField(
                        blank=True, default="", help_text="ISO 3166, two letters.", max_length=2
                    ),
                ),
                ("tax_id", models.CharField(blank=True, default="", max_length=40)),
                (
                    "card",
                    models.CharField(
                        blank=True, default="", help_text="The card on file, as pages show it.", max_length=60
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="billing_profile",
                        to="accounts.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"
                        ),
                        name="billing_billingprofile_country_known",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["customer", "-created_at"], name="billing_invoice_customer"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("state", "draft")),
                fields=["finalise_at"],
                name="billing_invoice_due_draft",
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["next_attempt_at"],
                name="billing_invoice_due_charge",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("collecting", True), ("state", "draft")),
                fields=("customer",),
                name="billing_invoice_one_draft",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("issued_at", None), ("number", None), ("state", "draft")),
                    models.Q(
                        models.Q(("state", "draft"), _negated=True),
                        ("issued_at__isnull", False),
                        ("number__gt", 0),
                    ),
                    _connector="OR",
                ),
                name="billing_invoice_number_when_issued",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at__isnull", False), ("state", "paid")),
                    models.Q(models.Q(("state", "paid"), _negated=True), ("paid_at", None)),
                    _connector="OR",
                ),
                name="billing_invoice_paid_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("state__in", ["void", "uncollectible"])),
                    models.Q(
                        models.Q(("state__in", ["void", "uncollectible"]), _negated=True), ("closed_at", None)
                    ),
                    _connector="OR",
                ),
                name="billing_invoice_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_cents",
                        django.db.models.expressions.CombinedExpression(
                            models.F("subtotal_cents"), "+", models.F("tax_cents")
                        ),
                    ),
                    ("total_cents__gte", 0),
                    ("credited_cents__gte", 0),
                    ("credited_cents__lte", models.F("total_cents")),
                    ("tax_cents__gte", 0),
                    ("credited_tax_cents__gte", 0),
                    ("credited_tax_cents__lte", models.F("credited_cents")),
                ),
                name="billing_invoice_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("period_end__gt", models.F("period_start"))),
                name="billing_invoice_period_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_cents__gt", 0),
                    ("tax_cents__gte", 0),
                    ("tax_cents__lte", models.F("amount_cents")),
                ),
                name="billing_creditnote_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.UniqueConstraint(fields=("invoice", "place"), name="billing_invoiceline_place"),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "fee")), fields=("period",), name="billing_invoiceline_one_fee"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "fee"), _negated=True),
                    models.Q(("period__isnull", False), ("subscription__isnull", False)),
                    _connector="OR",
                ),
                name="billing_invoiceline_fee_has_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("debt__gte", 0), ("kind", "overage"), ("wallet__isnull", False)),
                    models.Q(models.Q(("kind", "overage"), _negated=True), ("debt", 0), ("wallet", None)),
                    _connector="OR",
                ),
                name="billing_invoiceline_overage_has_debt",
            ),
        ),
        migrations.AddIndex(
            model_name="invoicenotice",
            index=models.Index(
                condition=models.Q(("sent_at", None)),
                fields=["created_at"],
                name="billing_invoicenotice_unsent",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicenotice",
            constraint=models.UniqueConstraint(
                fields=("invoice", "kind", "attempt"), name="billing_invoicenotice_once"
            ),
        ),
        migrations.AddIndex(
            model_name="invoicepayment",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["created_at"],
                name="billing_invoicepayment_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.UniqueConstraint(
                fields=("principal", "idempotency_key"), name="billing_invoicepayment_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stripe_session_id", ""), _negated=True),
                fields=("stripe_session_id",),
                name="billing_invoicepayment_one_session",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="billing_invoicepayment_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at", None), ("payment_intent_id", None)),
                    models.Q(("paid_at__isnull", False), ("payment_intent_id__isnull", False)),
                    _connector="OR",
                ),
                name="billing_invoicepayment_paid_has_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.UniqueConstraint(
                fields=("invoice", "number"), name="billing_invoicepayment_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "pending")),
                fields=("invoice",),
                name="billing_invoicepayment_one_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "paid")),
                fields=("invoice",),
                name="billing_invoicepayment_one_paid",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicepayment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at__isnull", False), ("state", "paid")),
                    models.Q(models.Q(("state", "paid"), _negated=True), ("paid_at", None)),
                    _connector="OR",
                ),
                name="billing_invoicepayment_paid_has_intent",
            ),
        ),
        migrations.RunSQL(SERIES, migrations.RunSQL.noop),
        sql.install(app="billing", name="invoices"),
        migrations.RunSQL(GUARDS, UNGUARD),
        sql.append_only("billing_invoicestatechange"),
        sql.append_only("billing_creditnote"),
    ]
