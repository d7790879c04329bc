"""The staff of tests: Olive and Paul operate, each from an address of their own."""

from accounts.audit import Staff
from accounts.models import User


def staff(name: str = "olive") -> Staff:
    """Make, or find, an operator with every permission."""
    email = f"{name}@example.com"
    found = User.objects.filter(email=email).first()
    return Staff(
        user=found or User.objects.create_superuser(email, "correct horse battery"),
        address="10.1.2.3" if name == "olive" else "10.1.2.4",
    )
