"""The rows of the pricing form: one Django form each, whose inputs are named by their path in the manifest."""

from typing import Any, Final

from django import forms

from marketplace.models import RateCard
from marketplace.price_editor.documents import Row
from marketplace.terms import PriceModel, PricingModel

MODEL_LABELS: Final = {
    PriceModel.PER_UNIT: "Per unit",
    PriceModel.FLAT: "Flat fee",
    PriceModel.GRADUATED: "Graduated",
    PriceModel.VOLUME: "Volume",
    PriceModel.PACKAGE: "Package",
    PriceModel.PERCENTAGE: "Percentage",
    PriceModel.DYNAMIC: "Dynamic",
}
MODEL_HINTS: Final = {
    PriceModel.PER_UNIT: "So much for each unit.",
    PriceModel.FLAT: "So much for each run, whatever it uses.",
    PriceModel.GRADUATED: "Each band's units at that band's price.",
    PriceModel.VOLUME: "All units at the price of the band that the total falls into.",
    PriceModel.PACKAGE: "So much for each package of units begun.",
    PriceModel.PERCENTAGE: "A part of an amount that the run reports.",
    PriceModel.DYNAMIC: "The run states its own price a unit, within your bounds.",
}
PLAN_LABELS: Final = {
    PricingModel.USAGE_BASED: ("Pay per use", "Each run is charged for what it used."),
    PricingModel.SUBSCRIPTION: ("Subscription", "A monthly fee grants credits that runs use up."),
    PricingModel.FREE: ("Free", "Nobody is charged; you absorb the costs."),
}
EARNING_LABELS: Final = (
    ("share", "A share of each charge", "You set the price of a run; the platform has its part of it."),
    (
        "fixed",
        "A price on top",
        "You name what you have of each run; the platform's own price comes under it.",
    ),
)
METRIC_IDEAS: Final = (
    "request", "compute_unit", "compute_minute", "input_tokens", "output_tokens", "pages", "images", "rows",
)  # fmt: skip


class PathForm(forms.Form):
    """A form whose inputs are named by the path of what they say, as the manifest's reader names it."""

    use_required_attribute = False

    def add_prefix(self, field_name: str) -> str:
        """Name an input."""
        return f"{self.prefix}.{field_name}"

    def note(self, problems: dict[str, str]) -> None:
        """Show the reader's problems at their fields."""
        for name in self.fields:
            problem = problems.pop(self.add_prefix(name), None)
            if problem and name not in self.errors:
                self.add_error(name, f"{problem[:1].upper()}{problem[1:]}.")


def number(label: str, *, required: bool = False, hint: str = "") -> forms.CharField:
    """Make a field for an exact number, which the manifest's reader will read."""
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})
    return forms.CharField(label=label, required=required, help_text=hint, widget=widget)


class RateForm(PathForm):
    """One price; its fields are those of its model."""

    model = forms.CharField(label="Pricing model")
    metric = forms.CharField(
        label="Metric",
        help_text="What the run reports, such as request or output_tokens.",
        widget=forms.TextInput(
            attrs={
                "list": "metric-ideas",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    amount = number("Price", required=True)
    per = number("For each")
    percent = number("Percentage", required=True)
    least = number("Lowest price a unit")
    most = number("Highest price a unit", required=True)
    included = number("Included in each run", hint="Units without charge.")
    minimum = number("Minimum charge", hint="The least that this price comes to.")

    def __init__(self, *, row: Row, **named: Any) -> None:
        super().__init__(**named)
        shown = SHOWN.get(row.model, ("model", "metric"))
        for name in [name for name in self.fields if name not in shown]:
            del self.fields[name]
        self.fields["model"].widget = forms.Select(
            choices=[(model.value, label) for model, label in MODEL_LABELS.items()],
            attrs={
                "hx-post": "",
                "hx-trigger": "change",
                "hx-sync": "closest form:drop",
                "hx-target": "#pricing",
                "hx-vals": '{"step": "shape"}',
            },
        )
        if row.model in MODEL_HINTS:
            self.fields["model"].help_text = MODEL_HINTS[PriceModel(row.model)]
        if row.model == PriceModel.PACKAGE:
            self.fields["per"].required = True
            self.fields["amount"].label = "Price of a package"
            self.fields["per"].label = "Units in a package"
        if row.model == PriceModel.FLAT:
            self.fields["amount"].label = "Price of a run"
            self.fields["metric"].label = "Name"
            self.fields["metric"].help_text = "What receipts call it."


class BandForm(PathForm):
    """One band of a graduated or volume price; the last has no end."""

    up_to = number("Up to", required=True)
    amount = number("Price a unit", required=True)
    flat = number("Flat fee")

    def __init__(self, *, last: bool, **named: Any) -> None:
        super().__init__(**named)
        if last:
            del self.fields["up_to"]


class TierForm(PathForm):
    """A subscription tier."""

    name = forms.CharField(label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    credits_per_month = number("Credits a month", required=True)
    price_usd = number("Price a month", required=True)


class PayeeForm(PathForm):
    """Who has a part of each charge."""

    name = forms.CharField(
        label="Who", widget=forms.TextInput(attrs={"autocomplete": "off", "list": "payee-ideas"})
    )
    percent = number("Part of each charge", required=True)


class OnTopForm(PathForm):
    """Who has a fixed price of each run."""

    name = forms.CharField(
        label="Who", widget=forms.TextInput(attrs={"autocomplete": "off", "list": "payee-ideas"})
    )
    usd = number("Price of a run", required=True)


class RunForm(PathForm):
    """What holds for a run as a whole."""

    minimum = number("Minimum charge", hint="The least that a run comes to, in credits.")
    quantum = number("Round to", hint="A charge is a multiple of this: 1 for whole credits.")
    default_hold = number(
        "Default hold", hint="Credits reserved for a run that names no usage; the rest is released."
    )


class CardForm(PathForm):
    """The rate card that prices tokens by model."""

    rate_card = forms.CharField(label="Rate card")

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        cards = RateCard.objects.order_by("name").values_list("slug", "name")
        self.fields["rate_card"].widget = forms.Select(choices=[("", "Choose one"), *cards])


SHARED: Final = ("model", "metric")
ALLOWANCE: Final = ("included", "minimum")
SHOWN: Final = {
    PriceModel.FLAT.value: (*SHARED, "amount"),
    PriceModel.PER_UNIT.value: (*SHARED, "amount", "per", *ALLOWANCE),
    PriceModel.PACKAGE.value: (*SHARED, "amount", "per", *ALLOWANCE),
    PriceModel.GRADUATED.value: (*SHARED, *ALLOWANCE),
    PriceModel.VOLUME.value: (*SHARED, *ALLOWANCE),
    PriceModel.PERCENTAGE.value: (*SHARED, "percent", *ALLOWANCE),
    PriceModel.DYNAMIC.value: (*SHARED, "least", "most", *ALLOWANCE),
}
