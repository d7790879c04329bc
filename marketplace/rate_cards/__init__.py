"""Rate cards: what tokens of each model cost and are charged at, and how a card follows its providers' prices."""

from marketplace.rate_cards.importing import Change, apply, preview
from marketplace.rate_cards.rates import NewRate, charge_for, set_rates

__all__ = ["Change", "NewRate", "apply", "charge_for", "preview", "set_rates"]
