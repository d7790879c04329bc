"""The weekly run: mature the week's earnings, then draft a payout for everyone who can be paid."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction

from billing.models import Earning
from billing.operations import posting
from config.kit.errors import ConflictError
from marketplace.models import Creator
from payouts import calendar
from payouts.calendar import Period
from payouts.models import PayoutAccount, PayoutRun
from payouts.operations import drafts, locks, maturity
from payouts.queries import maturing, standing
from payouts.queries.maturing import Line


class TooEarlyError(ConflictError):
    """The period's pay date has not come: its earnings have not matured."""

    code = "too_early"
    title = "The period is not payable yet"


def prepare(*, period: Period, actor: str, now: dt.datetime) -> PayoutRun:
    """Draft the payouts of a period. Again for the same period: only who became payable since is added.

    Each creator is one transaction, so a run that is cut short goes on where it stopped.
    Raises TooEarlyError before the period's pay date.
    """
    if now < period.matures_at:
        raise TooEarlyError(f"Earnings of {period} are paid from {period.pay_date} on.")
    # Two runs at once wait for each other here; did they not, a second draft would break a unique constraint.
    with locks.waiting(locks.RUN):
        run, _ = PayoutRun.objects.get_or_create(
            schedule=calendar.WEEKLY,
            period_start=period.start,
            defaults={
                "period_end": period.end,
                "scheduled_for": period.pay_date,
                "started_by": actor,
                "started_at": now,
            },
        )
        # Rule 26: everything settled in the period is in the creators' wallets before it is counted.
        posting.drain_clearing(before=calendar.midnight(day=run.period_end), now=now)
        for creator, lines in _candidates(run):
            _prepare_creator(run, creator, lines, actor, now)
        PayoutRun.objects.filter(pk=run.pk, prepared_at=None).update(prepared_at=now)
        run.refresh_from_db()
    return run


def due(*, now: dt.datetime) -> Iterator[Period]:
    """List the periods whose pay date has come and whose run is not finished, oldest first."""
    finished = set(
        PayoutRun.objects.filter(schedule=calendar.WEEKLY, prepared_at__isnull=False).values_list(
            "period_start", flat=True
        )
    )
    # The first row is of the first day: rows are written as runs settle.
    first = Earning.objects.order_by("pk").values_list("day", flat=True).first()
    if first is not None:
        yield from (p for p in calendar.payable_since(day=first, now=now) if p.start not in finished)


def prepare_due(*, now: dt.datetime) -> list[PayoutRun]:
    """Prepare every run that is due, missed ones first: what beat does."""
    return [prepare(period=period, actor="job:weekly_run", now=now) for period in due(now=now)]


def minimum_cents() -> int:
    """Give the least payout of this deployment."""
    return int(settings.PAYOUT_MINIMUM_CENTS)


def _candidates(run: PayoutRun) -> Iterator[tuple[Creator, list[Line]]]:
    lines: dict[int, list[Line]] = defaultdict(list)
    since = maturing.closed_before(period_end=run.period_end)
    for line in maturing.unmatured(before=run.period_end, since=since):
        lines[line.creator_id].append(line)
    creators = Creator.objects.filter(pk__in=[*lines, *standing.with_payable()]).order_by("pk")
    for creator in creators:
        yield creator, lines[creator.pk]


def _prepare_creator(
    run: PayoutRun, creator: Creator, lines: list[Line], actor: str, now: dt.datetime
) -> None:
    with transaction.atomic():
        # Before any wallet, as sending does: an approval or transfer of this creator's waits, or came first.
        account = PayoutAccount.objects.select_for_update().filter(creator=creator).first()
        maturity.mature(creator=creator, lines=lines, now=now)
        drafts.draft(
            run=run, creator=creator, account=account, minimum_cents=minimum_cents(), actor=actor, now=now
        )
