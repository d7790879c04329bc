"""What a run of a period would do, without doing it."""

from dataclasses import dataclass
from typing import Final

from marketplace.models import Creator
from payouts import gates
from payouts.calendar import Period
from payouts.gates import Standing
from payouts.models import Payout, PayoutAccount
from payouts.queries import earnings, exclusions, maturing, standing, terms
from payouts.queries.standing import Purse
from payouts.queries.terms import Terms
from wallets.money import cents_to_micros

SHOWN_MAX: Final = 200


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
        """The sum of the payouts in USD micros, of those too that the page has no room for."""
        return sum(line.usd for line in self.included)

    @property
    def shown(self) -> list[Line]:
        """The payouts that the page lists."""
        return self.included[:SHOWN_MAX]

    @property
    def left_out(self) -> list[Line]:
        """The creators without a payout that the page lists."""
        return self.excluded[:SHOWN_MAX]


@dataclass(frozen=True)
class _Ground:
    """What is read of all creators at once."""

    purses: dict[int, Purse]
    promised: dict[int, int]
    agreed: dict[int, Terms]
    standings: dict[int, Standing]
    lines: dict[int, list[maturing.Line]]
    waiting: dict[int, maturing.Waiting]
    there: dict[int, int]
    aside: set[int]


def preview(*, period: Period) -> Preview:
    """Assess everyone who is paid for a period on its pay date and has something payable by then."""
    found = terms.are_of(period=period, creators=maturing.creators())
    done = Payout.objects.filter(
        run__schedule=period.schedule, period_start=period.start, scheduled_for=period.pay_date
    ).exclude(state__in=Payout.DEAD)
    drafted = set(done.values_list("creator_id", flat=True))
    ground = _ground(found - drafted, period)
    creators = Creator.objects.filter(pk__in=found - drafted).order_by("display_name")
    lines = [_line(creator, ground) for creator in creators]
    payable = [line for line in lines if line.payable > 0]
    return Preview(
        included=[line for line in payable if not line.reason],
        excluded=[line for line in payable if line.reason],
        drafted=len(drafted),
    )


def _ground(creator_ids: set[int], period: Period) -> _Ground:
    accounts = PayoutAccount.objects.filter(creator__in=creator_ids)
    lines = maturing.unmatured_of(creators=creator_ids, before=period.end)
    return _Ground(
        purses=standing.purses(creator_ids=creator_ids),
        promised=standing.promises(creator_ids=creator_ids),
        agreed=terms.of_all(creator_ids=creator_ids),
        standings=standing.account_standings(accounts=accounts),
        lines=lines,
        waiting=maturing.disputed_of(lines=lines),
        there=earnings.maturing_of(creator_ids=creator_ids),
        aside=exclusions.set_aside(period=period),
    )


def _line(creator: Creator, ground: _Ground) -> Line:
    purse, agreed = ground.purses[creator.pk], ground.agreed[creator.pk]
    coming = _coming(creator.pk, ground)
    payable = purse.payable + coming + purse.debt - ground.promised.get(creator.pk, 0)
    found = gates.assess(
        payable=payable,
        standing=ground.standings.get(creator.pk, Standing()),
        minimum_cents=agreed.least_cents,
    )
    if creator.pk in ground.aside and not found.reason:
        found = gates.Assessment(0, gates.Reason.NOT_PREPARED, gates.NOT_PREPARED)
    return Line(
        creator=creator.display_name,
        creator_pk=creator.pk,
        payable=payable,
        cents=0 if found.reason else found.cents,
        reason=found.reason or "",
        detail=found.detail,
    )


def _coming(creator_id: int, ground: _Ground) -> int:
    days = maturing.divide(
        lines=ground.lines[creator_id],
        waiting=ground.waiting[creator_id],
        agreed=ground.agreed[creator_id],
        there=ground.there.get(creator_id, 0),
    )
    return sum(day.payable for day in days)
