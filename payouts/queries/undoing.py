"""Who gives back what a settled run was charged: what is previewed is what is booked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Sum

from billing.models import Earning, Execution
from billing.queries import lineage
from payouts.models import WriteOff, WriteOffPart
from payouts.queries import pulls
from payouts.queries.pulls import CreatorPart, Wanted
from wallets.models import ClawPart, CreditGrant, GrantDrawdown, Transaction
from wallets.pulling import Pull

KIND: Final = "undo"


@dataclass(frozen=True, slots=True)
class Plan:
    """Who bears an undone charge; the quota's units come back from nobody."""

    run: Execution
    pulls: list[CreatorPart]

    @property
    def amount(self) -> int:
        """All that comes back."""
        return self.run.charged

    @property
    def pulled(self) -> int:
        """What creators give back."""
        return sum(part.pull.borne for part in self.pulls)

    @property
    def own(self) -> int:
        """The platform's own part."""
        return self.run.platform_amount

    @property
    def lost(self) -> int:
        """What creators have no more: the platform's loss."""
        return sum(part.pull.loss for part in self.pulls)


def plan(*, run: Execution) -> Plan:
    """Say who gives back what a run was charged."""
    if run.posting_id is None:
        # It is posted first: then what was earned is pending.
        return Plan(run, [_from_pending(each) for each in _wanted(run)])
    return Plan(run, list(pulls.parts(wanted=_wanted(run))))


def refusal(*, run: Execution) -> str:
    """Say why a run cannot be undone; empty when it can."""
    if run.undone_at is not None:
        return "It was undone before."
    if run.source == Execution.Source.PLAN_FEE:
        return "It is the fee of a plan, not a run."
    if run.state != Execution.State.SETTLED or not (run.charged or run.quota_used):
        return "Nothing was charged for it."
    if written_off(run=run):
        return "What it burned was written off: its creators have given it back, and its customer owes it no more."
    return ""


def written_off(*, run: Execution) -> int:
    """Give how much of a run's charge stands written off: until all that was written off with it is paid after all."""
    parts = WriteOffPart.objects.filter(execution=run).select_related("write_off")
    return sum(part.amount for part in parts if _recovered(part.write_off) < part.write_off.amount)


def _recovered(made: WriteOff) -> int:
    """Sum what of a write-off went back to who had borne it."""
    return int(made.recoveries.aggregate(total=Sum("amount"))["total"] or 0)


def charges(*, run: Execution) -> list[int]:
    """Name the transactions that took what the run was charged: its settlement and its use of a quota."""
    quota = Transaction.objects.filter(kind="quota", source_type="quota", source_id=run.public_id)
    settled = [run.settlement_id] if run.settlement_id is not None else []
    return [*settled, *quota.values_list("pk", flat=True)]


def wallets(*, charges: list[int]) -> set[int]:
    """Name the wallets that the charges drew on."""
    drawn = GrantDrawdown.objects.filter(transaction_id__in=charges)
    return {
        *drawn.filter(grant__isnull=False).values_list("grant__wallet_id", flat=True),
        *drawn.filter(debt__isnull=False).values_list("debt__wallet_id", flat=True),
    }


def owing(*, charges: list[int]) -> dict[int, int]:
    """Say which of the lots that come back were given back with their purchase, and what its claws left owing at most.

    Paid lots pay whatever is owed anyway.
    """
    drawn = GrantDrawdown.objects.filter(transaction_id__in=charges, debt=None).exclude(
        grant__funding_class=CreditGrant.FundingClass.PAID
    )
    amounts = dict(drawn.values("grant_id").values_list("grant_id", Sum("amount")).order_by("grant_id"))
    found: dict[int, int] = {}
    for purchase, most in _left_owing(charges).items():
        payment, left = lineage.by_intent(intent_id=purchase), most
        for lot in payment.lots if payment else ():
            found[lot.id] = min(amounts.get(lot.id, 0), left)
            left -= found[lot.id]
    return {lot_id: amount for lot_id, amount in found.items() if amount}


def _left_owing(charges: list[int]) -> dict[str, int]:
    """Sum by purchase what claws took by force of the wallets that were charged, where something is still owed."""
    parts = ClawPart.objects.filter(
        debt__wallet__in=wallets(charges=charges), debt__remaining__gt=0, claw__undone_by=None, amount__gt=0
    )
    return dict(parts.values("claw__purchase").values_list("claw__purchase", Sum("amount")))


def creators(*, run: Execution) -> list[int]:
    """Name who earned from a run."""
    return list(Earning.objects.filter(execution=run).order_by("pk").values_list("creator_id", flat=True))


def _from_pending(wanted: Wanted) -> CreatorPart:
    pull = Pull(pending=wanted.amount, payable=0, reserve=0, debt=0, loss=0)
    return CreatorPart(wanted.creator_id, wanted.execution_id, wanted.agent_id, pull)


def _wanted(run: Execution) -> Iterator[Wanted]:
    for earning in Earning.objects.filter(execution=run).order_by("pk"):
        yield Wanted(earning.creator_id, run.pk, earning.agent_id, earning.amount)
