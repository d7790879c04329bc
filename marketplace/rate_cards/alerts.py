"""Rates that cost more than is charged for them: noted once a day each, and mailed to staff."""

import datetime as dt

from django.conf import settings

from accounts.models import User
from config.kit import mail
from marketplace.models import ModelRate, RateAlert, RateCard
from marketplace.queries import rate_cards
from marketplace.rate_cards.importing import users_of


def watch(*, now: dt.datetime) -> int:
    """Note what loses money today, mail staff what they were not told yet, and return how many rates that was.

    The rows come first: a mail that fails is sent by the next round, one that was sent and not noted is sent again.
    """
    found = rate_cards.losing(at=now)
    RateAlert.objects.bulk_create(
        [RateAlert(rate=rate, day=now.date(), created_at=now) for rate in found], ignore_conflicts=True
    )
    untold = list(RateAlert.objects.filter(told_at=None).select_related("rate__card").order_by("pk"))
    if untold:
        _mail([alert.rate for alert in untold], now)
        RateAlert.objects.filter(pk__in=[alert.pk for alert in untold]).update(told_at=now)
    return len(untold)


def _mail(rates: list[ModelRate], now: dt.datetime) -> None:
    cards = RateCard.objects.filter(pk__in={rate.card_id for rate in rates})
    users = [str(user) for card in cards for user in users_of(card=card, now=now)]
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    mail.send(
        subject=f"{len(rates)} rate{'s' if len(rates) > 1 else ''} cost more than is charged",
        template="marketplace/mail/losing_rates.txt",
        context={
            "rates": rates,
            "users": users,
            "url": f"{settings.SITE_URL}/admin/marketplace/modelrate/",
        },
        to=staff.values_list("email", flat=True),
    )
