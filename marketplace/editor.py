"""Saving what the agent form says as one: the listing, its draft pricing and, when asked, a version."""

import datetime as dt

from django.db import transaction

from marketplace import listings, publishing
from marketplace.listings import Listing
from marketplace.models import Agent, Creator


def save(
    *,
    creator: Creator,
    agent: Agent | None,
    listing: Listing,
    manifest: str,
    publish: bool,
    actor: str,
    now: dt.datetime,
    effective_from: dt.datetime | None = None,
) -> Agent:
    """Save a listing, and publish it; nothing is saved of what cannot be published.

    Raises what listings.create, listings.edit and publishing.publish raise.
    """
    with transaction.atomic():
        if agent is None:
            saved = listings.create(creator=creator, listing=listing, draft_manifest=manifest, now=now)
        else:
            saved = listings.edit(agent=agent, listing=listing, draft_manifest=manifest)
        if publish:
            publishing.publish(
                agent=saved, manifest=manifest, actor=actor, now=now, effective_from=effective_from
            )
    return saved
