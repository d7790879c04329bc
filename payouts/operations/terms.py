"""Set on which terms a creator is paid: the creator chooses when and from what amount on, staff set the tier.

New terms hold for the runs that are prepared from then on. Every day matures once, into whichever run comes first,
whatever its schedule; so a change of schedule neither loses nor doubles a day.
"""

import datetime as dt

from django.db import transaction

from config.kit.errors import InvalidInputError
from marketplace.models import Creator
from payouts import calendar
from payouts.models import CreatorTerms, CreatorTermsChange, RiskTier
from payouts.queries import terms
from wallets import money


def choose(
    *, creator: Creator, schedule: str, minimum_cents: int, actor: str, now: dt.datetime
) -> CreatorTerms:
    """Set the schedule and the creator's own minimum (0: the platform's).

    Raises InvalidInputError for a schedule that is none, or a minimum below the platform's.
    """
    if schedule not in calendar.SCHEDULES:
        raise InvalidInputError.of("schedule", "must be weekly, monthly or on_demand")
    least = terms.platform_minimum(schedule=schedule)
    if minimum_cents and minimum_cents < least:
        raise InvalidInputError.of(
            "minimum", f"must be at least ${money.usd_text(money.cents_to_micros(least) * money.MICRO)}"
        )
    return _set(creator, actor, now, "", schedule=schedule, minimum_cents=minimum_cents)


def set_tier(*, creator: Creator, tier: RiskTier, actor: str, reason: str, now: dt.datetime) -> CreatorTerms:
    """Move a creator to another risk tier."""
    return _set(creator, actor, now, reason, tier=tier)


def _set(creator: Creator, actor: str, now: dt.datetime, reason: str, **columns: object) -> CreatorTerms:
    with transaction.atomic():
        # Locked: two changes at once leave the row as the last line of the history tells it.
        Creator.objects.select_for_update(no_key=True).get(pk=creator.pk)
        standard = {"tier": RiskTier.objects.get(slug=RiskTier.STANDARD)}
        row, _ = CreatorTerms.objects.update_or_create(
            creator=creator,
            defaults={**columns, "since": now},
            create_defaults={**standard, **columns, "since": now},
        )
        CreatorTermsChange.objects.create(
            creator=creator,
            tier=row.tier,
            schedule=row.schedule,
            minimum_cents=row.minimum_cents,
            actor=actor,
            reason=reason,
            at=now,
        )
    return row
