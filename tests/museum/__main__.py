"""`make museum`: put each bug back into a copy of the tree, see its test go red there, and forget the copy."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import django

from config.devservices.home import Home
from tests.museum import catalogue, exhibits
from tests.museum.exhibits import ROOT, Exhibit
from tests.support.server import shared_cluster

# What a test says when it was wrong about us; anything else (an import, a server) proves nothing.
SAID_BY_THE_TEST: Final = ("AssertionError", "assert ", "Failed: ")
SHOWN: Final = 90
# A patch of SQL has the template migrated anew, which a busy machine takes its time for.
PATIENT: Final = ("--timeout=900",)
AT_ONCE: Final = 2


def main(argv: Sequence[str]) -> int:
    """Show the exhibits that have a patch (those named, if any are), or write docs/museum.md."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    django.setup()
    shown = exhibits.every()
    if argv == ["write"]:
        catalogue.DOCUMENT.write_text(catalogue.document(shown))
        return 0
    patched = [each for each in shown if each.patch.exists() and (not argv or each.patch.stem in argv)]
    if not patched:
        say(f"No patch is named {' or '.join(argv)}.")
        return 1
    # A home of its own: the templates of broken migrations push nobody's own out.
    os.environ["FAREBOX_HOME"] = str(Home(Home.from_environment().path / "museum").path)
    with tempfile.TemporaryDirectory(prefix="farebox-museum-") as folder, shared_cluster():
        return _show(patched, Path(folder))


def _show(patched: Sequence[Exhibit], folder: Path) -> int:
    tree = _copy(folder / "tree")
    say(f"{len(patched)} tests on the code as it is.")
    red = _red(tree, [exhibit.test for exhibit in patched])
    if red is None or red:
        say(f"Not green without a patch: {red or 'pytest did not run'}")
        return 1
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        seen = list(pool.map(lambda exhibit: _is_seen(exhibit, tree, folder / exhibit.patch.stem), patched))
    unseen = [exhibit.name for exhibit, is_seen in zip(patched, seen, strict=True) if not is_seen]
    say(f"{len(patched)} bugs put back, {len(patched) - len(unseen)} seen.")
    for name in unseen:
        say(f"NOT SEEN: {name}")
    return 1 if unseen else 0


def _is_seen(exhibit: Exhibit, tree: Path, patched: Path) -> bool:
    began = time.monotonic()
    shutil.copytree(tree, patched)
    try:
        applied = _git("apply", "--whitespace=nowarn", str(exhibit.patch), folder=patched)
        red = _red(patched, [exhibit.test]) if applied else None
    finally:
        shutil.rmtree(patched)
    told = next(iter(red.values())) if red else "still green" if applied else "the patch does not apply"
    if red is None and applied:
        told = "failed, but not by an assertion of the test"
    mark = "red  " if red else "WRONG"
    seconds = time.monotonic() - began
    where = exhibit.label or "a rule of ours"
    say(f"{mark} {seconds:4.0f} s  {where:36} {exhibit.patch.stem}\n               {told[:SHOWN]}")
    return bool(red)


def _red(tree: Path, tests: Sequence[str]) -> dict[str, str] | None:
    """Run tests in a tree; give what each red one asserted, or None when something else went wrong."""
    report = tree / "museum.xml"
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PATIENT, f"--junit-xml={report}"]
    done = subprocess.run([*argv, *tests], cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode > 1 or not report.exists():
        say(done.stdout[-2_000:] + done.stderr[-2_000:])
        return None
    failed = {}
    for case in ET.parse(report).iter("testcase"):
        for failure in case.iter("failure"):
            failed[case.get("name", "")] = failure.get("message", "").partition("\n")[0]
    if done.returncode and not any(said.startswith(SAID_BY_THE_TEST) for said in failed.values()):
        say(done.stdout[-2_000:])
        return None
    return {name: said for name, said in failed.items() if said.startswith(SAID_BY_THE_TEST)}


def _copy(tree: Path) -> Path:
    """Copy the working tree as it is, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _git(*argv: str, folder: Path) -> bool:
    # Not as part of any repository around the folder: git would then skip files without a word.
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(["git", *argv], cwd=folder, env=environ, capture_output=True, check=False)
    return done.returncode == 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
