from marketplace.queries.collaborations import collaborators_of, invitations_of
from marketplace.queries.editing import changes, last_version, manifest_of, plain_words, preview, versions_of
from marketplace.queries.packages import PackageOffer, package_offer, package_offers
from marketplace.queries.people import creator_of
from marketplace.queries.pricing import (
    AgentNotFoundError,
    AgentSuspendedError,
    in_force,
    terms,
    terms_by_version,
    terms_many,
    version_terms,
)
from marketplace.queries.storefront import agents_of, card, cards, examples, for_sale

__all__ = [
    "AgentNotFoundError",
    "AgentSuspendedError",
    "PackageOffer",
    "agents_of",
    "card",
    "cards",
    "changes",
    "collaborators_of",
    "creator_of",
    "examples",
    "for_sale",
    "in_force",
    "invitations_of",
    "last_version",
    "manifest_of",
    "package_offer",
    "package_offers",
    "plain_words",
    "preview",
    "terms",
    "terms_by_version",
    "terms_many",
    "version_terms",
    "versions_of",
]
