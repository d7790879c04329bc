"""The demo: two of staff, a consumer, a creator with five agents, a router, a service. Made once, then the same."""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from accounts import customers, keys
from accounts.models import ApiKey, Customer, User
from billing.stripe import endpoints
from config.kit.errors import DomainError, ForbiddenError
from marketplace import catalogue, creators, listings, publishing
from marketplace.listings import Listing
from marketplace.models import Agent, Creator
from marketplace.price_editor import samples

ACTOR: Final = "command:seed_demo"
KEY_NAME: Final = "Demo"
PASSWORD_BYTES: Final = 12
PER_MINUTE: Final = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  default_hold: 100
  rates:
    - metric: "compute_minute"
      amount: 10
"""


@dataclass(frozen=True)
class DemoAgent:
    """An agent of the demo: its listing and its manifest."""

    listing: Listing
    manifest: str


AGENTS: Final = (
    DemoAgent(
        Listing(
            slug="per-request",
            name="Ticket Triage",
            summary="Reads a support ticket, finds its topic and urgency.",
            description="One request is one ticket. It answers with a topic, an urgency and a reply to start from.",
            category=Agent.Category.ASSISTANT,
        ),
        samples.PER_REQUEST,
    ),
    DemoAgent(
        Listing(
            slug="per-token",
            name="Draft Writer",
            summary="Writes a first draft from your notes.",
            description="Paid by what it reads and writes: long notes cost more than short ones.",
            category=Agent.Category.CONTENT,
        ),
        samples.PER_THOUSAND_TOKENS,
    ),
    DemoAgent(
        Listing(
            slug="per-minute",
            name="Test Runner",
            summary="Runs your test suite and explains what fails.",
            description="Paid by the minute of compute, to the fraction that it took.",
            category=Agent.Category.CODE,
        ),
        PER_MINUTE,
    ),
    DemoAgent(
        Listing(
            slug="subscribed",
            name="Market Digest",
            summary="Follows the markets you name and writes a digest.",
            description="A plan a month; its credits are good on this creator's agents.",
            category=Agent.Category.RESEARCH,
        ),
        samples.SUBSCRIPTION,
    ),
    DemoAgent(
        Listing(
            slug="free",
            name="Unit Converter",
            summary="Converts between units, for nothing.",
            description="Nobody pays for it; its creator bears what it costs.",
            category=Agent.Category.OTHER,
        ),
        samples.FREE,
    ),
)


class ProductionError(ForbiddenError):
    """There is no demo in production."""

    title = "There is no demo in production"


def seed(*, known: Mapping[str, Any], base_url: str, stripe_url: str, now: dt.datetime) -> dict[str, Any]:
    """Make what is missing of the demo, and describe all of it. `known` is what the last seeding described.

    Raises ProductionError, and StripeUnavailableError when the webhook endpoints cannot be registered.
    """
    if settings.PRODUCTION:
        raise ProductionError
    catalogue.publish(actor=ACTOR, now=now)
    admin, admin_entry = _person("admin", known, now, staff=True)
    # What the admin asks for, somebody else decides.
    approver, approver_entry = _person("approver", known, now, staff=True)
    consumer, consumer_entry = _person("consumer", known, now)
    creator_customer, creator_entry = _person("creator", known, now)
    creator = creators.open_creator(customer=creator_customer, display_name="Demo Creator", now=now)
    agents = [_agent(creator, demo, now) for demo in AGENTS]
    endpoints.register(base_url=base_url)
    return {
        "base_url": base_url,
        "stripe_url": stripe_url,
        "admin": {"id": admin.members.get().public_id, **admin_entry},
        "approver": {"id": approver.members.get().public_id, **approver_entry},
        "consumer": {"id": consumer.public_id, **consumer_entry},
        "creator": {"id": creator.public_id, **creator_entry},
        "router": {"api_key": _key(known.get("router", {}), ApiKey.Kind.ROUTER, None, now)},
        "service": {"api_key": _key(known.get("service", {}), ApiKey.Kind.SERVICE, None, now)},
        "agents": [_described(agent) for agent in agents],
    }


def _person(
    role: str, known: Mapping[str, Any], now: dt.datetime, *, staff: bool = False
) -> tuple[Customer, dict[str, str]]:
    kept = known.get(role, {})
    email = f"{role}@farebox.example"
    make = User.objects.create_superuser if staff else User.objects.create_user
    user = User.objects.filter(email=email).first() or make(email)
    password = kept.get("password") or secrets.token_urlsafe(PASSWORD_BYTES)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    customer = customers.open_first(user=user, now=now)
    return customer, {
        "email": email,
        "password": password,
        "api_key": _key(kept, ApiKey.Kind.CUSTOMER, customer, now),
    }


def _key(kept: Mapping[str, str], kind: str, customer: Customer | None, now: dt.datetime) -> str:
    """Give the secret that was handed out before, as long as it opens; else a new one in its place."""
    secret = kept.get("api_key", "")
    if secret and _opens(secret, now):
        return secret
    for key in ApiKey.objects.filter(name=KEY_NAME, kind=kind, customer=customer, revoked_at=None):
        keys.revoke(key=key, now=now)
    return keys.issue(kind=kind, name=KEY_NAME, customer=customer, now=now).secret


def _opens(secret: str, now: dt.datetime) -> bool:
    try:
        keys.authenticate(secret=secret, now=now)
    except DomainError:
        return False
    return True


def _agent(creator: Creator, demo: DemoAgent, now: dt.datetime) -> Agent:
    agent = Agent.objects.filter(slug=demo.listing.slug).first()
    agent = agent or listings.create(creator=creator, listing=demo.listing, now=now)
    if not agent.plan.versions.exists():
        publishing.publish(agent=agent, manifest=demo.manifest, actor=ACTOR, now=now)
    return agent


def _described(agent: Agent) -> dict[str, str]:
    version = agent.plan.versions.order_by("-number").first()
    model = version.pricing_model if version else ""
    return {"id": agent.public_id, "slug": agent.slug, "name": agent.name, "pricing_model": model}
