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
    "creator_of",
    "terms",
    "terms_by_version",
    "terms_many",
    "version_terms",
]
