import django.db.models.deletion
from django.db import migrations, models

from config.kit import sql


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0004_in_force"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceBand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("up_to", models.DecimalField(decimal_places=9, max_digits=24, null=True)),
                ("unit_price", models.DecimalField(decimal_places=12, max_digits=24)),
                ("flat_price", models.DecimalField(decimal_places=6, max_digits=24)),
            ],
        ),
        migrations.AddField(
            model_name="price",
            name="included",
            field=models.DecimalField(
                decimal_places=9, default=0, help_text="Units without charge.", max_digits=24
            ),
        ),
        migrations.AddField(
            model_name="price",
            name="least",
            field=models.DecimalField(decimal_places=12, default=0, max_digits=24),
        ),
        migrations.AddField(
            model_name="price",
            name="minimum",
            field=models.DecimalField(decimal_places=6, default=0, help_text="Least charge.", max_digits=24),
        ),
        migrations.AddField(
            model_name="price",
            name="most",
            field=models.DecimalField(decimal_places=12, default=0, max_digits=24),
        ),
        migrations.AddField(
            model_name="price",
            name="package_size",
            field=models.DecimalField(decimal_places=9, default=1, max_digits=24),
        ),
        migrations.AlterField(
            model_name="price",
            name="model",
            field=models.CharField(
                choices=[
                    ("flat", "flat"),
                    ("per_unit", "per_unit"),
                    ("graduated", "graduated"),
                    ("volume", "volume"),
                    ("package", "package"),
                    ("percentage", "percentage"),
                    ("dynamic", "dynamic"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("package_size__gt", 0)), name="marketplace_price_package_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("least__gte", 0), ("most__gte", models.F("least"))),
                name="marketplace_price_bounds_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("included__gte", 0), ("minimum__gte", 0)),
                name="marketplace_price_gives_nothing_back",
            ),
        ),
        migrations.AddField(
            model_name="priceband",
            name="price",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="bands", to="marketplace.price"
            ),
        ),
        migrations.AddConstraint(
            model_name="priceband",
            constraint=models.UniqueConstraint(
                fields=("price", "place"), name="marketplace_priceband_place_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="priceband",
            constraint=models.UniqueConstraint(
                fields=("price", "up_to"), name="marketplace_priceband_ends_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="priceband",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("flat_price__gte", 0),
                    ("unit_price__gte", 0),
                    models.Q(("up_to", None), ("up_to__gt", 0), _connector="OR"),
                ),
                name="marketplace_priceband_not_negative",
            ),
        ),
        sql.append_only("marketplace_priceband"),
        sql.install(app="marketplace", name="price_bands"),
    ]
