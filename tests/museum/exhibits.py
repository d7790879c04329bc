"""What the museum holds: the incidents of others, each with its link and the test that plays it against us."""

import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
PATCHES: Final = FOLDER / "patches"
LINK: Final = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(issues/\d+|pull/\d+|blob/[0-9a-f]{40}/\S+)")
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A test, what happened elsewhere, and the link to it; a rule of our ledger has no link."""

    test: str
    happened: str
    link: str = ""

    @property
    def name(self) -> str:
        """The test's own name, without its file."""
        return self.test.partition("::")[2]

    @property
    def patch(self) -> Path:
        """The patch that puts the bug back into our code; not every exhibit has one."""
        return PATCHES / f"{self.name.removeprefix('test_')}.patch"

    @property
    def label(self) -> str:
        """Owner, repository and number, as people write them; nothing for a rule."""
        if not self.link:
            return ""
        owner, repository, kind, number = self.link.removeprefix("https://github.com/").split("/")[:4]
        return f"{owner}/{repository}" + (f"#{number}" if kind != "blob" else f" {Path(self.link).name}")


_shown: Final[dict[str, Exhibit]] = {}


def incident(link: str) -> Callable[[Test], Test]:
    """Show a test as the incident at a link; its docstring says what happened there."""
    return lambda test: _show(test, link)


def rule(test: Test) -> Test:
    """Show a test of a rule that random runs would never see broken."""
    return _show(test, "")


def every() -> list[Exhibit]:
    """List all exhibits, in the order of the files."""
    for file in sorted(FOLDER.glob("test_*.py")):
        importlib.import_module(f"{__package__}.{file.stem}")
    return sorted(_shown.values(), key=lambda exhibit: exhibit.test.partition("::")[0])


def _show(test: Test, link: str) -> Test:
    file = Path(inspect.getfile(test)).name
    exhibit = Exhibit(f"tests/museum/{file}::{test.__name__}", (test.__doc__ or "").strip(), link)
    _shown[exhibit.test] = exhibit
    return test
