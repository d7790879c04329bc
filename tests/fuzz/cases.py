"""The cases that the committed schema gives rise to, drawn by schemathesis from a seed."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias

import schemathesis
import yaml
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import BaseSchema, GenerationMode
from schemathesis.core.result import Ok

from config.devservices import environment

# Their type parameters say nothing here.
Case: TypeAlias = schemathesis.Case[Any]
Operation: TypeAlias = Any

DOCUMENT: Final = environment.ROOT / "docs" / "openapi.yaml"


@dataclass
class Drawn:
    """One operation's cases: the schema's boundaries, what it allows, what it forbids."""

    operation: Operation
    edge: list[Case] = field(default_factory=list)
    right: list[Case] = field(default_factory=list)
    wrong: list[Case] = field(default_factory=list)


@cache
def schema() -> BaseSchema:
    """Load the committed schema, to be spoken to the application in this process, through all its middleware."""
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    # Keys are the world's business: a made-up one would only ever try the first line of every view.
    document["components"].pop("securitySchemes")
    for methods in document["paths"].values():
        for described in methods.values():
            described.pop("security")
    loaded = schemathesis.openapi.from_dict(document)
    loaded.app = WSGIHandler()
    return loaded


def operations(*, prefix: str) -> list[Operation]:
    """List the operations whose path begins so."""
    found = [result.ok() for result in schema().get_all_operations() if isinstance(result, Ok)]
    return [operation for operation in found if operation.path.startswith(prefix)]


def draw(*, operation: Operation, count: int, number: int) -> Drawn:
    """Draw so many cases of what is right and of what is wrong, and all of the boundaries; `number` is the seed."""
    config = schema().config.generation_for(operation=operation, phase="coverage")
    edge = schema().iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=config
    )
    right = _drawn(operation, GenerationMode.POSITIVE, count, number)
    # A call that takes nothing but its path has nothing that could be wrong.
    wrong = (
        _drawn(operation, GenerationMode.NEGATIVE, count, number) if operation.body or operation.query else []
    )
    return Drawn(operation, list(edge), right, wrong)


def _drawn(operation: Operation, mode: GenerationMode, count: int, number: int) -> list[Case]:
    found: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def take(case: Case) -> None:
        found.append(case)

    take()
    return found
