from marketplace.queries.packages import PackageOffer, package_offer, package_offers
from marketplace.queries.people import creator_of
from marketplace.queries.pricing import (
    AgentNotFoundError,
    AgentSuspendedError,
    terms,
    terms_by_version,
    terms_many,
    version_terms,
)

__all__ = [
    "AgentNotFoundError",
    "AgentSuspendedError",
    "PackageOffer",
    "creator_of",
    "package_offer",
    "package_offers",
    "terms",
    "terms_by_version",
    "terms_many",
    "version_terms",
]
