"""Tables of plain cells: what the staff's pages are made of."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch, reverse

M = TypeVar("M", bound=Model)

ROWS: Final = 15


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure or text, and the page that tells more of it."""

    text: str
    url: str = ""
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind, the newest first; `older` is the query of the next page."""

    slug: str
    title: str
    heads: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    older: str = ""
    newest: bool = True

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Name the columns, and tell which hold figures."""
        first = self.rows[0] if self.rows else ()
        return [(head, cell.number) for head, cell in zip(self.heads, first, strict=True)]


def table(
    *,
    slug: str,
    title: str,
    heads: tuple[str, ...],
    rows: "QuerySet[M]",
    cells: "Callable[[M], tuple[Cell, ...]]",
    asked: Mapping[str, str],
) -> Table:
    """Read one page of rows in one query, from where the address says (`?<slug>=<id>`)."""
    before = asked.get(slug, "")
    start = before.isascii() and before.isdigit() and len(before) < 19
    wanted = rows.filter(pk__lt=int(before)) if start else rows
    found = list(wanted.order_by("-pk")[: ROWS + 1])
    more = len(found) > ROWS
    return Table(
        slug=slug,
        title=title,
        heads=heads,
        rows=[cells(row) for row in found[:ROWS]],
        older=f"?{slug}={found[ROWS - 1].pk}#{slug}" if more else "",
        newest=not start,
    )


def text(value: Any, url: str = "") -> Cell:
    """Show a text; nothing is an empty cell."""
    return Cell("" if value is None else str(value), url)


def words(name: str) -> str:
    """Write a name of the ledger's as people read it."""
    return name.replace("_", " ").capitalize()


def number(value: str) -> Cell:
    """Show a figure, set to the right."""
    return Cell(value, number=True)


def time(at: dt.datetime | None) -> Cell:
    """Show a moment, UTC."""
    return Cell(f"{at:%Y-%m-%d %H:%M}" if at else "")


def row(of: Model, named: Any = "") -> Cell:
    """Link to a row's own page in the admin, where it has one."""
    meta = of._meta  # noqa: SLF001  (Django names a model's options so)
    shown = str(named or getattr(of, "public_id", of.pk))
    try:
        return Cell(shown, reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[of.pk]))
    except NoReverseMatch:
        return Cell(shown)
