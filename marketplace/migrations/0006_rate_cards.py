import datetime as dt

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from config.kit import sql

BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
# Seed F-039: cost and charge of input and output, in USD a million tokens.
SEEDED = (
    ("anthropic", "claude-haiku", "0.25", "1.25", "0.50", "2.50"),
    ("anthropic", "claude-sonnet", "3.00", "15.00", "6.00", "30.00"),
    ("openai", "gpt-4o-mini", "0.15", "0.60", "0.30", "1.20"),
    ("openai", "gpt-4o", "2.50", "10.00", "5.00", "20.00"),
    ("groq", "llama", "0.05", "0.08", "0.10", "0.16"),
    ("openrouter", "deepseek-r1", "0", "0", "0.05", "0.10"),
    ("local", "ollama", "0", "0", "0.02", "0.05"),
)


def seed(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Write the standard card: a markup of 2, and the rates of F-039."""
    card = apps.get_model("marketplace", "RateCard").objects.create(slug="standard", name="Standard")
    apps.get_model("marketplace", "RateMarkup").objects.create(card=card, provider="", model="", factor=2)
    rate = apps.get_model("marketplace", "ModelRate")
    for provider, model, *figures in SEEDED:
        for place, token_class in enumerate(("input", "output")):
            rate.objects.create(
                card=card,
                provider=provider,
                model=model,
                token_class=token_class,
                effective_from=BEGAN,
                cost=figures[place],
                charge=figures[place + 2],
                source="F-039",
                created_by="system",
                created_at=BEGAN,
            )


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0005_price_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="RateCard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=60)),
                (
                    "revision",
                    models.PositiveIntegerField(
                        default=1, help_text="Grows with each new rate; caches are keyed by it."
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="planversion",
            name="rate_card",
            field=models.ForeignKey(
                help_text="Prices tokens by model.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketplace.ratecard",
            ),
        ),
        migrations.CreateModel(
            name="ModelRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=60)),
                ("model", models.CharField(max_length=120)),
                (
                    "token_class",
                    models.CharField(
                        choices=[
                            ("input", "Input"),
                            ("output", "Output"),
                            ("cache_read", "Cache read"),
                            ("cache_write", "Cache write"),
                            ("reasoning", "Reasoning"),
                        ],
                        max_length=12,
                    ),
                ),
                ("effective_from", models.DateTimeField()),
                ("cost", models.DecimalField(decimal_places=9, max_digits=18)),
                ("charge", models.DecimalField(decimal_places=9, max_digits=18)),
                (
                    "source",
                    models.CharField(
                        help_text="Who says what it costs, such as genai-prices 0.2.3.", max_length=60
                    ),
                ),
                ("created_by", models.CharField(help_text="The actor, such as user:usr_….", max_length=100)),
                ("created_at", models.DateTimeField()),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rates",
                        to="marketplace.ratecard",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("card", "model", "provider", "token_class", "effective_from"),
                        name="marketplace_modelrate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("charge__gte", 0), ("cost__gte", 0)),
                        name="marketplace_modelrate_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RateMarkup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(blank=True, help_text="Empty: for every provider.", max_length=60),
                ),
                (
                    "model",
                    models.CharField(
                        blank=True, help_text="Empty: for every model of the provider.", max_length=120
                    ),
                ),
                ("factor", models.DecimalField(decimal_places=4, max_digits=9)),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="markups",
                        to="marketplace.ratecard",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("card", "provider", "model"), name="marketplace_ratemarkup_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("factor__gte", 0)), name="marketplace_ratemarkup_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("model", ""), models.Q(("provider", ""), _negated=True), _connector="OR"
                        ),
                        name="marketplace_ratemarkup_model_has_provider",
                    ),
                ],
            },
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        sql.append_only("marketplace_modelrate"),
    ]
