"""The desk: the manifest being written, as a form's inputs or as its YAML text.

The form carries the text that it was opened with. While both say the same, that text is the manifest, with its
author's comments and line breaks; once the form says something else, the manifest is written anew from the form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from marketplace.manifest import ManifestError, Pricing, Problem, parse, render
from marketplace.price_editor import documents, steps
from marketplace.price_editor.documents import Document
from marketplace.price_editor.samples import SAMPLES

FORM, YAML = "form", "yaml"
# A browser's form may send a thousand inputs (DATA_UPLOAD_MAX_NUMBER_FIELDS), the page's own among them.
INPUTS_MAX: Final = 900
TOO_LONG: Final = Problem(None, "manifest", "has too many prices for the form: edit it as YAML")


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the creator's desk: the view, the text as it was last written, and in the form its inputs."""

    text: str
    document: Document | None = None
    problems: tuple[Problem, ...] = ()
    focus: str = ""

    @property
    def view(self) -> str:
        """Name the view."""
        return YAML if self.document is None else FORM

    @property
    def inputs(self) -> dict[str, str]:
        """Give the form's texts by their inputs."""
        return {} if self.document is None else documents.inputs(document=self.document)


def opened(*, text: str) -> Desk:
    """Open a text as a form; one that cannot be read stays a text, with what is wrong."""
    if not text.strip():
        return Desk(text, Document())
    try:
        document = documents.of_pricing(pricing=parse(text))
    except ManifestError as refusal:
        return Desk(text, None, refusal.problems)
    if len(documents.inputs(document=document)) > INPUTS_MAX:
        return Desk(text, None, (TOO_LONG,))
    return Desk(text, document)


def typed(*, data: Mapping[str, str]) -> Desk:
    """Read what a page posts: a text, or a form's inputs with the text that it was opened with."""
    # Browsers put their own line ends into forms: the text is kept as its author wrote it.
    text = str(data.get("manifest", "")).replace("\r\n", "\n")
    if data.get("view") != FORM:
        return Desk(text)
    if f"{documents.ROOT}.model" not in data:
        return opened(text=text)
    return Desk(text, documents.typed(data=data))


def written(*, desk: Desk) -> str:
    """Give the manifest that a desk makes; raise ManifestError for a form that makes none."""
    if desk.document is None:
        return desk.text
    pricing = parse(documents.manifest(document=desk.document))
    _check_payees(desk.document)
    return desk.text if _read(desk.text) == pricing else render(pricing)


def take(*, desk: Desk, step: str, earlier: Callable[[str], str]) -> Desk:
    """Do what a button of the editor says; `earlier` gives the text of a version by its number, as text.

    A form that makes no manifest stays open with its problems, and so does a text that makes no form.
    """
    word, _, about = step.partition(":")
    if word == "view":
        return _seen_as(desk, about)
    if word == "sample":
        text = next((sample.text for sample in SAMPLES if sample.name == about), desk.text)
        return _as(desk.view, text)
    if word == "version":
        return _as(desk.view, earlier(about) or desk.text)
    if desk.document is None:
        return desk
    focus = steps.take(document=desk.document, step=step)
    return replace(desk, focus=focus)


def checked(*, desk: Desk) -> Desk:
    """Note what keeps a desk from making a manifest."""
    try:
        parse(written(desk=desk))
    except ManifestError as refusal:
        return replace(desk, problems=refusal.problems)
    return desk


def _seen_as(desk: Desk, view: str) -> Desk:
    try:
        text = written(desk=desk)
    except ManifestError as refusal:
        return replace(desk, problems=refusal.problems)
    return _as(view, text)


def _as(view: str, text: str) -> Desk:
    return opened(text=text) if view == FORM else Desk(text)


def _read(text: str) -> Pricing | None:
    try:
        return parse(text)
    except ManifestError:
        return None


def _check_payees(document: Document) -> None:
    list_name = documents.ON_TOP if document.is_on_top else documents.PAYEES
    names = [row.texts.get("name", "") for row in document.lists()[list_name]]
    # In the manifest payees are keys: the reader cannot see that one was given twice.
    problems = [
        Problem(None, f"{list_name}[{place}].name", "is given twice")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
    if problems:
        raise ManifestError(problems)
