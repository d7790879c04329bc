"""Who gives back what of the fee above the face of a plan's credits when its payment is given back.

The plan's credits are clawed by the ledger; what creators and platform had of the fee beside them goes here, by the
same measure: of each part as much as of the payment's dollars, less what went before (ledger.md rule 17).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import connection
from django.db.models import F, Sum

from billing.models import CreatorPull, Dispute, Execution
from billing.queries import plan_fees, purchases
from payouts.models import ClawedFee
from payouts.queries import pulls
from payouts.queries.pulls import CreatorPart, Piece, Wanted, pieces
from wallets import claws as ledger
from wallets import money
from wallets.ledger import Source
from wallets.models import Claw

# Payments of creators' plans of which something was given back, or came back, that their fees do not know of yet.
WAITING: Final = f"""
    SELECT DISTINCT c.purchase FROM wallets_claw c JOIN ({plan_fees.BY_PAYMENT}) x ON x.purchase = c.purchase
    WHERE NOT EXISTS (SELECT FROM payouts_clawedfee f WHERE f.claw_id = c.id) ORDER BY 1
"""  # noqa: S608  (constants)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who gives back what of a payment's fees; what is previewed is what is booked."""

    own: int
    pulls: list[CreatorPart] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """All that is given back."""
        return self.own + self.pulled + self.lost

    @property
    def pulled(self) -> int:
        """What creators bear."""
        return sum(part.pull.borne for part in self.pulls)

    @property
    def lost(self) -> int:
        """What creators have no more: the platform's loss."""
        return sum(part.pull.loss for part in self.pulls)


def waiting() -> list[str]:
    """List the payments whose fees do not follow yet what was given back of them."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [purchase for (purchase,) in cursor.fetchall()]


def claws(*, purchase: str) -> list[Claw]:
    """List a payment's claws that its fees do not follow yet, in the order in which they were made."""
    done = ClawedFee.objects.filter(claw__purchase=purchase)
    found = Claw.objects.filter(purchase=purchase).exclude(pk__in=done.values("claw"))
    return list(found.select_related("transaction", "undoes__transaction").order_by("pk"))


def given_back(*, claw: Claw) -> int:
    """Sum what was given back of a payment up to a claw of it, in USD micros."""
    made = Claw.objects.filter(purchase=claw.purchase, pk__lte=claw.pk)
    return int(made.aggregate(total=Sum("usd"))["total"] or 0)


def plan(*, purchase: str, usd: int) -> Plan:
    """Say who gives back what once so many USD micros of a payment in all have been given back."""
    bought = purchases.paid_by(intent_id=purchase)
    fees = list(plan_fees.of_payment(intent_id=purchase).prefetch_related("earnings"))
    if bought is None or not fees:
        return Plan(own=0)
    price = money.cents_to_micros(bought.amount_cents)
    part = min(usd, price)
    before = ClawedFee.objects.filter(claw__purchase=purchase).aggregate(total=Sum("own"))["total"] or 0
    own = sum(fee.platform_amount * part // price for fee in fees) - before
    return Plan(max(own, 0), list(pulls.parts(wanted=_wanted(fees, part, price))))


def if_lost(*, dispute: Dispute) -> Plan:
    """Say who gives back what if a dispute is lost, or did when it was."""
    if dispute.state != Dispute.State.OPEN:
        return borne(claw_id=dispute.claw_id)
    return if_refunded(purchase=dispute.payment_intent_id, amount_cents=dispute.withdrawn_cents)


def if_refunded(*, purchase: str, amount_cents: int) -> Plan:
    """Say who gives back what if so many cents more of a payment are given back."""
    _, usd = ledger.taken(purchase=purchase)
    return plan(purchase=purchase, usd=usd + money.cents_to_micros(amount_cents))


def borne(*, claw_id: int | None) -> Plan:
    """Say who gave back what for a claw."""
    made = ClawedFee.objects.filter(claw=claw_id, transaction__isnull=False).first()
    if made is None:
        return Plan(own=0)
    given = CreatorPull.objects.filter(transaction=made.transaction_id).order_by("pk")
    return Plan(made.own, [pulls.as_part(pull=each) for each in given])


def way_back(*, claw: Claw) -> list[Piece]:
    """List what creators gave for a claw, from the end."""
    why = cause(claw=claw)
    made = CreatorPull.objects.filter(cause_type=why.type, cause_id=why.id).order_by("pk")
    found = [piece for pull in made for piece in pieces(pull=pull) if piece.amount]
    return found[::-1]


def cause(*, claw: Claw) -> Source:
    """Name a claw as the cause of pulls: by what Stripe calls it."""
    return Source(claw.transaction.kind, claw.transaction.source_id)


def _wanted(fees: Sequence[Execution], part: int, price: int) -> Iterator[Wanted]:
    before = _pulled_before(fees)
    for fee in fees:
        for earning in sorted(fee.earnings.all(), key=lambda each: each.pk):
            amount = earning.amount * part // price - before[fee.pk, earning.creator_id]
            if amount > 0:
                yield Wanted(earning.creator_id, fee.pk, earning.agent_id, amount)


def _pulled_before(fees: Sequence[Execution]) -> dict[tuple[int, int], int]:
    sums: dict[tuple[int, int], int] = defaultdict(int)
    total = F("from_pending") + F("from_payable") + F("from_reserve") + F("to_debt") + F("to_loss")
    for pull in CreatorPull.objects.filter(execution__in=fees).annotate(total=total):
        sums[pull.execution_id or 0, pull.creator_id] += pull.total
    return sums
