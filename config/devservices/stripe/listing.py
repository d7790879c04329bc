"""List objects: paging by `starting_after` and `ending_before`, newest first."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from config.devservices.stripe.errors import Json, StripeError, missing
from config.devservices.stripe.forms import Params
from config.devservices.stripe.scope import Scope

LIMIT_DEFAULT: Final = 10
LIMIT_MAX: Final = 100
COMPARISONS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def wrap(data: list[Json], *, url: str, has_more: bool = False) -> Json:
    """Return a list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def limit_of(params: Params) -> int:
    """Return the page size asked for."""
    limit = params.integer("limit", least=1) or LIMIT_DEFAULT
    if limit > LIMIT_MAX:
        raise StripeError(
            f"This value must be less than or equal to {LIMIT_MAX}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    return limit


def of_objects(
    scope: Scope,
    params: Params,
    kind: str,
    *,
    url: str,
    where: Mapping[str, Any] | None = None,
    types: list[str] | None = None,
    shape: Callable[[Json], Json] | None = None,
) -> Json:
    """Return one page of this account's objects."""
    limit = limit_of(params)
    tests, values, backwards = _cursor(scope, params, kind)
    clauses, times = _created(params)
    tests += clauses
    values += times
    if types:
        tests.append("(" + " OR ".join(["json_extract(body, '$.type') GLOB ?"] * len(types)) + ")")
        values += types
    found = scope.store.select(
        kind,
        account=scope.account,
        where={field: value for field, value in (where or {}).items() if value is not None},
        clauses="".join(f" AND {test}" for test in tests),
        values=tuple(values),
        order="seq ASC" if backwards else "seq DESC",
        limit=limit + 1,
    )
    page = found[:limit]
    if backwards:
        page.reverse()
    return wrap([shape(item) if shape else item for item in page], url=url, has_more=len(found) > limit)


def of_items(params: Params, items: list[Json], *, url: str) -> Json:
    """Return one page of a list held in memory."""
    limit = limit_of(params)
    after = params.text("starting_after")
    start = next((index + 1 for index, item in enumerate(items) if item["id"] == after), 0)
    return wrap(items[start : start + limit], url=url, has_more=len(items) > start + limit)


def _cursor(scope: Scope, params: Params, kind: str) -> tuple[list[str], list[Any], bool]:
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        cursor = params.text(name)
        if cursor is not None:
            rows = scope.store.rows("SELECT seq FROM objects WHERE id = ? AND kind = ?", cursor, kind)
            if not rows:
                raise missing(kind, cursor, param=name)
            return [f"seq {sign} ?"], [rows[0]["seq"]], name == "ending_before"
    return [], [], False


def _created(params: Params) -> tuple[list[str], list[Any]]:
    if not isinstance(params.form.get("created"), dict):
        exact = params.integer("created")
        return (["created = ?"], [exact]) if exact is not None else ([], [])
    bounds = params.child("created")
    given = [(sign, bounds.integer(name)) for name, sign in COMPARISONS.items() if bounds.has(name)]
    return [f"created {sign} ?" for sign, _ in given], [value for _, value in given]
