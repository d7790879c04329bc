from django.db import migrations

# Mission rows F10 and F12: a USD price and a bonus in basis points.
PACKAGES = [
    ("starter", "Starter", 1_000, 1_000),
    ("growth", "Growth", 5_000, 2_000),
    ("scale", "Scale", 20_000, 3_000),
    ("prepaid-50", "Prepaid $50", 5_000, 1_000),
]


def seed(apps, _):
    CreditPackage = apps.get_model("marketplace", "CreditPackage")
    for slug, name, price_cents, bonus_bp in PACKAGES:
        CreditPackage.objects.get_or_create(
            slug=slug, defaults={"name": name, "price_cents": price_cents, "bonus_bp": bonus_bp}
        )


def unseed(apps, _):
    apps.get_model("marketplace", "CreditPackage").objects.filter(
        slug__in=[row[0] for row in PACKAGES]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_immutable_versions")]

    operations = [migrations.RunPython(seed, unseed)]
