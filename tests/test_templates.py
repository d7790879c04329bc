"""Every template compiles, and none holds what the content security policy refuses."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT: Final = Path(settings.BASE_DIR) / "templates"
TEMPLATES: Final = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.html"))
PUBLIC: Final = [name for name in TEMPLATES if not name.startswith("admin/")]
REFUSED: Final = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
    "an inline style": re.compile(r"<style|\sstyle="),
    "an event handler": re.compile(r"\son[a-z]+=|hx-on[:=-]"),
    "another host's asset": re.compile(r"(?:src|href|action)=[\"'](?:https?:)?//"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_holds_nothing_that_the_policy_refuses(name: str) -> None:
    text = (ROOT / name).read_text()

    assert [what for what, pattern in REFUSED.items() if pattern.search(text)] == []


def test_the_built_styles_are_those_of_the_templates(tmp_path: Path) -> None:
    """`make css` was run: a class that no build has seen would have no effect."""
    built = tmp_path / "app.css"
    command = [".venv/bin/tailwindcss", "--input", "assets/app.css", "--output", str(built), "--minify"]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True)

    assert built.read_text() == (Path(settings.BASE_DIR) / "static/css/app.css").read_text(), "run make css"
