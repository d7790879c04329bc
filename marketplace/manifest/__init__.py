"""The `pricing:` manifest: YAML in, Pricing out, with every error named by line and field."""

from marketplace.manifest.document import ManifestError, Problem
from marketplace.manifest.pricing import OnTop, Payee, Pricing, Rate, Tier
from marketplace.manifest.reading import parse
from marketplace.manifest.rendering import render

__all__ = ["ManifestError", "OnTop", "Payee", "Pricing", "Problem", "Rate", "Tier", "parse", "render"]
