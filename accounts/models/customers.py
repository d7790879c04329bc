from django.db import models
from django.db.models import Q

from accounts.models.users import User
from config.kit import ids


def new_public_id() -> str:
    """Make a customer's public id."""
    return ids.new(ids.CUSTOMER)


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Filters on customers."""

    def search(self, text: str) -> "CustomerQuerySet":
        """Find customers by what an operator has at hand: e-mail, name, id or external id."""
        text = text.strip()
        exact = Q(public_id=text) | Q(external_id=text)
        return self.filter(exact | Q(email__icontains=text) | Q(name__icontains=text))


class Customer(models.Model):
    """Who pays: a person or a team. Owns the wallet; dj-stripe's subscriber."""

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=200)
    email = models.EmailField(db_index=True)
    external_id = models.CharField(
        max_length=200, unique=True, null=True, blank=True, help_text="The caller's own id for this customer."
    )
    created_at = models.DateTimeField()
    members = models.ManyToManyField(User, through="Membership", related_name="customers")

    objects = CustomerQuerySet.as_manager()

    class Meta:
        permissions = [("impersonate_customer", "Can look at the product as a customer sees it")]
        constraints = [
            models.CheckConstraint(
                name="accounts_customer_external_id_is_not_ours",
                condition=Q(external_id=None)
                | ~Q(external_id__regex=r"^(" + "|".join(sorted(ids.PREFIXES)) + ")"),
            ),
            models.CheckConstraint(
                name="accounts_customer_external_id_not_empty", condition=~Q(external_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"


class Membership(models.Model):
    """A person's place in a team: members share the customer's wallet."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MEMBER = "member"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="accounts_membership_once", fields=["user", "customer"]),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.customer}"
