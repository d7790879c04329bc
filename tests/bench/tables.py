"""Tables in Markdown: printed at once, and written into a document between two marks."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from config.devservices import environment
from tests.bench import web
from tests.bench.clients import Load
from tests.bench.rounds import Line

DOCUMENT: Final = environment.ROOT / "docs" / "benchmarks.md"


def part(title: str, rows: Sequence[Sequence[str]]) -> str:
    """Make a titled table, its first row the heads, and print it: a later part that fails must not take it along."""
    heads, *rest = rows
    lines = [heads, ["---"] * len(heads), *rest]
    told = f"### {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
    sys.stdout.write(told)
    sys.stdout.flush()
    return told


def of_lines(
    lines: Sequence[Line], *, callers: str = "", loads: Mapping[str, Load] | None = None
) -> list[list[str]]:
    """Give the rows of measured lines; `callers` is whose CPU stands beside PostgreSQL's."""
    heads = ["what", "a second", "ratio", "to", "PostgreSQL µs"]
    heads += [f"{callers} µs"] if callers else []
    heads += ["p50 ms", "p99 ms"] if loads else []
    return [heads, *(_row(line, callers, loads) for line in lines)]


def write(mark: str, text: str) -> None:
    """Put text into the document between `<!-- mark writes from here -->` and `<!-- to here: mark -->`."""
    begin, end = f"<!-- {mark} writes from here -->\n", f"<!-- to here: {mark} -->\n"
    document = Path(DOCUMENT)
    before, _, rest = document.read_text(encoding="utf-8").partition(begin)
    document.write_text(f"{before}{begin}{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


def _row(line: Line, callers: str, loads: Mapping[str, Load] | None) -> list[str]:
    base = "" if line.base == line.name else line.base
    row = [line.name, f"{line.rate:,.0f}", f"{line.ratio:.2f}", base, f"{line.postgres_us:,.0f}"]
    if callers:
        row.append(f"{line.callers_us:,.0f}" if line.callers_us else "")
    if loads:
        row += [f"{value:.1f}" for value in web.percentiles(loads[line.name])]
    return row
