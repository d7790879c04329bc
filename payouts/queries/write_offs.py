"""Who would bear arrears that nobody pays: walked from the claws that made them to the runs and their creators."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from billing.models import Execution
from billing.queries import lineage
from billing.queries.lineage import Burn
from payouts.models import WriteOffPart
from payouts.queries import pulls
from payouts.queries.pulls import CreatorPart, Wanted
from wallets.models import ClawPart, WalletDebt


@dataclass(frozen=True, slots=True)
class Borne:
    """What of one run's charge is borne, and what its creators had earned of it."""

    claw_id: int
    burn: Burn
    amount: int
    earned: dict[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who bears arrears; what is previewed is what is booked."""

    debt: WalletDebt
    amount: int
    borne: list[Borne] = field(default_factory=list)
    pulls: list[CreatorPart] = field(default_factory=list)

    @property
    def pulled(self) -> int:
        """What creators bear."""
        return sum(part.pull.borne for part in self.pulls)

    @property
    def own(self) -> int:
        """What the platform had earned of the runs."""
        return sum(each.amount - sum(each.earned.values()) for each in self.borne)

    @property
    def lost(self) -> int:
        """What nobody else bears: no run stands for it, or its creator has nothing left."""
        return self.amount - self.pulled - self.own


def plan(*, debt: WalletDebt) -> Plan:
    """Say who bears what is left of arrears: the newest claw first, and of its purchase the newest run."""
    borne = list(_borne(debt))
    return Plan(debt, debt.remaining, borne, list(pulls.parts(wanted=_wanted(borne))))


def creators_of(*, plan: Plan) -> set[int]:
    """Name the creators whose wallets a plan touches."""
    return {creator_id for each in plan.borne for creator_id in each.earned}


def due(*, now: dt.datetime) -> QuerySet[WalletDebt]:
    """List the arrears that nobody will pay, oldest first: those of lost disputes, and what has waited for too long.

    The settings ARREARS_WRITTEN_OFF_AFTER_DAYS and LOST_DISPUTES_WRITTEN_OFF_AFTER_DAYS say how long.
    """
    old = now - dt.timedelta(days=settings.ARREARS_WRITTEN_OFF_AFTER_DAYS)
    lost = now - dt.timedelta(days=settings.LOST_DISPUTES_WRITTEN_OFF_AFTER_DAYS)
    of_lost = ClawPart.objects.filter(debt=OuterRef("pk"), amount__gt=0, claw__dispute__closed_at__lte=lost)
    arrears = WalletDebt.objects.filter(kind=WalletDebt.Kind.ARREARS, remaining__gt=0)
    given_up = arrears.filter(Q(created_at__lte=old) | Exists(of_lost))
    return given_up.order_by("created_at", "id")


def _borne(debt: WalletDebt) -> Iterator[Borne]:
    parts = ClawPart.objects.filter(debt=debt, amount__gt=0, claw__undone_by=None).select_related("claw")
    taken: dict[tuple[int, str], int] = defaultdict(int)
    # What was given back of one purchase in parts has several claws: each goes on where the one before it ended.
    before: dict[int, int] = {}
    left = debt.remaining
    for part in parts.order_by("-id"):
        payment = lineage.by_intent(intent_id=part.claw.purchase)
        burns = lineage.burns(payment=payment) if payment is not None else []
        before = _borne_before(burns) | before
        wanted = min(left, part.amount)
        runs = Execution.objects.in_bulk({burn.execution_id for burn in burns})
        for burn in burns:
            borne = before.get(burn.drawdown_id, 0)
            amount = min(wanted, burn.amount - borne) if burn.posted else 0
            if amount > 0:
                earned = _earned(runs[burn.execution_id], burn, amount, taken)
                yield Borne(part.claw_id, burn, amount, earned)
                before[burn.drawdown_id] = borne + amount
                wanted -= amount
                left -= amount


def _borne_before(burns: Iterable[Burn]) -> dict[int, int]:
    found = WriteOffPart.objects.filter(drawdown_id__in=[burn.drawdown_id for burn in burns])
    return dict(found.values("drawdown_id").values_list("drawdown_id", Sum("amount")))


def _earned(run: Execution, burn: Burn, amount: int, taken: dict[tuple[int, str], int]) -> dict[int, int]:
    """Give creators' parts of it, by end points: when all of a run is borne, they are what was earned.

    Of a micro that rounding gave to another class nobody has earned anything, and its cells are nothing together.
    """
    key = (run.pk, burn.funding_class)
    if key not in taken:
        before = WriteOffPart.objects.filter(execution_id=run.pk, funding_class=burn.funding_class)
        taken[key] = before.aggregate(total=Sum("amount"))["total"] or 0
    start, end = taken[key], taken[key] + amount
    taken[key] = end
    cells = [cell for cell in run.cells if cell[0] == burn.funding_class]
    whole = sum(cell[2] for cell in cells)
    parts: dict[int, int] = defaultdict(int)
    for _, payee, earned in cells:
        if payee is not None and earned:
            parts[payee] += earned * end // whole - earned * start // whole
    return {creator_id: part for creator_id, part in parts.items() if part}


def _wanted(borne: Iterable[Borne]) -> Iterator[Wanted]:
    for each in borne:
        for creator_id, amount in each.earned.items():
            yield Wanted(creator_id, each.burn.execution_id, each.burn.agent_id, amount)
