"""A creator asks to be paid now: what has matured, from its own minimum on."""

import datetime as dt

from config.kit.errors import ConflictError
from marketplace.models import Creator
from payouts import calendar
from payouts.models import Payout, PayoutExclusion, PayoutRun
from payouts.operations import approvals, runs
from payouts.operations.drafts import By
from payouts.queries import terms


class NotOnDemandError(ConflictError):
    """The creator's payouts go by the calendar."""

    code = "not_on_demand"
    title = "These payouts are not on demand"


class NothingToPayError(ConflictError):
    """Nothing can be paid at the moment; the detail says why."""

    code = "nothing_to_pay"
    title = "There is nothing to pay at the moment"


def request(*, creator: Creator, actor: str, now: dt.datetime) -> Payout:
    """Draft what a creator can be paid today. Again on the same day: the payout that was made then.

    Raises NotOnDemandError and NothingToPayError.
    """
    agreed = terms.of(creator_id=creator.pk)
    if agreed.schedule != calendar.ON_DEMAND:
        raise NotOnDemandError("Choose the schedule “on demand” first.")
    run = runs.opened(period=agreed.latest_period(now=now), actor=actor, now=now)
    payout = runs.prepare_creator(run=run, creator=creator, by=By(actor), now=now) or _live(run, creator)
    if payout is None:
        raise NothingToPayError(_why(run, creator))
    approvals.approve_small(run=run, now=now)
    return payout


def _live(run: PayoutRun, creator: Creator) -> Payout | None:
    return Payout.objects.filter(run=run, creator=creator).exclude(state__in=Payout.DEAD).first()


def _why(run: PayoutRun, creator: Creator) -> str:
    excluded = (
        PayoutExclusion.objects.filter(run=run, creator=creator).values_list("detail", flat=True).first()
    )
    return excluded or "Nothing of what you earned has matured yet."
