"""How amounts are written in pages: exact, grouped, never rounded."""

from typing import Final

from django import template

MICROS_PER_UNIT: Final = 1_000_000
MICROS_PER_CENT: Final = 10_000
MICRO_DIGITS: Final = 6
MINUS: Final = "\N{MINUS SIGN}"
NOTHING: Final = "\N{EM DASH}"

register = template.Library()


@register.filter(name="credits")
def credits_text(micros: int | None) -> str:
    """Write micros of credits: 34627865000 is 34,627.865; trailing zeros go."""
    return _signed(micros, sign="", digits_min=0)


@register.filter
def money(micros: int | None) -> str:
    """Write micros of USD: two digits after the point, or as many as it needs."""
    return _signed(micros, sign="$", digits_min=2)


@register.filter
def cents(amount_cents: int | None) -> str:
    """Write whole cents of USD: 1000 is $10.00."""
    return money(None if amount_cents is None else amount_cents * MICROS_PER_CENT)


def _signed(micros: int | None, *, sign: str, digits_min: int) -> str:
    if micros is None:
        return NOTHING
    if not isinstance(micros, int):
        raise TypeError(f"An amount is an int of micros, not {micros!r}.")
    whole, rest = divmod(abs(micros), MICROS_PER_UNIT)
    digits = f"{rest:0{MICRO_DIGITS}d}".rstrip("0").ljust(digits_min, "0")
    return f"{MINUS if micros < 0 else ''}{sign}{whole:,}{'.' if digits else ''}{digits}"
