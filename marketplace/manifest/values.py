"""Reads single values of YAML nodes; what is wrong is noted and the reading goes on: one look finds all."""

import re
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from marketplace.manifest.document import Problem

NUMBER: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?")
TEXT_TAG: Final = "tag:yaml.org,2002:str"
SHOWN_MAX: Final = 40
CREDITS_MAX: Final = Decimal(1_000_000_000)
CREDIT_PLACES: Final = 6


class Notes:
    """The problems found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, node: Node, field: str, message: str) -> None:
        """Note a problem at a node's line."""
        self.problems.append(Problem(node.start_mark.line + 1, field, message))

    def mapping(
        self, node: Node, field: str, *, known: Collection[str] | None, required: Collection[str] = ()
    ) -> dict[str, Node]:
        """Read a mapping's fields; unknown (unless any is known), repeated and missing ones are problems."""
        if not isinstance(node, MappingNode):
            self.add(node, field, "must be a mapping of fields")
            return {}
        fields: dict[str, Node] = {}
        for key, value in node.value:
            self._field(fields, key, value, field, known)
        for name in required:
            if name not in fields:
                self.add(node, join(field, name), "is missing")
        return fields

    def _field(
        self, fields: dict[str, Node], key: Node, value: Node, field: str, known: Collection[str] | None
    ) -> None:
        name = key.value if isinstance(key, ScalarNode) else "?"
        path = join(field, shown(name))
        if known is not None and name not in known:
            self.add(key, path, f"unknown field; known are {', '.join(known)}")
        elif name in fields:
            self.add(key, path, "is given twice")
        else:
            fields[name] = value

    def items(self, node: Node | None, field: str, *, most: int) -> list[Node]:
        """Read a list that has at least one item."""
        if node is None:
            return []
        if not isinstance(node, SequenceNode) or not node.value:
            self.add(node, field, "must be a list with at least one item")
            return []
        if len(node.value) > most:
            self.add(node, field, f"has more than {most} items")
            return []
        return list(node.value)

    def text(self, node: Node | None, field: str, *, pattern: re.Pattern[str], meaning: str) -> str:
        """Read a text of a shape; empty when it is missing or wrong."""
        if node is None:
            return ""
        if isinstance(node, ScalarNode) and node.tag == TEXT_TAG and pattern.fullmatch(node.value):
            return str(node.value)
        self.add(node, field, f"must be {meaning}")
        return ""

    def choice(self, node: Node | None, field: str, values: Iterable[str]) -> str:
        """Read one of some words; empty when it is missing or wrong."""
        words = list(values)
        return self.text(
            node, field, pattern=re.compile("|".join(words)), meaning=f"one of {', '.join(words)}"
        )

    def flag(self, node: Node | None, field: str, *, default: bool) -> bool:
        """Read true or false."""
        if node is None:
            return default
        if isinstance(node, ScalarNode) and node.value in ("true", "false"):
            return bool(node.value == "true")
        self.add(node, field, "must be true or false")
        return default

    def number(
        self, node: Node | None, field: str, *, places: int, most: Decimal, least: Decimal = Decimal(0)
    ) -> Decimal | None:
        """Read an exact decimal; None when it is missing or wrong."""
        if node is None:
            return None
        problem = _number_problem(node, places=places, least=least, most=most)
        if problem:
            self.add(node, field, problem)
            return None
        return Decimal(node.value)


def join(field: str, name: str) -> str:
    """Name a field of a field."""
    return f"{field}.{name}" if field else name


def shown(text: str) -> str:
    """Make a text of the author's fit for a message."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text[:SHOWN_MAX])
    return printable if len(text) <= SHOWN_MAX else printable + "…"


def _number_problem(node: Node, *, places: int, least: Decimal, most: Decimal) -> str:
    if not isinstance(node, ScalarNode) or not NUMBER.fullmatch(node.value):
        return "must be a plain decimal number such as 50 or 0.001"
    number = Decimal(node.value)
    if number < least:
        return f"must be {least} or more"
    if number > most:
        return f"must be {most} or less"
    if -int(number.normalize().as_tuple().exponent) > places:
        return f"has more than {places} decimal places"
    return ""
