"""Listings: an agent as the storefront shows it, and the states it goes through."""

import datetime as dt
import re
from dataclasses import asdict, dataclass
from typing import Final

from django.db import IntegrityError, transaction

from config.kit.errors import ConflictError, InvalidInputError
from marketplace.models import Agent, AgentStatusChange, Creator, Plan

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
RESERVED_SLUGS: Final = frozenset({"new", "agents", "creator"})


class SlugTakenError(ConflictError):
    """Another agent has this slug."""

    code = "slug_taken"
    title = "This short name is taken"


class SlugFixedError(ConflictError):
    """Routers know a published agent by its slug, so it stays."""

    code = "slug_fixed"
    title = "The short name of a published agent stays"


class StatusChangedError(ConflictError):
    """The agent is not in the status that this change starts from."""

    code = "agent_status"
    title = "The agent's status does not allow this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a creator may say about an agent."""

    name: str
    slug: str
    summary: str = ""
    description: str = ""
    category: str = Agent.Category.OTHER
    outcome_policy: str = Agent.OutcomePolicy.SUCCESS


def create(*, creator: Creator, listing: Listing, now: dt.datetime, draft_manifest: str = "") -> Agent:
    """List a new agent as a draft, with its empty plan; raise SlugTakenError or InvalidInputError."""
    _check(listing)
    try:
        with transaction.atomic():
            agent = Agent.objects.create(
                creator=creator, draft_manifest=draft_manifest, created_at=now, **asdict(listing)
            )
            Plan.objects.create(agent=agent, catalogue=Plan.Catalogue.AGENT, name=listing.name)
    except IntegrityError as error:
        raise _slug_taken(error, listing) from error
    return agent


def edit(*, agent: Agent, listing: Listing, draft_manifest: str) -> Agent:
    """Change a listing; raise SlugTakenError, SlugFixedError or InvalidInputError."""
    _check(listing)
    try:
        with transaction.atomic():
            locked = Agent.objects.select_for_update().get(pk=agent.pk)
            if listing.slug != locked.slug and locked.plan.versions.exists():
                raise SlugFixedError(f"Routers call this agent {locked.slug}.")
            for name, value in asdict(listing).items():
                setattr(locked, name, value)
            locked.draft_manifest = draft_manifest
            locked.save(update_fields=[*asdict(listing), "draft_manifest"])
    except IntegrityError as error:
        raise _slug_taken(error, listing) from error
    return locked


def change_status(
    *, agent: Agent, old: Agent.Status, new: Agent.Status, actor: str, now: dt.datetime, reason: str = ""
) -> None:
    """Move an agent from one status to another and write it down; raise StatusChangedError."""
    with transaction.atomic():
        if not Agent.objects.filter(pk=agent.pk, status=old).update(status=new):
            raise StatusChangedError(f"{agent.name} is not {old.label.partition(':')[0].lower()} any more.")
        AgentStatusChange.objects.create(
            agent=agent, old_status=old, new_status=new, actor=actor, reason=reason, changed_at=now
        )


def unpublish(*, agent: Agent, actor: str, now: dt.datetime) -> None:
    """Take a published agent off the storefront; raise StatusChangedError."""
    change_status(agent=agent, old=Agent.Status.PUBLISHED, new=Agent.Status.DRAFT, actor=actor, now=now)


def suspend(*, agent: Agent, actor: str, reason: str, now: dt.datetime) -> None:
    """Stop new runs of a published agent; raise StatusChangedError."""
    old, new = Agent.Status.PUBLISHED, Agent.Status.SUSPENDED
    change_status(agent=agent, old=old, new=new, actor=actor, reason=reason, now=now)


def reinstate(*, agent: Agent, actor: str, reason: str, now: dt.datetime) -> None:
    """Put a suspended agent back on the storefront; raise StatusChangedError."""
    old, new = Agent.Status.SUSPENDED, Agent.Status.PUBLISHED
    change_status(agent=agent, old=old, new=new, actor=actor, reason=reason, now=now)


def _check(listing: Listing) -> None:
    if not SLUG.fullmatch(listing.slug) or listing.slug in RESERVED_SLUGS:
        raise InvalidInputError("A short name has up to 60 small letters, digits and inner hyphens.")
    if not listing.name.strip():
        raise InvalidInputError("An agent has a name.")
    if (
        listing.category not in Agent.Category.values
        or listing.outcome_policy not in Agent.OutcomePolicy.values
    ):
        raise InvalidInputError("An agent has one of the known categories and outcome policies.")
    if any("\x00" in value for value in asdict(listing).values()):
        raise InvalidInputError("A listing's texts hold no NUL.")


def _slug_taken(error: IntegrityError, listing: Listing) -> Exception:
    return SlugTakenError(f"Another agent is called {listing.slug}.") if "slug" in str(error) else error
