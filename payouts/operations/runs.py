"""A run: mature a period's earnings, then draft a payout for everyone of its schedule who can be paid."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.models import Earning
from billing.operations import posting
from config.kit import jobs
from config.kit.errors import ConflictError
from marketplace.models import Creator
from payouts import calendar
from payouts.calendar import Period
from payouts.models import Payout, PayoutRun
from payouts.operations import drafts, locks, maturity
from payouts.operations.drafts import By
from payouts.queries import exclusions, maturing, surplus, terms
from payouts.queries.terms import Group

ACTOR: Final = "job:payout_run"


class TooEarlyError(ConflictError):
    """The period's pay date has not come: its earnings have not matured."""

    code = "too_early"
    title = "The period is not payable yet"


def prepare(*, period: Period, actor: str, now: dt.datetime, user: User | None = None) -> PayoutRun:
    """Draft the payouts of a period. Again for the same period: only who became payable since is added.

    Each creator is one transaction, so a run that is cut short goes on where it stopped; who cannot be prepared is
    left out with that reason, and tried again each minute. A `user` who starts it cannot be the second to approve
    its large payouts.
    Raises TooEarlyError before the period's pay date.
    """
    # Two runs at once wait for each other here; did they not, a second draft would break a unique constraint.
    with locks.waiting(locks.RUN):
        run = opened(period=period, actor=actor, now=now)
        by = By(actor, user)
        seen = [_see(run, creator, by, now) for creator in _creators(_candidates(period))]
        if all(seen):
            PayoutRun.objects.filter(pk=run.pk, prepared_at=None).update(prepared_at=now)
        run.refresh_from_db()
    return run


def opened(*, period: Period, actor: str, now: dt.datetime) -> PayoutRun:
    """Give a period's run, all that was settled in it posted. Raises TooEarlyError before its pay date."""
    if now < period.matures_at:
        raise TooEarlyError(f"Earnings of {period} are paid from {period.pay_date} on.")
    with transaction.atomic():
        run, begun = PayoutRun.objects.get_or_create(
            schedule=period.schedule,
            period_start=period.start,
            scheduled_for=period.pay_date,
            defaults={"period_end": period.end, "started_by": actor, "started_at": now},
        )
        if begun:
            audit.acted(actor=actor, act="payoutrun.start", object_id=str(period), reason="", now=now)
    # Rule 26: everything settled in the period is in the creators' wallets before it is counted.
    posting.drain_clearing(before=calendar.midnight(day=run.period_end), now=now)
    return run


def prepare_creator(*, run: PayoutRun, creator: Creator, by: By, now: dt.datetime) -> Payout | None:
    """Mature a creator's days and draft its payout of a run, or record why there is none."""
    with transaction.atomic():
        account = locks.creator(creator=creator)
        agreed = terms.of(creator_id=creator.pk)
        maturity.mature(creator=creator, agreed=agreed, before=run.period_end, now=now)
        return drafts.draft(
            run=run,
            creator=creator,
            account=account,
            minimum_cents=agreed.least_cents,
            by=by,
            now=now,
        )


def due(*, now: dt.datetime) -> Iterator[Period]:
    """List the periods whose pay date has come and whose run is not finished, oldest first by schedule."""
    # The first row is of the first day: rows are written as runs settle.
    first = Earning.objects.order_by("pk").values_list("day", flat=True).first()
    done = set(
        PayoutRun.objects.filter(prepared_at__isnull=False).values_list(
            "schedule", "period_start", "scheduled_for"
        )
    )
    if first is None:
        return
    for group in terms.groups():
        for period in _payable(group, first, now):
            # Two windows may end on one Wednesday: their creators are in one run.
            if (key := (period.schedule, period.start, period.pay_date)) not in done:
                done.add(key)
                yield period


def prepare_due(*, now: dt.datetime) -> list[PayoutRun]:
    """Prepare every run that is due, missed ones first, and whom earlier ones could not: what beat does."""
    again = _see_again(now)
    return again + [prepare(period=period, actor=ACTOR, now=now) for period in due(now=now)]


def mature_on_demand(*, now: dt.datetime) -> int:
    """Mature the days of those who are paid when they ask, as each day's window ends; give the credit micros moved."""
    moved = 0
    for group in terms.groups():
        if group.schedule != calendar.ON_DEMAND:
            continue
        period = calendar.latest_payable(now=now, schedule=group.schedule, window=group.window_days)
        posting.drain_clearing(before=calendar.midnight(day=period.end), now=now)
        # Asked each minute: who has nothing due is not locked.
        among = _candidates(period)
        due = maturing.with_days(creators=among, before=period.end) | surplus.having(creators=among)
        for creator in _creators(due):
            with jobs.fenced("payout.not_matured creator=%s", creator.public_id):
                moved += _mature(creator, period, now)
    return moved


def _see_again(now: dt.datetime) -> list[PayoutRun]:
    """Try those again that runs could not prepare; give the runs."""
    with locks.waiting(locks.RUN):
        stuck = list(exclusions.stuck(now=now).select_related("run", "creator"))
        for each in stuck:
            _see(each.run, each.creator, By(ACTOR), now)
    return list({each.run_id: each.run for each in stuck}.values())


def _see(run: PayoutRun, creator: Creator, by: By, now: dt.datetime) -> bool:
    """Prepare one of many, or leave it out as it cannot be; False when not even that can be written down."""
    with jobs.fenced("payout.not_prepared run=%s creator=%s", run.pk, creator.public_id):
        prepare_creator(run=run, creator=creator, by=by, now=now)
        return True
    with jobs.fenced("payout.not_left_out run=%s creator=%s", run.pk, creator.public_id):
        drafts.set_aside(run=run, creator=creator)
        return True
    return False


def _mature(creator: Creator, period: Period, now: dt.datetime) -> int:
    with transaction.atomic():
        locks.creator(creator=creator)
        agreed = terms.of(creator_id=creator.pk)
        return maturity.mature(creator=creator, agreed=agreed, before=period.end, now=now)


def _candidates(period: Period) -> set[int]:
    return terms.are_of(period=period, creators=maturing.creators())


def _creators(chosen: set[int]) -> list[Creator]:
    return list(Creator.objects.filter(pk__in=chosen).order_by("pk"))


def _payable(group: Group, first: dt.date, now: dt.datetime) -> Iterator[Period]:
    if group.schedule == calendar.ON_DEMAND:
        return
    chosen = calendar.utc_day(at=group.since) if group.since else None
    if chosen and group.since:
        # What was payable before anybody was paid so was another schedule's.
        first = max(
            first,
            calendar.latest_payable(now=group.since, schedule=group.schedule, window=group.window_days).start,
        )
    for period in calendar.payable_since(
        day=first, now=now, schedule=group.schedule, window=group.window_days
    ):
        if chosen is None or period.pay_date >= chosen:
            yield period
