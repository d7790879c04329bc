"""How earnings and payouts look over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payouts.models import Payout
from payouts.queries.earnings import Row
from payouts.queries.why import Reason
from wallets import money
from wallets.serializers import AmountField


class SumsSerializer(serializers.Serializer[Any]):
    """What runs brought. What is neither the platform's nor the creator's went to its collaborators."""

    gross = AmountField(help_text="What callers were charged.")
    platform_fee = AmountField()
    net = AmountField(help_text="The creator's own part.")
    executions = serializers.IntegerField()


class EarningsRowSerializer(SumsSerializer):
    """The sums of a day, or of an agent."""

    day = serializers.DateField(required=False, help_text="With group_by=day: the UTC day.")
    agent = serializers.CharField(required=False, help_text="With group_by=agent.")
    slug = serializers.CharField(required=False)
    name = serializers.CharField(required=False)

    def to_representation(self, instance: Row) -> dict[str, Any]:
        """Leave out what the grouping does not have."""
        shown = super().to_representation(instance)
        absent = ("agent", "slug", "name") if instance.day else ("day",)
        return {name: value for name, value in shown.items() if name not in absent}


class EarningsSerializer(serializers.Serializer[Any]):
    """A report of earnings, and where the creator's money stands now."""

    total = SumsSerializer()
    maturing = AmountField(source="position.maturing", help_text="Earned, not payable yet.")
    payable = AmountField(source="position.payable", help_text="Goes into the next payout.")
    in_transit = AmountField(source="position.in_transit", help_text="On its way to Stripe.")
    paid = AmountField(source="position.paid", help_text="Transferred, less what was taken back.")
    reserve = AmountField(
        source="position.reserve", help_text="Held back by the risk tier, or while payments are disputed."
    )
    owed = AmountField(source="position.owed", help_text="Taken off what is earned next.")
    series = EarningsRowSerializer(source="rows", many=True)


class PayoutSerializer(serializers.Serializer[Payout]):
    """One payout. `sent`: the transfer to Stripe exists; `paid`: Stripe has paid it out to the bank."""

    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(source="state", choices=Payout.State.choices)
    amount_credits = serializers.SerializerMethodField()
    amount_usd = serializers.SerializerMethodField()
    period = serializers.SerializerMethodField()
    scheduled_for = serializers.DateField()
    stripe_transfer_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.SerializerMethodField()

    def get_amount_credits(self, payout: Payout) -> str:
        """Write the credits as an exact decimal."""
        return money.text(payout.amount)

    def get_amount_usd(self, payout: Payout) -> str:
        """Write the dollars with two digits."""
        return money.usd_text(money.cents_to_micros(payout.amount_cents) * money.MICRO)

    @extend_schema_field(
        {"type": "object", "properties": {"from": {"type": "string"}, "to": {"type": "string"}}}
    )
    def get_period(self, payout: Payout) -> dict[str, str]:
        """Name the week's Monday and its Sunday."""
        return {"from": str(payout.period_start), "to": str(payout.last_day)}

    @extend_schema_field({"type": ["object", "null"], "properties": {"code": {"type": "string"}}})
    def get_failure(self, payout: Payout) -> dict[str, str] | None:
        """Say why it failed, waits or was refused by the bank."""
        if not payout.failure_code:
            return None
        return {"code": payout.failure_code, "detail": payout.failure_detail}


class PayoutListSerializer(serializers.Serializer[Any]):
    """One page of payouts."""

    results = PayoutSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """One thing that stands between earnings and the bank; `until` when time alone resolves it."""

    code = serializers.CharField()
    detail = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    payout = serializers.SerializerMethodField(help_text="The payout it is about, if it is about one.")
    amount = AmountField(allow_null=True)

    def get_payout(self, reason: Reason) -> str | None:
        """Name the payout."""
        return reason.payout or None


class PayoutStatusSerializer(serializers.Serializer[Any]):
    """Why a creator is not paid at this moment; no reasons: all is paid."""

    next_attempt = serializers.DateField(allow_null=True)
    reasons = ReasonSerializer(many=True)


class DaySerializer(serializers.Serializer[Any]):
    """One UTC day of an agent."""

    day = serializers.DateField()
    executions = serializers.IntegerField()
    gross = AmountField()
    net = AmountField()


class StatsSerializer(serializers.Serializer[Any]):
    """How one agent does."""

    agent = serializers.CharField(source="agent.public_id")
    slug = serializers.CharField(source="agent.slug")
    name = serializers.CharField(source="agent.name")
    executions = serializers.IntegerField(help_text="Runs that ended, successful or not.")
    unique_callers = serializers.IntegerField()
    success_rate = serializers.FloatField(  # house: float: no amount
        allow_null=True, help_text="0 to 1; null before the first run."
    )
    gross = AmountField()
    net = AmountField()
    usage = serializers.DictField(child=serializers.CharField())
    series = DaySerializer(many=True)
