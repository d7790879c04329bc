"""Subscribe to a plan of the platform: at once when it is free, else by a checkout, which for a trial saves a card."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import available_timezones

from django.db import transaction

from accounts.models import Customer
from billing.models.subscriptions import Subscription
from billing.operations.subscriptions import changing, checkout, periods, requests, starting, states, trials
from billing.operations.subscriptions.requests import AlreadySubscribedError, Requested, Wish
from billing.periods import Alignment, Cycle, Interval
from billing.queries import subscriptions as queries
from config.kit.errors import ForbiddenError, InvalidInputError
from marketplace.models import SubscriptionTier
from marketplace.queries import plans
from marketplace.terms import PlanTerms, TierTerms

QUANTITY_MAX: Final = 10_000
State = Subscription.State


@dataclass(frozen=True, slots=True)
class Choice:
    """What a customer asks for: a plan by its slug, which tier of it, seats, and how it runs.

    The two addresses are where the browser goes after a checkout; without them, to the subscription's page.
    """

    plan: str
    tier: str = ""
    quantity: int = 1
    overage: bool = False
    trial: bool = False
    alignment: str = Alignment.ANNIVERSARY.value
    zone: str = "UTC"
    success_url: str = ""
    cancel_url: str = ""


class ByAgreementError(ForbiddenError):
    """The plan is subscribed to by agreement only."""

    code = "by_agreement"
    title = "This plan needs an agreement"


def attach(
    *, customer: Customer, principal: str, key: str, choice: Choice, now: dt.datetime, staff: bool = False
) -> Requested:
    """Subscribe a customer to a plan; the same key gives the same subscription.

    A subscription that comes back incomplete waits for its checkout. A customer with a paid plan changes it instead.
    Raises PlanNotFoundError, InvalidInputError, ByAgreementError, AlreadySubscribedError, TrialUsedError,
    KeyReusedError, and what checkouts.open_for and changing.change raise.
    """
    terms = plans.plan_terms(slug=choice.plan, at=now)
    if not (terms.self_service or staff):
        raise ByAgreementError(f"{terms.name} is subscribed to by agreement.")
    tier = _tier(terms, choice)
    periods.require_seats(customer_id=customer.pk, tier_per_seat=tier.per_seat, quantity=choice.quantity)
    wish = _wish(customer, terms, tier, choice, now)
    found = requests.known(principal=principal, key=key, wish=wish)
    if found is not None:
        return _again(found, terms, tier, now)
    with transaction.atomic():
        states.lock_customer(customer_id=customer.pk)
        live = queries.live(customer_id=customer.pk, agent_id=None)
        _refuse_same(live, tier, choice)
        if choice.trial:
            trials.require_untried(customer_id=customer.pk, plan_id=terms.plan_id, now_on=live)
        if live is None or live.tier.price_usd.amount == 0:
            found, created = requests.write(
                customer=customer, principal=principal, key=key, wish=wish, now=now
            )
            if created and not _needs_checkout(found):
                starting.start(subscription=found, reason=f"attached by {principal}", now=now)
    if found is None:
        assert live is not None
        changed = changing.change(
            subscription_id=live.pk, tier_id=tier.id, quantity=choice.quantity, actor=principal, now=now
        )
        return Requested(changed, replayed=False)
    return _again(found, terms, tier, now, replayed=False)


def _again(
    found: Subscription, terms: PlanTerms, tier: TierTerms, now: dt.datetime, *, replayed: bool = True
) -> Requested:
    if found.state == State.INCOMPLETE:
        checkout.open_for(subscription=found, title=title(terms, tier, found.quantity), now=now)
    return Requested(found, replayed=replayed)


def title(terms: PlanTerms, tier: TierTerms, quantity: int) -> str:
    """Say what a checkout is for."""
    seats = f", {quantity} seats" if tier.per_seat and quantity > 1 else ""
    same = tier.name.casefold() in {terms.name.casefold(), terms.slug}
    return f"{terms.name}{'' if same else f' {tier.name}'}{seats}: first {tier.interval}"


def _tier(terms: PlanTerms, choice: Choice) -> TierTerms:
    if not 1 <= choice.quantity <= QUANTITY_MAX:
        raise InvalidInputError.of("quantity", f"must be from 1 to {QUANTITY_MAX}")
    if choice.zone not in available_timezones():
        raise InvalidInputError.of("zone", "is not a time zone")
    if choice.alignment not in set(Alignment):
        raise InvalidInputError.of("alignment", "must be anniversary or calendar")
    named = [tier for tier in terms.tiers if choice.tier in {"", tier.name}]
    if not named or (not choice.tier and len(named) > 1):
        raise InvalidInputError.of("tier", f"must be one of {', '.join(tier.name for tier in terms.tiers)}")
    if choice.quantity > 1 and not named[0].per_seat:
        raise InvalidInputError.of("quantity", "is for plans that count seats")
    if choice.trial and not (named[0].trial_days and named[0].price_cents):
        raise InvalidInputError.of("trial", "is not offered for this plan")
    return named[0]


def _wish(customer: Customer, terms: PlanTerms, tier: TierTerms, choice: Choice, now: dt.datetime) -> Wish:
    row = SubscriptionTier.objects.get(pk=tier.id)
    cycle = Cycle(now, Interval(tier.interval), Alignment(choice.alignment), choice.zone)
    first = periods.first_worth(tier=row, quantity=choice.quantity, cycle=cycle)
    back = {"success_url": choice.success_url, "cancel_url": choice.cancel_url}
    # A service asks for many customers under one principal: a key of one is none of another's.
    said = (
        customer.public_id,
        terms.slug,
        tier.name,
        *(str(each) for each in (choice.quantity, choice.overage, choice.alignment)),
    )
    return Wish(
        agent_id=None,
        version_id=terms.version_id,
        tier_id=tier.id,
        fee_cents=0 if choice.trial else first.fee_cents,
        credits=periods.worth(tier=row, quantity=choice.quantity).credits,
        said=(*said, choice.zone, *back.values(), *(("trial",) if choice.trial else ())),
        facts={
            "quantity": choice.quantity,
            "overage": choice.overage,
            "alignment": choice.alignment,
            "zone": choice.zone,
            "trial_end": now + dt.timedelta(days=tier.trial_days) if choice.trial else None,
            **{name: url for name, url in back.items() if url},
        },
    )


def _needs_checkout(subscription: Subscription) -> bool:
    return subscription.amount_cents > 0 or subscription.trial_end is not None


def _refuse_same(live: Subscription | None, tier: TierTerms, choice: Choice) -> None:
    if live is not None and live.tier_id == tier.id and live.quantity == choice.quantity:
        raise AlreadySubscribedError(f"You are subscribed to {live.version.plan} already.")
