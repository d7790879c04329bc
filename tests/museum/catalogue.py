"""docs/museum.md: the exhibits as a page."""

from collections.abc import Sequence
from typing import Final

from tests.museum.exhibits import ROOT, Exhibit

DOCUMENT: Final = ROOT / "docs" / "museum.md"
HEAD: Final = """\
# The bug museum

Incidents of billing systems, credit wallets and marketplaces, taken from their public trackers, each played against our
own code by a test in `tests/museum/` (in the suite: `make test TESTS=tests/museum`). Where the last column says so,
`make museum` also puts the bug back: it copies the working tree into a temporary folder, applies
`tests/museum/patches/<test>.patch` there, and wants the test red by its own assertion. The checkout is never touched.

To add one: a test with `@incident(link)` whose docstring says what happened there; a patch if the bug can be put back
in a few lines; then `.venv/bin/python -m tests.museum write` writes this page.

"""


def document(shown: Sequence[Exhibit]) -> str:
    """Write the page: the incidents, then the rules that random runs do not see broken."""
    incidents = [exhibit for exhibit in shown if exhibit.link]
    rules = [exhibit for exhibit in shown if not exhibit.link]
    return (
        HEAD
        + f"## {len(incidents)} incidents\n| what happened there | where | our test | put back |\n|---|---|---|---|\n"
        + "".join(_row(exhibit, f"[{exhibit.label}]({exhibit.link}) | ") for exhibit in incidents)
        + f"\n## {len(rules)} rules that random runs do not see broken\n| rule | our test | put back |\n|---|---|---|\n"
        + "".join(_row(exhibit, "") for exhibit in rules)
    )


def _row(exhibit: Exhibit, where: str) -> str:
    file = exhibit.test.partition("::")[0].rpartition("/")[2]
    patch = "yes" if exhibit.patch.exists() else ""
    return f"| {exhibit.happened} | {where}`{file}` {exhibit.name.removeprefix('test_')} | {patch} |\n"
