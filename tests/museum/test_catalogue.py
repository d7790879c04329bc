"""The museum itself: enough incidents, each with a link of its own, and patches that still fit our code."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.museum import catalogue, exhibits
from tests.museum.exhibits import LINK, PATCHES, ROOT

INCIDENTS_MIN = 25
PATCHED_INCIDENTS_MIN = 10
RULES = 3
PRODUCT = ("accounts/", "wallets/", "marketplace/", "billing/", "payouts/", "config/")


def test_it_shows_enough_incidents_each_with_its_own_link() -> None:
    incidents = [exhibit for exhibit in exhibits.every() if exhibit.link]

    assert len(incidents) >= INCIDENTS_MIN
    assert [exhibit.link for exhibit in incidents if not LINK.fullmatch(exhibit.link)] == []
    assert [link for link, count in Counter(each.link for each in incidents).items() if count > 1] == []


def test_it_says_of_each_in_a_line_what_happened() -> None:
    assert [each.test for each in exhibits.every() if not each.happened.endswith((".", ")"))] == []
    assert [each.test for each in exhibits.every() if "\n" in each.happened] == []


def test_it_can_put_enough_bugs_back() -> None:
    patched = [exhibit for exhibit in exhibits.every() if exhibit.patch.exists()]

    assert len([exhibit for exhibit in patched if exhibit.link]) >= PATCHED_INCIDENTS_MIN
    assert len([exhibit for exhibit in patched if not exhibit.link]) == RULES
    assert {exhibit.patch for exhibit in patched} == set(PATCHES.iterdir())


@pytest.mark.parametrize("patch", sorted(PATCHES.glob("*.patch")), ids=lambda patch: patch.stem)
def test_every_patch_applies_to_our_code_alone(patch: Path) -> None:
    changed = [line[6:] for line in patch.read_text().splitlines() if line.startswith(("--- a/", "+++ b/"))]
    applied = subprocess.run(
        ["git", "apply", "--check", str(patch)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert changed
    assert [file for file in changed if not file.startswith(PRODUCT)] == []
    assert applied.returncode == 0, applied.stderr


def test_its_page_is_what_it_shows() -> None:
    told = "Write it again: .venv/bin/python -m tests.museum write"

    assert catalogue.DOCUMENT.read_text() == catalogue.document(exhibits.every()), told
