"""Manifests to start from, in the pricing editor."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sample:
    """A manifest with the name of its kind."""

    name: str
    text: str


PER_REQUEST: Final = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  default_hold: 50
  rates:
    - metric: "request"
      amount: 50
"""
PER_THOUSAND_TOKENS: Final = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  default_hold: 10
  rates:
    - metric: "input_tokens"
      amount: 1
      per: 1000
    - metric: "output_tokens"
      amount: 3
      per: 1000
"""
GRADUATED: Final = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  default_hold: 100
  rates:
    - metric: "pages"
      model: graduated
      bands:
        - up_to: 10
          amount: 5
        - up_to: 100
          amount: 3
        - amount: 2
"""
ON_TOP: Final = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  on_top:
    creator: 0.05
"""
SUBSCRIPTION: Final = """\
pricing:
  model: "subscription"
  currency: "CREDITS"
  subscription_tiers:
    - name: "starter"
      credits_per_month: 1000
      price_usd: 9.99
    - name: "pro"
      credits_per_month: 10000
      price_usd: 49.99
"""
FREE: Final = """\
pricing:
  model: "free"
"""

SAMPLES: Final = (
    Sample("Per request", PER_REQUEST),
    Sample("Per token", PER_THOUSAND_TOKENS),
    Sample("Graduated", GRADUATED),
    Sample("Price on top", ON_TOP),
    Sample("Subscription", SUBSCRIPTION),
    Sample("Free", FREE),
)
