"""The buttons of the pricing form: each changes the rows, keeps every text, and says where the focus goes."""

import re
from collections.abc import Callable
from typing import Final

from marketplace.manifest.rates import BANDS_MAX, RATES_MAX
from marketplace.manifest.reading import PAYEES_MAX, TIERS_MAX
from marketplace.price_editor.documents import (
    BANDED,
    BANDS,
    ON_TOP,
    PAYEES,
    RATES,
    ROOT,
    TIERS,
    Document,
    Row,
)
from marketplace.terms import PriceModel

MOST: Final = {RATES: RATES_MAX, TIERS: TIERS_MAX, PAYEES: PAYEES_MAX, ON_TOP: PAYEES_MAX}
FIRST_METRICS: Final = ("request", "pages", "minutes", "images", "output_tokens")
CARD: Final = "rate_card"
ON_TOP_FIRST: Final = "0.05"
MODELS: Final = [model.value for model in PriceModel]
PLACE: Final = re.compile("[0-9]{1,3}")


def take(*, document: Document, step: str) -> str:
    """Do what a button says, such as `add:graduated` or `up:rates:2`; give the input to focus.

    A step that no button has, or that came twice, changes nothing.
    """
    word, *about = step.split(":")
    action = ACTIONS.get(word)
    focus = ""
    if action is not None and len(about) == ARGUMENTS[word]:
        focus = action(document, *about)
    for row in document.rates:
        if row.model in BANDED and not row.bands:
            row.bands = [{"up_to": "100", "amount": row.texts.get("amount", "")}, {}]
    return focus


def _add(document: Document, kind: str) -> str:
    if kind == CARD:
        document.texts.setdefault(CARD, "")
        return f"{ROOT}.{CARD}"
    if kind in MODELS and len(document.rates) < RATES_MAX:
        row = Row({"model": kind, "metric": _free_metric(document, kind)})
        document.rates.append(row)
        return f"{ROOT}.{RATES}[{len(document.rates) - 1}].metric"
    return ""


def _free_metric(document: Document, kind: str) -> str:
    taken = {row.texts.get("metric") for row in document.rates}
    names = ("run", *FIRST_METRICS) if kind == PriceModel.FLAT else FIRST_METRICS
    return next((name for name in names if name not in taken), "")


def _more(document: Document, name: str) -> str:
    rows = document.lists().get(name)
    if name == RATES or rows is None or len(rows) >= MOST[name]:
        return ""
    rows.append(Row({}))
    if name in (PAYEES, ON_TOP) and len(rows) == 1:
        rows[0].texts["name"] = "creator"
    return f"{ROOT}.{name}[{len(rows) - 1}].name"


def _earn(document: Document, kind: str) -> str:
    """Have creators earn a share of each charge, or a fixed price on top; what the other said rests."""
    if kind == "fixed":
        document.on_top = document.on_top or [Row({"name": "creator", "usd": ON_TOP_FIRST})]
        return f"{ROOT}.{ON_TOP}[0].usd"
    document.on_top.clear()
    return "" if document.rates or CARD in document.texts else _add(document, PriceModel.PER_UNIT)


def _remove(document: Document, name: str, place: str) -> str:
    if name == CARD:
        document.texts.pop(CARD, None)
    elif (rows := document.lists().get(name)) and _at(rows, place):
        del rows[int(place)]
    return f"add-{name}"


def _up(document: Document, name: str, place: str) -> str:
    return _move(document, name, place, by=-1)


def _down(document: Document, name: str, place: str) -> str:
    return _move(document, name, place, by=1)


def _move(document: Document, name: str, place: str, *, by: int) -> str:
    rows = document.lists().get(name, [])
    if not _at(rows, place) or not _at(rows, str(int(place) + by)):
        return ""
    start, end = int(place), int(place) + by
    rows[start], rows[end] = rows[end], rows[start]
    at_the_end = end == (0 if by < 0 else len(rows) - 1)
    towards_end = "down" if by > 0 else "up"
    back = "up" if by > 0 else "down"
    return f"{back if at_the_end else towards_end}-{name}-{end}"


def _band(document: Document, place: str) -> str:
    if not _at(document.rates, place) or len(document.rates[int(place)].bands) >= BANDS_MAX:
        return ""
    bands = document.rates[int(place)].bands
    bands.append({})
    return f"{ROOT}.{RATES}[{place}].{BANDS}[{max(len(bands) - 2, 0)}].up_to"


def _unband(document: Document, place: str, number: str) -> str:
    if _at(document.rates, place) and _at(document.rates[int(place)].bands, number):
        bands = document.rates[int(place)].bands
        if len(bands) > 1:
            del bands[int(number)]
    return f"band-{place}"


def _at(rows: list[Row] | list[dict[str, str]], place: str) -> bool:
    return PLACE.fullmatch(place) is not None and int(place) < len(rows)


ACTIONS: Final[dict[str, Callable[..., str]]] = {
    "add": _add,
    "more": _more,
    "earn": _earn,
    "remove": _remove,
    "up": _up,
    "down": _down,
    "band": _band,
    "unband": _unband,
}
ARGUMENTS: Final = {"add": 1, "more": 1, "earn": 1, "remove": 2, "up": 2, "down": 2, "band": 1, "unband": 2}
