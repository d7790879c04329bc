"""Offer the plan on which a period's use would cost less: by mail, once a period; taken when the customer agrees."""

import datetime as dt
from typing import Final

from django.db.models import QuerySet

from billing.models import PlanOffer, Subscription, SubscriptionPeriod
from billing.queries import plan_offers
from billing.queries import subscriptions as queries
from config.kit import jobs, mail
from marketplace.models import Plan
from wallets.models import Wallet, WalletDebt
from wallets.money import CREDITS

OFFER_MAX: Final = 500


def offer_due(*, now: dt.datetime) -> int:
    """Write down what would be cheaper for whom, send what was not sent, and return how many offers are new."""
    made = sum(_offer(subscription, now) for subscription in _open(now)[:OFFER_MAX])
    for offer_id in PlanOffer.objects.filter(told_at=None).order_by("pk").values_list("pk", flat=True):
        jobs.enqueue("billing.send_plan_offer", offer_id=offer_id)
    return made


def tell(*, offer_id: int, now: dt.datetime) -> None:
    """Mail an offer unless it was sent; one that was sent and not noted is sent again."""
    rows = PlanOffer.objects.select_related("period__subscription__customer", "plan")
    offer = rows.filter(pk=offer_id, told_at=None).first()
    if offer is None:
        return
    letter = plan_offers.letter(offer=offer)
    mail.send(
        subject=letter.subject,
        template="billing/mail/offer.txt",
        context={"letter": letter},
        to=[offer.period.subscription.customer.email],
    )
    PlanOffer.objects.filter(pk=offer.pk, told_at=None).update(told_at=now)


def _open(now: dt.datetime) -> QuerySet[Subscription]:
    """Give those who use more than is included, chose nothing for the next period, and had no offer in this one."""
    owing = WalletDebt.objects.filter(
        remaining__gt=0, wallet__owner_type=Wallet.OwnerType.CONSUMER, wallet__kind="wallet"
    ).exclude(wallet__unit=CREDITS)
    told = SubscriptionPeriod.objects.filter(offer__isnull=False, closed_at=None)
    rows = Subscription.objects.filter(
        agent=None,
        state=Subscription.State.ACTIVE,
        pending_tier=None,
        cancel_at=None,
        current_period_end__gt=now,
        customer_id__in=owing.values("wallet__owner_id"),
    )
    found = rows.exclude(pk__in=told.values("subscription_id"))
    return found.select_related("customer", "tier", "version__plan").order_by("pk")


def _offer(subscription: Subscription, now: dt.datetime) -> bool:
    better = plan_offers.better(subscription=subscription, now=now)
    if better is None:
        return False
    _, created = PlanOffer.objects.get_or_create(
        period=queries.current(subscription),
        defaults={
            "plan": Plan.objects.get(slug=better.plan),
            "costs": better.costs,
            "other_costs": better.other_costs,
            "created_at": now,
        },
    )
    return created
