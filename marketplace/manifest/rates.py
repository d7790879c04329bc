"""Reads the `rates:` of a manifest: one price of a metric each, of any price model."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from yaml.nodes import Node, ScalarNode

from marketplace.manifest.pricing import PRICE_PLACES, Rate
from marketplace.manifest.values import CREDIT_PLACES, CREDITS_MAX, Notes, join
from marketplace.terms import ZERO, Overage, PaymentTerm, PriceBand, PriceModel

METRIC: Final = re.compile(r"[a-z][a-z0-9_.]{0,59}")
RATES_MAX: Final = 50
BANDS_MAX: Final = 50
PER_MAX: Final = 1_000_000_000
QUANTITY_MAX: Final = Decimal(10**12)
QUANTITY_PLACES: Final = 9
PERCENT_PLACES: Final = 6
SHARED: Final = ("metric", "model", "included", "minimum")
PERIODIC: Final = ("payment_term", "overage")
BY_UNIT: Final = (*SHARED, "amount", "per")
BY_BAND: Final = (*SHARED, "bands")
FIELDS: Final[dict[PriceModel, tuple[str, ...]]] = {
    PriceModel.FLAT: ("metric", "model", "amount", "per"),
    PriceModel.PER_UNIT: BY_UNIT,
    PriceModel.PACKAGE: BY_UNIT,
    PriceModel.GRADUATED: BY_BAND,
    PriceModel.VOLUME: BY_BAND,
    PriceModel.PERCENTAGE: (*SHARED, "percent"),
    PriceModel.DYNAMIC: (*SHARED, "least", "most"),
}
REQUIRED: Final[dict[PriceModel, tuple[str, ...]]] = {
    PriceModel.FLAT: ("metric", "amount"),
    PriceModel.PER_UNIT: ("metric", "amount"),
    PriceModel.PACKAGE: ("metric", "amount", "per"),
    PriceModel.GRADUATED: ("metric", "bands"),
    PriceModel.VOLUME: ("metric", "bands"),
    PriceModel.PERCENTAGE: ("metric", "percent"),
    PriceModel.DYNAMIC: ("metric", "most"),
}


def read_rates(
    notes: Notes, node: Node | None, *, field: str = "rates", of_period: bool = False
) -> tuple[Rate, ...]:
    """Read the list; a metric that is priced twice is a problem.

    What a period costs also says when it is paid and what becomes of use above what is included; a run does not.
    """
    rates: dict[str, Rate] = {}
    for place, item in enumerate(notes.items(node, field, most=RATES_MAX)):
        path = f"{field}[{place}]"
        rate = _rate(notes, item, path, PERIODIC if of_period else ())
        if rate and rate.metric in rates:
            notes.add(item, join(path, "metric"), f'"{rate.metric}" is priced twice')
        elif rate:
            rates[rate.metric] = rate
    return tuple(rates.values())


def _rate(notes: Notes, node: Node, path: str, more: tuple[str, ...]) -> Rate | None:
    seen = len(notes.problems)
    model = _model(notes, Notes().mapping(node, path, known=None), path)
    if model is None:
        return None
    fields = notes.mapping(node, path, known=(*FIELDS[model], *more), required=REQUIRED[model])
    read = _Fields(notes, fields, path)
    metric = notes.text(
        fields.get("metric"),
        join(path, "metric"),
        pattern=METRIC,
        meaning="a name such as request: small letters, digits, _ and .",
    )
    said = {
        "included": read.number("included", places=QUANTITY_PLACES, most=QUANTITY_MAX),
        "minimum": read.number("minimum", places=CREDIT_PLACES, most=CREDITS_MAX),
        "overage": Overage(read.choice("overage", Overage) or Overage.ON),
        "payment_term": PaymentTerm(read.choice("payment_term", PaymentTerm) or PaymentTerm.IN_ARREARS),
        **READERS[model](read),
    }
    rate = Rate(metric, model=model, **said)
    _check_unit_price(notes, rate, fields, path)
    _check_term(notes, rate, fields, path)
    return rate if len(notes.problems) == seen else None


def _model(notes: Notes, fields: dict[str, Node], path: str) -> PriceModel | None:
    node = fields.get("model")
    if node is None:
        return PriceModel.FLAT if _is_run(fields.get("per")) else PriceModel.PER_UNIT
    name = notes.choice(node, join(path, "model"), [model.value for model in PriceModel])
    return PriceModel(name) if name else None


class _Fields:
    """The fields of one rate; what is missing reads as zero."""

    def __init__(self, notes: Notes, fields: dict[str, Node], path: str) -> None:
        self.notes, self.fields, self.path = notes, fields, path

    def number(self, name: str, *, places: int, most: Decimal, least: Decimal = ZERO) -> Decimal:
        node = self.fields.get(name)
        found = self.notes.number(node, join(self.path, name), places=places, most=most, least=least)
        return ZERO if found is None else found

    def choice(self, name: str, values: Iterable[str]) -> str:
        return self.notes.choice(self.fields.get(name), join(self.path, name), values)


def _by_unit(read: _Fields) -> dict[str, Any]:
    amount = read.number("amount", places=PRICE_PLACES, most=CREDITS_MAX)
    return {"amount": amount, "per": int(_per(read)) or 1}


def _per(read: _Fields) -> Decimal:
    if _is_run(read.fields.get("per")):
        return Decimal(1)
    return read.number("per", places=0, least=Decimal(1), most=Decimal(PER_MAX))


def _flat(read: _Fields) -> dict[str, Any]:
    if "per" in read.fields and not _is_run(read.fields["per"]):
        read.notes.add(read.fields["per"], join(read.path, "per"), "of a flat price is run, or left out")
    return {"amount": read.number("amount", places=PRICE_PLACES, most=CREDITS_MAX)}


def _percentage(read: _Fields) -> dict[str, Any]:
    return {"amount": read.number("percent", places=PERCENT_PLACES, most=Decimal(100))}


def _dynamic(read: _Fields) -> dict[str, Any]:
    least = read.number("least", places=PRICE_PLACES, most=CREDITS_MAX)
    most = read.number("most", places=PRICE_PLACES, most=CREDITS_MAX)
    if "most" in read.fields and most < least:
        read.notes.add(read.fields["most"], join(read.path, "most"), "must not be below least")
    return {"least": least, "most": most}


def _banded(read: _Fields) -> dict[str, Any]:
    nodes = read.notes.items(read.fields.get("bands"), join(read.path, "bands"), most=BANDS_MAX)
    bands = []
    for place, node in enumerate(nodes):
        bands.append(_band(read.notes, node, f"{read.path}.bands[{place}]", last=place == len(nodes) - 1))
    ends = [band.up_to for band in bands if band.up_to is not None]
    if ends != sorted(set(ends)):
        read.notes.add(read.fields["bands"], join(read.path, "bands"), "must each end above the one before")
    return {"bands": tuple(bands)}


def _band(notes: Notes, node: Node, path: str, *, last: bool) -> PriceBand:
    fields = notes.mapping(node, path, known=("up_to", "amount", "flat"), required=("amount",))
    read = _Fields(notes, fields, path)
    end = read.number(
        "up_to", places=QUANTITY_PLACES, least=Decimal(1).scaleb(-QUANTITY_PLACES), most=QUANTITY_MAX
    )
    if last == ("up_to" in fields):
        problem = "the last band has no up_to" if last else "every band but the last has an up_to"
        notes.add(node, join(path, "up_to"), problem)
    return PriceBand(
        up_to=None if last else end,
        unit_price=read.number("amount", places=PRICE_PLACES, most=CREDITS_MAX),
        flat_price=read.number("flat", places=CREDIT_PLACES, most=CREDITS_MAX),
    )


def _check_unit_price(notes: Notes, rate: Rate, fields: dict[str, Node], path: str) -> None:
    if -int(rate.unit_price().normalize().as_tuple().exponent) > PRICE_PLACES:
        problem = f"divided by per has more than {PRICE_PLACES} decimal places"
        notes.add(fields["amount"], join(path, "amount"), problem)


def _check_term(notes: Notes, rate: Rate, fields: dict[str, Node], path: str) -> None:
    if rate.payment_term is PaymentTerm.IN_ADVANCE and rate.model is not PriceModel.FLAT:
        problem = "in_advance is for flat prices: what is used is known afterwards"
        notes.add(fields["payment_term"], join(path, "payment_term"), problem)


def _is_run(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.value == "run"


READERS: Final[dict[PriceModel, Callable[[_Fields], dict[str, Any]]]] = {
    PriceModel.FLAT: _flat,
    PriceModel.PER_UNIT: _by_unit,
    PriceModel.PACKAGE: _by_unit,
    PriceModel.GRADUATED: _banded,
    PriceModel.VOLUME: _banded,
    PriceModel.PERCENTAGE: _percentage,
    PriceModel.DYNAMIC: _dynamic,
}
