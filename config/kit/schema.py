"""The plain views in the OpenAPI schema: each declares an Operation, a hook adds them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from django.urls import URLResolver, get_resolver

from config.kit.http import PROBLEM_TYPE
from config.kit.strict_json import NUMBER_PATTERN, Exact

JSON: Final = "application/json"
REF: Final = "#/components/schemas/{name}"
PARAMETER: Final = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
STATUS_WORDS: Final = {200: "Done", 201: "Created", 202: "Accepted"}


@dataclass(frozen=True)
class Operation:
    """What one plain view takes, by media type, and gives; what is of several kinds is a tuple."""

    name: str
    methods: tuple[str, ...]
    scope: str
    summary: str
    description: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    bodies: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    answers: Mapping[int, Any] = field(default_factory=dict)


class ProblemItem(msgspec.Struct):
    """One field's problem."""

    pointer: str
    detail: str


class Problem(msgspec.Struct):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemItem]
    # A 402 adds what is missing, and where to get it; amounts are {"credits", "usd"}.
    blocking_gate: str | msgspec.UnsetType = msgspec.UNSET
    available: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    required: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    shortfall: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    top_up_url: str | msgspec.UnsetType = msgspec.UNSET
    # Where a quota is short: {"unit", "required", "available"}.
    quota: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


def add_plain_views(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Join the plain views to the schema (SPECTACULAR_SETTINGS['POSTPROCESSING_HOOKS'])."""
    found = list(_operations(get_resolver(), "/"))
    types = [
        t for _, op in found for kinds in (*op.bodies.values(), *op.answers.values()) for t in _each(kinds)
    ]
    schemas, components = msgspec.json.schema_components(
        [*types, Problem], schema_hook=_schema_of, ref_template=REF
    )
    named = dict(zip(map(id, [*types, Problem]), schemas, strict=True))
    _join(result.setdefault("components", {}).setdefault("schemas", {}), components)
    for path, operation in found:
        methods = result["paths"].setdefault(path, {})
        methods.update({m.lower(): _describe(path, operation, named) for m in operation.methods})
    _add_refusals(result, named[id(Problem)])
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _operations(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Operation]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _operations(entry, route)
        elif hasattr(entry.callback, "operation"):
            yield PARAMETER.sub(r"{\g<name>}", route), entry.callback.operation


def _describe(path: str, operation: Operation, named: Mapping[int, Any]) -> dict[str, Any]:
    section = path.split("/")[2]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [section],
        "security": [{"apiKey": []}],
        "parameters": _parameters(path, operation),
        "responses": {
            str(status): {
                "description": STATUS_WORDS.get(status, "Answer"),
                **_content(_one_of(_each(kinds), named)),
            }
            for status, kinds in (operation.answers or {200: Problem}).items()
        },
    }
    if operation.bodies:
        taken = {media: {"schema": _one_of(kinds, named)} for media, kinds in operation.bodies.items()}
        described["requestBody"] = {"required": True, "content": taken}
    return described


def _each(kinds: Any) -> tuple[Any, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _one_of(kinds: tuple[Any, ...], named: Mapping[int, Any]) -> Any:
    found = [named[id(kind)] for kind in kinds]
    return found[0] if len(found) == 1 else {"oneOf": found}


def _parameters(path: str, operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": text}
        for name in re.findall(r"{(\w+)}", path)
    ]
    found += [
        {"in": "query", "name": name, "description": about, "schema": text}
        for name, about in operation.query.items()
    ]
    if "POST" in operation.methods:
        found.append({"in": "header", "name": "Idempotency-Key", "schema": {**text, "maxLength": 255}})
    return found


def _content(schema: Any, media_type: str = JSON) -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}}


def _join(schemas: dict[str, Any], more: dict[str, Any]) -> None:
    for name, schema in more.items():
        known = schemas.setdefault(name, schema)
        if known.get("properties", {}).keys() != schema.get("properties", {}).keys():
            raise ValueError(f"Two different things are called {name} in the schema; rename one.")


def _add_refusals(result: dict[str, Any], problem: Any) -> None:
    refusal = {"description": f"Refused; the type is {PROBLEM_TYPE}<code>"}
    for methods in result["paths"].values():
        for described in methods.values():
            described["responses"].setdefault(
                "default", {**refusal, **_content(problem, "application/problem+json")}
            )


def _schema_of(kind: type[Any]) -> dict[str, Any]:
    if kind is not Exact:
        raise NotImplementedError(kind)
    text = {"type": "string", "pattern": f"^{NUMBER_PATTERN.pattern}$"}
    return {"oneOf": [text, {"type": "number"}], "description": "An exact number, as text or as a number."}
