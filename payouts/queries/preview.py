"""What a run of a period would do, without doing it."""

from dataclasses import dataclass
from typing import Final

from marketplace.models import Creator
from payouts import gates
from payouts.calendar import Period
from payouts.models import Payout, PayoutAccount
from payouts.queries import earnings, maturing, standing, terms
from wallets.money import cents_to_micros

ROWS_MAX: Final = 200


@dataclass(frozen=True)
class Line:
    """One creator in the preview: what it would be paid, or why not."""

    creator: str
    creator_pk: int
    payable: int
    cents: int
    reason: str = ""
    detail: str = ""

    @property
    def usd(self) -> int:
        """The payout in USD micros."""
        return cents_to_micros(self.cents)


@dataclass(frozen=True)
class Preview:
    """Who a run would pay, whom it would leave out and why, and how many have a payout of the period already."""

    included: list[Line]
    excluded: list[Line]
    drafted: int

    @property
    def total_usd(self) -> int:
        """The sum of the payouts in USD micros."""
        return sum(line.usd for line in self.included)


def preview(*, period: Period) -> Preview:
    """Assess everyone who is paid for a period on its pay date and has something payable by then."""
    found = terms.are_of(period=period, creators=maturing.creators())
    done = Payout.objects.filter(
        run__schedule=period.schedule, period_start=period.start, scheduled_for=period.pay_date
    ).exclude(state__in=Payout.DEAD)
    drafted = set(done.values_list("creator_id", flat=True))
    creators = Creator.objects.filter(pk__in=found - drafted).order_by("display_name")
    lines = [_line(creator, period) for creator in creators[:ROWS_MAX]]
    payable = [line for line in lines if line.payable > 0]
    return Preview(
        included=[line for line in payable if not line.reason],
        excluded=[line for line in payable if line.reason],
        drafted=len(drafted),
    )


def _line(creator: Creator, period: Period) -> Line:
    purse = standing.purse(creator_id=creator.pk)
    agreed = terms.of(creator_id=creator.pk)
    there = earnings.maturing(creator_id=creator.pk)
    days = maturing.divided(creator_id=creator.pk, agreed=agreed, before=period.end, there=there)
    coming = sum(day.payable for day in days)
    payable = purse.payable + coming + purse.debt - standing.promised(creator_id=creator.pk)
    account = PayoutAccount.objects.filter(creator=creator).first()
    found = gates.assess(
        payable=payable,
        standing=standing.account_standing(account=account),
        minimum_cents=agreed.least_cents,
    )
    return Line(
        creator=creator.display_name,
        creator_pk=creator.pk,
        payable=payable,
        cents=0 if found.reason else found.cents,
        reason=found.reason or "",
        detail=found.detail,
    )
