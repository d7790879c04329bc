"""Form bodies with nested names (`a[b][0]=c`), and typed reading of them with Stripe's complaints."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from config.devservices.stripe.errors import StripeError

Form = dict[str, Any]
FIELDS_MAX: Final = 1000
DEPTH_MAX: Final = 8
TEXT_MAX: Final = 5000
METADATA_KEYS_MAX: Final = 50
METADATA_KEY_MAX: Final = 40
METADATA_VALUE_MAX: Final = 500
TRUE: Final = {"true": True, "false": False}


def parse(text: str) -> Form:
    """Turn a query string or form body into nested dicts; list items have "0", "1"... as keys."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise StripeError("Invalid request: the parameters could not be read.") from error
    form: Form = {}
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise StripeError("Invalid request: null bytes are not allowed.", param=name.replace("\x00", ""))
        _put(form, name, value)
    return form


def _put(form: Form, name: str, value: str) -> None:
    keys = [name.split("[", maxsplit=1)[0], *re.findall(r"\[([^\]]*)\]", name)]
    if len(keys) > DEPTH_MAX:
        raise StripeError("Invalid request: parameters are nested too deeply.", param=name)
    here = form
    for key in keys[:-1]:
        here = here.setdefault(key or str(len(here)), {})
        if not isinstance(here, dict):
            raise StripeError(f"Invalid request: {name} is both a value and an object.", param=name)
    here[keys[-1] or str(len(here))] = value


def leaves(form: Form, prefix: str = "") -> Iterable[str]:
    """Yield the dotted path of every value, list positions as `*`."""
    for key, value in form.items():
        path = f"{prefix}{'*' if key.isdigit() else key}"
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        else:
            yield path


def bracketed(path: str) -> str:
    """Write a dotted path as Stripe names parameters: `a[b][c]`."""
    head, *rest = path.split(".")
    return head + "".join(f"[{key}]" for key in rest)


class Params:
    """The parameters of one request, or of one object inside them."""

    def __init__(self, form: Form, path: str = "") -> None:
        self.form = form
        self.path = path

    def name(self, key: str) -> str:
        """Return the full name of a parameter for an error."""
        return f"{self.path}[{key}]" if self.path else key

    def has(self, key: str) -> bool:
        """Tell whether the parameter was sent at all."""
        return key in self.form

    def refuse_unknown(self, accepted: frozenset[str]) -> None:
        """Raise `parameter_unknown` for anything the endpoint does not take."""
        for path in leaves(self.form):
            parts = path.split(".")
            spellings = {path, *(".".join([*parts[:size], "**"]) for size in range(1, len(parts) + 1))}
            if not spellings & accepted and path != "expand.*":
                name = bracketed(path.replace(".*", ""))
                raise StripeError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)

    def text(self, key: str, *, longest: int = TEXT_MAX) -> str | None:
        """Read a string; an empty one unsets, and reads as None."""
        value = self.form.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise StripeError(f"Invalid string: {key}", param=self.name(key))
        if len(value) > longest:
            raise StripeError(
                f"Invalid {key}: must be at most {longest} characters",
                code="parameter_invalid_string",
                param=self.name(key),
            )
        return value

    def required(self, key: str) -> str:
        """Read a string that must be there."""
        value = self.text(key)
        if value is None:
            raise self.lacking(key)
        return value

    def lacking(self, key: str) -> StripeError:
        """Return `parameter_missing`."""
        name = self.name(key)
        return StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)

    def integer(self, key: str, *, least: int | None = None) -> int | None:
        """Read a whole number."""
        value = self.text(key)
        if value is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise StripeError(
                f"Invalid integer: {value[:50]}", code="parameter_invalid_integer", param=self.name(key)
            )
        if least is not None and int(value) < least:
            raise StripeError(
                f"Invalid {key}: must be greater than or equal to {least}",
                code="parameter_invalid_integer",
                param=self.name(key),
            )
        return int(value)

    def required_integer(self, key: str, *, least: int | None = None) -> int:
        """Read a whole number that must be there."""
        value = self.integer(key, least=least)
        if value is None:
            raise self.lacking(key)
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Read a boolean."""
        value = self.text(key)
        if value is None:
            return default
        if value.lower() not in TRUE:
            raise StripeError(f"Invalid boolean: {value[:50]}", param=self.name(key))
        return TRUE[value.lower()]

    def choice(self, key: str, options: Iterable[str]) -> str | None:
        """Read one of the given words."""
        value = self.text(key)
        options = tuple(options)
        if value is not None and value not in options:
            raise StripeError(f"Invalid {key}: must be one of {', '.join(options)}", param=self.name(key))
        return value

    def currency(self, key: str = "currency") -> str:
        """Read a currency code that must be there."""
        value = self.required(key).lower()
        if not re.fullmatch(r"[a-z]{3}", value):
            raise StripeError(f"Invalid currency: {value[:20]}", param=self.name(key))
        return value

    def child(self, key: str) -> "Params":
        """Read a nested object; an absent one has no fields."""
        value = self.form.get(key)
        if value is not None and value != "" and not isinstance(value, dict):
            raise StripeError("Invalid object", param=self.name(key))
        return Params(value or {}, self.name(key))

    def children(self, key: str) -> list["Params"]:
        """Read a list of objects."""
        items = self.child(key)
        return [items.child(index) for index in items.form]

    def strings(self, key: str) -> list[str]:
        """Read a list of strings."""
        items = self.child(key)
        return [items.required(index) for index in items.form]

    def metadata(self, *, before: dict[str, str] | None = None, key: str = "metadata") -> dict[str, str]:
        """Read metadata, merged over what was there; an empty value removes its key."""
        if self.form.get(key) == "":
            return {}
        merged = dict(before or {})
        for name, value in self.child(key).form.items():
            self._check_metadata(key, name, value)
            merged.pop(name, None) if value == "" else merged.update({name: value})
        if len(merged) > METADATA_KEYS_MAX:
            raise StripeError(f"Metadata can have up to {METADATA_KEYS_MAX} keys.", param=self.name(key))
        return merged

    def _check_metadata(self, key: str, name: str, value: Any) -> None:
        if not isinstance(value, str) or len(value) > METADATA_VALUE_MAX or len(name) > METADATA_KEY_MAX:
            raise StripeError(
                f"Metadata values can have up to {METADATA_VALUE_MAX} characters, and keys {METADATA_KEY_MAX}.",
                param=f"{self.name(key)}[{name[:50]}]",
            )
