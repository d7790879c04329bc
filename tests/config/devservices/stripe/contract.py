"""The official SDK as the judge of the stand-in: its parameter types for requests, its classes for answers.

It judges shapes, not behaviour. Form bodies are strings: numbers and booleans are judged by how they read.
"""

import functools
import importlib
import inspect
import json
import os
import pkgutil
import re
import types
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import (
    Any,
    ForwardRef,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import stripe
import stripe.checkout
import stripe.params
import typing_extensions
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject, UntypedStripeObject

Json = dict[str, Any]
CALL = re.compile(
    r"(?<!async )def \w+\(\s*self,(?P<arguments>.*?)\) ->.*?"
    r'self\._request\(\s*"(?P<verb>\w+)",\s*"(?P<url>[^"]+)"',
    re.DOTALL,
)
PARAMS = re.compile(r'params: (?:Optional\[)?"?(\w+)"?')
UNIONS = (Union, types.UnionType)
SHARED = Path(os.environ.get("FAREBOX_SHARED", Path(__file__).parents[5] / "shared"))
FIXTURES = SHARED / "data" / "stripe_fixtures3.json"
# Keys of the samples that Stripe leaves out unless they are asked for, or that only some accounts have.
ABSENT = {"charge": {"refunds", "transfer_data.amount"}, "account": {"company", "individual"}}


@functools.cache
def operations() -> list[tuple[str, re.Pattern[str], Any]]:
    """Return (verb, path, parameter class) of every call the SDK can make."""
    found = []
    for module in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if not module.name.endswith("_service") or ".v2" in module.name or "test_helpers" in module.name:
            continue
        source = inspect.getsource(importlib.import_module(module.name))
        imports = {
            name: origin
            for origin, names in re.findall(
                r"from (stripe\.params[\w.]*) import \(?([\w,\s]+?)\)?\n(?=\s*\S)", source
            )
            for name in re.findall(r"\w+", names)
        }
        for call in CALL.finditer(source):
            name = PARAMS.search(call["arguments"])
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", call["url"]))
            cls = name and name[1] in imports and getattr(importlib.import_module(imports[name[1]]), name[1])
            found.append((call["verb"].upper(), pattern, cls or None))
    return found


def request_problems(method: str, path: str, form: Json) -> list[str]:
    """Return what the SDK's types say against a request."""
    exact = [cls for verb, url, cls in operations() if verb == method and url.fullmatch(path)]
    if not exact:
        return [f"the SDK makes no call {method} {path}"]
    verdicts = [_typed_dict(cls, form, "") for cls in exact if cls is not None]
    return min(verdicts, key=len) if verdicts else []


def _typed_dict(cls: Any, form: Any, path: str) -> list[str]:
    if not isinstance(form, dict):
        return [f"{path}: an object was expected"]
    hints = _hints(cls)
    own = {name: hint for name, hint in hints.items() if name not in RequestOptions.__annotations__}
    problems = [
        f"{path}[{name}]: missing" for name in own if name in cls.__required_keys__ and name not in form
    ]
    for name, value in form.items():
        if name in own:
            problems += _form_value(own[name], value, f"{path}[{name}]")
        else:
            problems.append(f"{path}[{name}]: unknown parameter")
    return problems


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, localns={"StripeContext": Any, "Mapping": Mapping}, include_extras=True)


def _form_value(hint: Any, value: Any, path: str) -> list[str]:
    origin = get_origin(hint)
    if origin in (NotRequired, Required, typing_extensions.NotRequired, typing_extensions.Required):
        return _form_value(get_args(hint)[0], value, path)
    if origin in UNIONS:
        return _form_union(get_args(hint), value, path)
    if typing_extensions.is_typeddict(hint):
        return _typed_dict(hint, value, path)
    if origin is list:
        items = value.values() if isinstance(value, dict) else [value]
        bad = [] if isinstance(value, dict) else [f"{path}: a list was expected"]
        return bad + [problem for item in items for problem in _form_value(get_args(hint)[0], item, path)]
    if origin is dict:
        return [] if isinstance(value, dict) or value == "" else [f"{path}: an object was expected"]
    return [] if _reads_as(hint, origin, value) else [f"{path}: {value!r} is not {hint}"]


def _form_union(options: tuple[Any, ...], value: Any, path: str) -> list[str]:
    # The SDK writes `Literal[...] | str` for its enums: the literal part is what Stripe takes.
    literals = [option for option in options if get_origin(option) is Literal]
    words = {word for literal in literals for word in get_args(literal)}
    plain = [option for option in options if option not in literals and not (words - {""} and option is str)]
    if isinstance(value, str) and (value in words or (words - {""} and not plain)):
        return [] if value in words else [f"{path}: {value!r} is not one of {sorted(words)}"]
    verdicts = [_form_value(option, value, path) for option in plain]
    return min(verdicts, key=len) if verdicts else [f"{path}: {value!r} fits nothing"]


def _reads_as(hint: Any, origin: Any, value: Any) -> bool:
    if hint is UntypedStripeObject or origin is UntypedStripeObject:
        return isinstance(value, dict)
    if not isinstance(value, str):
        return hint is Any
    if origin is Literal:
        return value in get_args(hint)
    if hint is bool:
        return value in ("true", "false")
    if hint in (int, float, Decimal):
        return re.fullmatch(r"-?[0-9]+" if hint is int else r"-?[0-9.]+", value) is not None
    return True


@functools.cache
def resource_classes() -> dict[str, Any]:
    """Return the SDK's class of every object name, and of every class name."""
    named = {
        name: getattr(importlib.import_module(module), cls) for name, (module, cls) in OBJECT_CLASSES.items()
    }
    return (
        named | {cls.__name__: cls for cls in named.values()} | {"CheckoutSession": stripe.checkout.Session}
    )


@functools.cache
def fixtures() -> dict[str, Json]:
    """Return Stripe's own sample objects, or nothing where they are not at hand."""
    if not FIXTURES.exists():
        return {}
    return dict(json.loads(FIXTURES.read_text())["resources"])


def answer_problems(body: Any) -> list[str]:
    """Return what the SDK's classes and Stripe's samples say against an answer."""
    if body.get("object") == "list":
        return [problem for item in body["data"] for problem in answer_problems(item)]
    if body.get("deleted") or "error" in body:
        return []
    cls = resource_classes().get(body["object"])
    if cls is None:
        return [f"the SDK knows no object {body['object']}"]
    sample = fixtures().get(body["object"], {})
    lacking = [key for key in sample if key not in body and key not in ABSENT.get(body["object"], set())]
    nested = answer_problems(body["data"]["object"]) if body["object"] == "event" else []
    return (
        [f"{body['object']}.{key}: in Stripe's sample, absent here" for key in lacking]
        + nested
        + _resource(cls, body, body["object"])
    )


def _resource(cls: Any, body: Any, path: str) -> list[str]:
    if not isinstance(body, dict):
        return [f"{path}: an object was expected, not {body!r}"]
    fields = _fields(cls)
    problems = [
        f"{path}.{name}: missing"
        for name, hint in fields.items()
        if name not in body and name != "deleted" and not _is_optional(hint)
    ]
    for name, value in body.items():
        if name in fields:
            problems += _value(fields[name], value, f"{path}.{name}")
        elif fields:
            problems.append(f"{path}.{name}: not in {cls.__qualname__}")
    return problems


@functools.cache
def _fields(cls: Any) -> dict[str, Any]:
    classes = [
        base for base in reversed(cls.__mro__) if issubclass(base, StripeObject) and base is not StripeObject
    ]
    return {
        name: hint
        for base in classes
        for name, hint in inspect.get_annotations(base).items()
        if not name.startswith("_") and "ClassVar" not in str(hint)
    }


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in UNIONS and type(None) in get_args(hint)


def _value(hint: Any, value: Any, path: str) -> list[str]:  # noqa: PLR0911 (one return for each kind of type)
    if isinstance(hint, ForwardRef | str):
        hint = resource_classes().get(
            hint if isinstance(hint, str) else hint.__forward_arg__.split(".")[-1], Any
        )
    origin = get_origin(hint)
    if hint is Any:
        return []
    if origin in UNIONS:
        return _union(get_args(hint), value, path)
    if origin is ListObject:
        whole = isinstance(value, dict) and {"object", "data", "has_more", "url"} <= set(value)
        items = value["data"] if whole else []
        bad = [] if whole else [f"{path}: a list object was expected"]
        return bad + [problem for item in items for problem in _value(get_args(hint)[0], item, path)]
    if origin is list:
        bad = [] if isinstance(value, list) else [f"{path}: a list was expected"]
        return bad or [problem for item in value for problem in _value(get_args(hint)[0], item, path)]
    if origin in (dict, UntypedStripeObject) or hint is UntypedStripeObject:
        return [] if isinstance(value, dict) else [f"{path}: an object was expected"]
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        return _resource(hint, value, path)
    return _plain(hint, origin, value, path)


def _union(options: tuple[Any, ...], value: Any, path: str) -> list[str]:
    if value is None:
        return [] if type(None) in options else [f"{path}: null is not allowed"]
    words = {word for option in options if get_origin(option) is Literal for word in get_args(option)}
    if words and isinstance(value, str):
        return [] if value in words else [f"{path}: {value!r} is not one of {sorted(words)}"]
    verdicts = [_value(option, value, path) for option in options if option is not type(None)]
    return min(verdicts, key=len)


def _plain(hint: Any, origin: Any, value: Any, path: str) -> list[str]:
    if origin is Literal:
        return [] if value in get_args(hint) else [f"{path}: {value!r} is not in {get_args(hint)}"]
    if hint is Decimal:
        return [] if isinstance(value, str) else [f"{path}: a decimal string was expected"]
    if hint in (int, str, bool, float) and type(value) is not hint:
        return [f"{path}: {hint.__name__} was expected, not {value!r}"]
    return []
