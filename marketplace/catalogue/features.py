"""Reads the file of meters and features."""

import re
from decimal import Decimal
from typing import Final

from yaml.nodes import Node

from marketplace.catalogue.offers import FeatureOffer, Features, MeterOffer
from marketplace.listings import SLUG
from marketplace.manifest.document import ManifestError, compose
from marketplace.manifest.values import Notes, join
from marketplace.models import Meter

# A metric in capitals names a quota's wallet, whose unit has room for so many letters.
METRIC: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
METRIC_MEANING: Final = "up to 20 small letters, digits and _"
NAME: Final = re.compile(r"(?=.{1,60}\Z)[^\W_][\w .,/()+&-]*")
NAME_MEANING: Final = "a name of up to 60 letters or digits"
WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,59}")
EVENT_TYPE: Final = re.compile(r"[a-z][a-z0-9_.\-]{0,99}")
ITEMS_MAX: Final = 200
COST_PLACES: Final = 9
COST_MAX: Final = Decimal(1_000_000)
METER_FIELDS: Final = ("slug", "name", "event_type", "aggregation", "property")
FEATURE_FIELDS: Final = ("slug", "name", "metric", "meter", "cost_usd", "quota")


def read_features(text: str) -> Features:
    """Read meters and features; raise ManifestError with every problem found."""
    notes = Notes()
    fields = notes.mapping(compose(text), "", known=("meters", "features"), required=("features",))
    meters: dict[str, MeterOffer] = {}
    for place, node in enumerate(notes.items(fields.get("meters"), "meters", most=ITEMS_MAX)):
        meter = _meter(notes, node, f"meters[{place}]")
        if meter.slug in meters:
            notes.add(node, f"meters[{place}].slug", f'"{meter.slug}" is given twice')
        meters[meter.slug] = meter
    features: dict[str, FeatureOffer] = {}
    metrics: set[str] = set()
    for place, node in enumerate(notes.items(fields.get("features"), "features", most=ITEMS_MAX)):
        feature = _feature(notes, node, f"features[{place}]", meters)
        if feature.slug in features or feature.metric in metrics:
            notes.add(node, f"features[{place}]", "has the slug or the metric of another feature")
        features[feature.slug] = feature
        metrics |= {feature.metric} - {""}
    if notes.problems:
        raise ManifestError(notes.problems)
    return Features(meters=tuple(meters.values()), features=tuple(features.values()))


def _meter(notes: Notes, node: Node, path: str) -> MeterOffer:
    fields = notes.mapping(node, path, known=METER_FIELDS, required=METER_FIELDS[:4])
    counted = fields.get("property")
    meter = MeterOffer(
        slug=_metric(notes, fields, path, "slug"),
        name=_name(notes, fields, path),
        event_type=notes.text(
            fields.get("event_type"),
            join(path, "event_type"),
            pattern=EVENT_TYPE,
            meaning="an event's type such as com.example.stored",
        ),
        aggregation=notes.choice(
            fields.get("aggregation"), join(path, "aggregation"), Meter.Aggregation.values
        ),
        property=notes.text(
            counted, join(path, "property"), pattern=WORD, meaning="a property of the event's data"
        ),
    )
    if meter.aggregation not in ("", Meter.Aggregation.COUNT) and counted is None:
        notes.add(node, join(path, "property"), f"is missing: {meter.aggregation} reads a property")
    return meter


def _feature(notes: Notes, node: Node, path: str, meters: dict[str, MeterOffer]) -> FeatureOffer:
    fields = notes.mapping(node, path, known=FEATURE_FIELDS, required=("slug", "name"))
    meter = notes.choice(fields.get("meter"), join(path, "meter"), meters) if meters else ""
    cost = notes.number(fields.get("cost_usd"), join(path, "cost_usd"), places=COST_PLACES, most=COST_MAX)
    feature = FeatureOffer(
        slug=notes.text(
            fields.get("slug"),
            join(path, "slug"),
            pattern=SLUG,
            meaning="up to 60 small letters, digits and inner hyphens",
        ),
        name=_name(notes, fields, path),
        metric=_metric(notes, fields, path, "metric") or meter,
        meter=meter,
        cost_usd=cost,
        quota=notes.flag(fields.get("quota"), join(path, "quota"), default=False),
    )
    if meter and feature.metric != meter:
        notes.add(fields["metric"], join(path, "metric"), f"is its meter's, {meter}, or left out")
    if feature.has_runs and not feature.metric:
        notes.add(node, join(path, "metric"), "is missing: its runs report one")
    return feature


def _metric(notes: Notes, fields: dict[str, Node], path: str, name: str) -> str:
    return notes.text(fields.get(name), join(path, name), pattern=METRIC, meaning=METRIC_MEANING)


def _name(notes: Notes, fields: dict[str, Node], path: str) -> str:
    return notes.text(fields.get("name"), join(path, "name"), pattern=NAME, meaning=NAME_MEANING)
