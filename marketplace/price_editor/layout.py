"""The whole pricing form as the page shows it: a desk laid out as rows, each problem at its input."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from marketplace.manifest import Problem
from marketplace.price_editor.desk import Desk
from marketplace.price_editor.documents import (
    BANDED,
    BANDS,
    ON_TOP,
    PAYEES,
    RATES,
    ROOT,
    TIERS,
    Document,
    Row,
)
from marketplace.price_editor.rows import (
    MODEL_LABELS,
    PLAN_LABELS,
    BandForm,
    CardForm,
    OnTopForm,
    PathForm,
    PayeeForm,
    RateForm,
    RunForm,
    TierForm,
)
from marketplace.terms import PricingModel

# Where payees are keys of the manifest: the input that a problem of one stands at.
PAYEE_FIELDS: Final = {PAYEES: "percent", ON_TOP: "usd"}


@dataclass(frozen=True, slots=True)
class Band:
    """A band's form, and where the band begins."""

    form: BandForm
    above: str
    number: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One price, tier or payee of the form."""

    form: PathForm
    place: int
    label: str = ""
    bands: tuple[Band, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A pricing model to choose."""

    value: str
    label: str
    hint: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class PricingForm:
    """The whole form."""

    model: str
    choices: tuple[Choice, ...]
    rates: tuple[Panel, ...]
    card: CardForm | None
    run: RunForm | None
    tiers: tuple[Panel, ...]
    payees: tuple[Panel, ...]
    on_top: tuple[Panel, ...]
    hidden: tuple[tuple[str, str], ...]
    problems: tuple[tuple[str, str], ...]


def pricing_form(*, desk: Desk, document: Document) -> PricingForm:
    """Lay a desk out as forms; what they do not show is carried along unseen."""
    return _Layout(desk, document).whole()


class _Layout:
    def __init__(self, desk: Desk, document: Document) -> None:
        self.document, self.data = document, desk.inputs
        self.problems = _by_input(desk.problems, document)
        self.judged = bool(desk.problems)
        self.focus = desk.focus
        self.shown: set[str] = {f"{ROOT}.model"}

    def whole(self) -> PricingForm:
        model = self.document.model
        charged = model in (PricingModel.USAGE_BASED, PricingModel.SUBSCRIPTION)
        fixed = self.document.is_on_top
        rates = self._panels(RATES, self.document.rates) if charged and not fixed else ()
        tiers = self._panels(TIERS, self.document.tiers) if model == PricingModel.SUBSCRIPTION else ()
        payees = self._panels(PAYEES, self.document.payees) if charged and not fixed else ()
        on_top = self._panels(ON_TOP, self.document.on_top) if fixed else ()
        card = self._form(CardForm, ROOT) if charged and "rate_card" in self.document.texts else None
        run = self._form(RunForm, ROOT) if charged else None
        return PricingForm(
            model,
            tuple(Choice(each.value, *PLAN_LABELS[each], each == model) for each in PricingModel),
            rates,
            card,
            run,
            tiers,
            payees,
            on_top,
            tuple((name, text) for name, text in self.data.items() if name not in self.shown),
            tuple((path.removeprefix(f"{ROOT}."), problem) for path, problem in self.problems.items()),
        )

    def _panels(self, name: str, rows: list[Row]) -> tuple[Panel, ...]:
        return tuple(self._panel(name, place, row) for place, row in enumerate(rows))

    def _panel(self, name: str, place: int, row: Row) -> Panel:
        path = f"{ROOT}.{name}[{place}]"
        if name == TIERS:
            return Panel(self._form(TierForm, path), place)
        if name == PAYEES:
            return Panel(self._form(PayeeForm, path), place)
        if name == ON_TOP:
            return Panel(self._form(OnTopForm, path), place)
        bands = tuple(self._bands(path, row)) if row.model in BANDED else ()
        label = MODEL_LABELS.get(row.model, "Price")  # type: ignore[call-overload]
        form = self._form(RateForm, path, row=row)
        return Panel(form, place, label, bands, self.problems.pop(f"{path}.{BANDS}", ""))

    def _bands(self, path: str, row: Row) -> Iterable[Band]:
        last = len(row.bands) - 1
        above = "0"
        for place, band in enumerate(row.bands):
            form = self._form(BandForm, f"{path}.{BANDS}[{place}]", last=place == last)
            yield Band(form, above, place)
            above = band.get("up_to", "")

    def _form(self, kind: type[Any], prefix: str, **named: Any) -> Any:
        # Only a form that was judged shows errors: a row just added has none yet.
        form = kind(data=self.data if self.judged else None, prefix=prefix, **named)
        form.initial = {name: self.data.get(form.add_prefix(name), "") for name in form.fields}
        self.shown |= {form.add_prefix(name) for name in form.fields}
        for name, field in form.fields.items():
            if form.add_prefix(name) == self.focus:
                field.widget.attrs["autofocus"] = True
        if self.judged:
            form.note(self.problems)
        return form


def _by_input(problems: Iterable[Problem], document: Document) -> dict[str, str]:
    named = {
        name: {row.texts.get("name", ""): place for place, row in enumerate(document.lists()[name])}
        for name in PAYEE_FIELDS
    }
    found: dict[str, str] = {}
    for problem in problems:
        path = problem.field
        list_name, _, payee = path.partition(".")
        if payee in named.get(list_name, {}):
            path = f"{list_name}[{named[list_name][payee]}].{PAYEE_FIELDS[list_name]}"
        found.setdefault(f"{ROOT}.{path}", problem.message)
    return found
