"""What no linter of ours checks: short files and functions, imports at the top, no float near money, live job names.

A line that must break a rule says `# house: <rule>: <why>`; the rules are the names of the tests' checks below.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from celery import current_app

from config.celery import BEAT
from config.kit import ids

ROOT: Final = Path(__file__).parents[1]
SOURCE_FOLDERS: Final = ("config", "accounts", "wallets", "marketplace", "billing", "payouts", "tests")
FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 70
# Where a binary fraction could touch an amount.
MONEY_FOLDERS: Final = ("wallets", "marketplace", "billing", "payouts")
# Commands and the replayed trace are clients: they send texts and measure milliseconds.
CLIENTS: Final = frozenset({"management", "replay"})
JOB_NAME: Final = re.compile(r"^[a-z]+\.[a-z_]+$")
# Django's own hook, where a package's modules may first be imported.
HOOKS: Final = frozenset({"ready"})


def sources(*folders: str) -> list[Path]:
    """List the hand-written Python files of some folders."""
    found = (file.relative_to(ROOT) for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return sorted(
        ROOT / file for file in found if "migrations" not in str(file) and "__pycache__" not in file.parts
    )


ALL: Final = sources(*SOURCE_FOLDERS)


def excused(file: Path, line: int, rule: str) -> bool:
    """Tell whether a line carries the escape comment of a rule."""
    return f"# house: {rule}:" in file.read_text().splitlines()[line - 1]


def at(file: Path, node: ast.AST) -> str:
    """Name a place as an editor opens it."""
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Walk a file's functions."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


class TestShape:
    def test_it_keeps_files_short(self) -> None:
        long = [
            f"{file.relative_to(ROOT)}: {lines}" for file in ALL if (lines := _lines(file)) > FILE_LINES_MAX
        ]

        assert long == []

    def test_it_keeps_functions_short(self) -> None:
        long = [
            at(file, function)
            for file in ALL
            for function in functions(ast.parse(file.read_text()))
            if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES_MAX
        ]

        assert long == []

    def test_it_imports_at_the_top(self) -> None:
        hidden = [
            at(file, node)
            for file in ALL
            for function in functions(ast.parse(file.read_text()))
            if function.name not in HOOKS
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom) and not excused(file, node.lineno, "import")
        ]

        assert hidden == []

    def test_it_names_modules_for_their_noun(self) -> None:
        vague = [file for file in ALL if file.stem in {"utils", "helpers", "common", "misc"}]

        assert vague == []

    def test_it_leaves_nothing_to_do(self) -> None:
        marker = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
        left = [
            f"{file.relative_to(ROOT)}:{number}"
            for file in ALL
            if file != Path(__file__)
            for number, line in enumerate(file.read_text().splitlines(), 1)
            if marker.search(line)
        ]

        assert left == []


class TestMoney:
    def test_it_has_no_float_where_money_is(self) -> None:
        floats = [
            at(file, node)
            for file in sources(*MONEY_FOLDERS)
            if not CLIENTS.intersection(file.parts)
            for node in _walk_without_seconds(ast.parse(file.read_text()))
            if _is_float(node) and not excused(file, getattr(node, "lineno", 1), "float")
        ]

        assert floats == []


class TestIds:
    def test_it_knows_the_prefix_of_every_public_id_that_is_made(self) -> None:
        made = {
            name: getattr(ids, name) for file in sources(*MONEY_FOLDERS, "accounts") for name in _made(file)
        }

        assert {"CUSTOMER", "ADJUSTMENT", "CREDIT_NOTE"} < made.keys()
        assert {name: prefix for name, prefix in made.items() if prefix not in ids.PREFIXES} == {}


class TestJobs:
    """Jobs are enqueued by name, so that tasks may import operations: the names and arguments are checked here."""

    @pytest.fixture(autouse=True)
    def _tasks(self) -> None:
        current_app.autodiscover_tasks(force=True)

    def test_it_enqueues_only_jobs_that_exist_with_their_arguments(self) -> None:
        wrong = [
            f"{at(file, call)} {name}"
            for file in sources(*MONEY_FOLDERS, "accounts", "config")
            for call, name, arguments in _enqueued(file)
            if name not in current_app.tasks or not _takes(name, arguments)
        ]

        assert wrong == []

    def test_it_schedules_only_jobs_that_exist(self) -> None:
        assert [name for name in BEAT if name not in current_app.tasks] == []

    def test_it_names_each_job_after_its_app(self) -> None:
        ours = [
            task for task in current_app.tasks.values() if task.__module__.split(".")[0] in SOURCE_FOLDERS
        ]

        assert ours
        assert [
            t.name for t in ours if not JOB_NAME.match(t.name) or t.name.split(".")[0] not in t.__module__
        ] == []


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def _walk_without_seconds(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out assignments to names that end in _SECONDS: a wait is no amount."""
    for child in ast.iter_child_nodes(node):
        targets = child.targets if isinstance(child, ast.Assign) else [getattr(child, "target", None)]
        if not any(isinstance(t, ast.Name) and t.id.endswith("_SECONDS") for t in targets):
            yield child
            yield from _walk_without_seconds(child)


def _is_float(node: ast.AST) -> bool:
    named = isinstance(node, ast.Name) and node.id in {"float", "FloatField"}
    field = isinstance(node, ast.Attribute) and node.attr == "FloatField"
    return named or field or (isinstance(node, ast.Constant) and isinstance(node.value, float))


def _enqueued(file: Path) -> Iterator[tuple[ast.Call, str, set[str]]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if called == "enqueue" and isinstance(first, ast.Constant) and isinstance(first.value, str):
            names = {keyword.arg for keyword in node.keywords if keyword.arg} - {"countdown_seconds"}
            yield node, first.value, names


def _made(file: Path) -> Iterator[str]:
    """Name the prefixes with which a file makes public ids: `ids.new(ids.PREFIX)`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ids.new":
            yield from (arg.attr for arg in node.args if isinstance(arg, ast.Attribute))


def _takes(name: str, arguments: set[str]) -> bool:
    parameters = inspect.signature(current_app.tasks[name].run).parameters.values()
    known = {p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}
    needed = {p.name for p in parameters if p.name in known and p.default is inspect.Parameter.empty}
    return needed <= arguments <= known
