"""How wallets look over REST. `AmountField` is every app's way to show an amount."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from wallets import money


class AmountSerializer(serializers.Serializer[money.Amount]):
    """An amount: exact decimal strings."""

    credits = serializers.CharField(help_text="Exact credits, without exponent or trailing zeros.")
    usd = serializers.CharField(help_text="What they are worth: two digits, or as many as it needs.")


@extend_schema_field(AmountSerializer)
class AmountField(serializers.Field[int, Any, money.Amount, Any]):
    """Shows credit micros as `{"credits": "10000", "usd": "10.00"}`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: int) -> money.Amount:
        """Show the micros."""
        return money.amount(value)


class StatementLineSerializer(serializers.Serializer[Any]):
    """One movement of a wallet."""

    id = serializers.CharField(source="transaction.public_id")
    wallet = serializers.CharField(source="wallet.public_id")
    type = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()
    balance_after = AmountField()
    kind = serializers.CharField(source="transaction.kind")
    reference_id = serializers.CharField(source="transaction.source_id")
    description = serializers.CharField(source="transaction.description")
    created_at = serializers.DateTimeField(source="transaction.recorded_at")

    @extend_schema_field(serializers.ChoiceField(choices=["credit", "debit"]))
    def get_type(self, entry: Any) -> str:
        """Name the direction."""
        return "credit" if entry.amount > 0 else "debit"

    @extend_schema_field(AmountSerializer)
    def get_amount(self, entry: Any) -> money.Amount:
        """Show the amount without its sign."""
        return money.amount(abs(entry.amount))


class StatementSerializer(serializers.Serializer[Any]):
    """One page of a statement."""

    results = StatementLineSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
