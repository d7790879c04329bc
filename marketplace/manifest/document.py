"""From text to YAML nodes that still know their lines; what YAML can do to a server stays out."""

from dataclasses import dataclass
from typing import Final

import yaml
from yaml.nodes import Node

from config.kit.errors import InvalidInputError

BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 8
EVENTS_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = ", ".join(([f"line {self.line}"] if self.line else []) + ([self.field] if self.field else []))
        return f"{place}: {self.message}" if place else self.message


class ManifestError(InvalidInputError):
    """The manifest cannot be published; `problems` says why, line by line."""

    code = "invalid_manifest"
    title = "The pricing manifest is not valid"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        errors = [{"pointer": problem.field, "detail": str(problem)} for problem in self.problems]
        super().__init__("; ".join(str(problem) for problem in self.problems), errors=errors)


def compose(text: str) -> Node:
    """Read one YAML document into nodes.

    Raises ManifestError for what is no YAML, too large, too deep, empty, or uses anchors (which can make a
    small text enormous) or several documents.
    """
    data = _encoded(text)
    if len(data) > BYTES_MAX:
        raise _refusal(None, f"is larger than {BYTES_MAX // 1024} kB")
    try:
        _check_events(data)
        node = yaml.compose(data, Loader=yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        raise _forbidden(data[: error.position]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What misses its end is marked after the last line.
        line = min(mark.line, data.rstrip().count(b"\n")) + 1 if mark else 1
        raise _refusal(line, f"is not valid YAML: {error.problem}") from error
    if node is None:
        raise _refusal(None, "is empty")
    return node


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _forbidden(text[: error.start].encode()) from error


def _check_events(text: bytes) -> None:
    # Events come one by one, so a hostile text is refused before anything is built from it.
    depth = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(line, "may not use anchors or aliases")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > DEPTH_MAX or count > EVENTS_MAX:
            raise _refusal(line, "is nested too deeply" if depth > DEPTH_MAX else "has too many values")
        if documents > 1:
            raise _refusal(line, "holds more than one document")


def _forbidden(before: bytes) -> ManifestError:
    return _refusal(before.count(b"\n") + 1, "has a character that YAML does not allow")


def _refusal(line: int | None, message: str) -> ManifestError:
    return ManifestError([Problem(line, "manifest", message)])
