"""Features by their names."""

from typing import Final

from config.kit.errors import NotFoundError
from marketplace.models import Feature

SLUG_MAX: Final = 60


class FeatureNotFoundError(NotFoundError):
    """The platform has no such feature."""

    code = "feature_not_found"
    title = "No such feature"


def feature(*, slug: str) -> Feature:
    """Give a feature with its agent and its meter; raise FeatureNotFoundError."""
    known = len(slug) <= SLUG_MAX and "\x00" not in slug
    found = Feature.objects.filter(slug=slug).select_related("agent", "meter").first() if known else None
    if found is None:
        raise FeatureNotFoundError(f"There is no feature {slug!r}.")
    return found
