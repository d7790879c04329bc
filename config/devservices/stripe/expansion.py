"""`expand[]`: ids replaced by the objects they name."""

from collections.abc import Callable
from typing import Any, Final

from config.devservices.stripe import events
from config.devservices.stripe.errors import Json, StripeError
from config.devservices.stripe.forms import Params
from config.devservices.stripe.scope import Scope

DEPTH_MAX: Final = 4
INCLUDABLE: Final[dict[tuple[str, str], Callable[[Scope, Json], Json | None]]] = {}


def apply(scope: Scope, body: Json, params: Params) -> Json:
    """Return the public form of an answer with the asked fields expanded."""
    answer: Json = events.public(body)
    for path in params.strings("expand"):
        keys = path.split(".")
        if len(keys) > DEPTH_MAX:
            raise StripeError(
                f"You cannot expand more than {DEPTH_MAX} levels of a property.", param="expand"
            )
        if not _expand(scope, answer, keys):
            raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    return answer


def _expand(scope: Scope, here: Any, keys: list[str], name: str = "") -> bool:
    if isinstance(here, list):
        expanded = [_expand(scope, item, keys, name) for item in here]
        return all(expanded)
    if not isinstance(here, dict):
        return False
    key, rest = keys[0], keys[1:]
    include = INCLUDABLE.get((here.get("object", name), key))
    if include:
        here[key] = events.public(include(scope, here))
    elif isinstance(here.get(key), str):
        found = scope.store.find(here[key])
        if found is None:
            return False
        here[key] = events.public(found)
    elif key not in here:
        return False
    return not rest or here[key] is None or _expand(scope, here[key], rest, key)
