"""Subscriptions as they are asked for: written down once under a key, before anybody is asked to pay."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from accounts.models import Customer
from billing.models.subscriptions import Subscription
from billing.queries import tax_quotes
from billing.taxes import Tax
from config.kit import ids
from config.kit.errors import ConflictError, KeyReusedError


@dataclass(frozen=True, slots=True)
class Requested:
    """A subscription, with its checkout where one is needed, and whether this key had asked before."""

    subscription: Subscription
    replayed: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer subscribes to; `said` is everything that the request named, for its fingerprint."""

    agent_id: int | None
    version_id: int
    tier_id: int
    fee_cents: int
    credits: int
    said: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def fingerprint(self) -> bytes:
        """Digest what was asked, so that a key is not used for something else."""
        return hashlib.sha256("|".join(self.said).encode()).digest()


class AlreadySubscribedError(ConflictError):
    """The customer has a live subscription to this."""

    code = "already_subscribed"
    title = "Already subscribed"


REUSED: Final = "This key came with another request before."


def known(*, principal: str, key: str, wish: Wish) -> Subscription | None:
    """Give what a key asked for before; raise KeyReusedError when that was something else."""
    rows = Subscription.objects.select_related("customer", "tier", "version__plan", "agent")
    found = rows.filter(principal=principal, idempotency_key=key).first()
    if found is not None and bytes(found.fingerprint) != wish.fingerprint:
        raise KeyReusedError(REUSED)
    return found


def write(
    *, customer: Customer, principal: str, key: str, wish: Wish, now: dt.datetime
) -> tuple[Subscription, bool]:
    """Write a subscription down, or give the one that waits for this payment already, or that the key wrote meanwhile.

    The caller has locked the customer. Raises KeyReusedError.
    """
    tax = tax_quotes.quote(customer_id=customer.pk, base_cents=wish.fee_cents)
    waiting = _waiting(customer, wish, tax, now)
    if waiting is not None:
        return waiting, False
    public_id = ids.new(ids.SUBSCRIPTION)
    page = f"{settings.SITE_URL}/subscriptions/{public_id}/"
    found, created = Subscription.objects.get_or_create(
        principal=principal,
        idempotency_key=key,
        defaults={
            "public_id": public_id,
            "customer": customer,
            "agent_id": wish.agent_id,
            "version_id": wish.version_id,
            "tier_id": wish.tier_id,
            "fingerprint": wish.fingerprint,
            "amount_cents": wish.fee_cents + tax.cents,
            "tax_cents": tax.cents,
            "tax_country": tax.country,
            "tax_rate": tax.rate,
            "credits": wish.credits,
            "success_url": page,
            "cancel_url": f"{page}?cancelled=1",
            "created_at": now,
            **wish.facts,
        },
    )
    if bytes(found.fingerprint) != wish.fingerprint:
        raise KeyReusedError(REUSED)
    return found, created


def _waiting(customer: Customer, wish: Wish, tax: Tax, now: dt.datetime) -> Subscription | None:
    # Asked for twice under two keys (two tabs, two services), it is paid once: both are led to one checkout.
    # Who says another country meanwhile is taxed by that one, at a checkout of its own.
    rows = Subscription.objects.select_related("customer", "tier", "version__plan", "agent")
    same = rows.filter(
        customer=customer,
        state=Subscription.State.INCOMPLETE,
        tier_id=wish.tier_id,
        fingerprint=wish.fingerprint,
        tax_country=tax.country,
        tax_rate=tax.rate,
    )
    return same.filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by("pk").first()
