"""Cursor paging, newest first: {"results": [...], "next": url|null, "previous": url|null}.

A cursor says where a page starts in the order of one unique column; it stays right while rows are added.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from config.kit.errors import InvalidInputError

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
POSITION_MAX: Final = 2**63 - 1
CURSOR_PATTERN: Final = re.compile(r"([ba])(\d{1,19})", re.ASCII)

PARAMETERS: Final = frozenset({"limit", "cursor"})

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Side = Literal["before", "after"]


class Cursor(NamedTuple):
    """Read rows before (older) or after (newer) this position."""

    side: Side
    position: int


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows and the addresses of their neighbours."""

    rows: list[T]
    next: str | None
    previous: str | None

    def body(self, render: Callable[[T], Any]) -> dict[str, Any]:
        """Render the page as the API answers lists."""
        return {"results": [render(row) for row in self.rows], "next": self.next, "previous": self.previous}


def page(*, request: HttpRequest, rows: QuerySet[M], column: str = "id") -> Page[M]:
    """Cut the asked page out of a queryset, ordered by one unique integer column, newest first."""

    def fetch(cursor: Cursor | None, limit: int) -> list[M]:
        if cursor is None:
            return list(rows.order_by(f"-{column}")[:limit])
        if cursor.side == "before":
            return list(rows.filter(**{f"{column}__lt": cursor.position}).order_by(f"-{column}")[:limit])
        return list(rows.filter(**{f"{column}__gt": cursor.position}).order_by(column)[:limit])[::-1]

    return fetched_page(request=request, fetch=fetch, position=lambda row: int(getattr(row, column)))


def fetched_page(
    *, request: HttpRequest, fetch: Callable[[Cursor | None, int], Sequence[T]], position: Callable[[T], int]
) -> Page[T]:
    """Cut the asked page with a reader that gives up to `limit` rows next to the cursor, newest first."""
    limit, cursor = limit_of(request.GET), cursor_of(request.GET)
    found = list(fetch(cursor, limit + 1))
    more = len(found) > limit
    newer = cursor is not None and cursor.side == "after"
    kept = (found[1:] if newer else found[:limit]) if more else found
    # Coming from the other side, there is always the page that we came from.
    has_next = more if not newer else True
    has_previous = more if newer else cursor is not None
    return Page(
        rows=kept,
        next=_address(request, "b", position(kept[-1])) if kept and has_next else None,
        previous=_address(request, "a", position(kept[0])) if kept and has_previous else None,
    )


def limit_of(query: Mapping[str, Any]) -> int:
    """Read ?limit=; raise InvalidInputError unless it is 1 to 200."""
    text = str(query.get("limit", LIMIT_DEFAULT))
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= LIMIT_MAX):
        raise _invalid("limit", f"must be 1 to {LIMIT_MAX}")
    return int(text)


def cursor_of(query: Mapping[str, Any]) -> Cursor | None:
    """Read ?cursor=; raise InvalidInputError unless it is one of ours."""
    if "cursor" not in query:
        return None
    try:
        text = base64.urlsafe_b64decode(str(query["cursor"]).encode("ascii", "replace")).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    match = CURSOR_PATTERN.fullmatch(text)
    if match is None or int(match[2]) > POSITION_MAX:
        raise _invalid("cursor", "is not a cursor of ours")
    return Cursor("before" if match[1] == "b" else "after", int(match[2]))


def _address(request: HttpRequest, side: str, at: int) -> str:
    query = request.GET.copy()
    query["cursor"] = base64.urlsafe_b64encode(f"{side}{at}".encode()).decode()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _invalid(field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(f"{field} {problem}.", errors=[{"pointer": f"/{field}", "detail": problem}])
