"""manifest.parse and render: the `pricing:` YAML of the sources, our additions, and every error by line and field."""

from decimal import Decimal

import pytest

from marketplace import manifest
from marketplace.manifest import ManifestError, Payee, Rate, Tier
from marketplace.manifest.document import BYTES_MAX
from marketplace.price_editor import samples
from marketplace.terms import PriceModel, PriceTerms, PricingModel

USAGE_BASED = """\
pricing:
  model: "usage_based"
  currency: "CREDITS"
  rates:
    - metric: "request"
      amount: 50
    - metric: "compute_minute"
      amount: 10
"""
SUBSCRIPTION = """\
pricing:
  model: "subscription"
  subscription_tiers:
    - name: "starter"
      credits_per_month: 1000
      price_usd: 9.99
    - name: "pro"
      credits_per_month: 10000
      price_usd: 49.99
"""


def told(text: str) -> list[str]:
    with pytest.raises(ManifestError) as refusal:
        manifest.parse(text)
    return [str(problem) for problem in refusal.value.problems]


def test_it_reads_the_sources_usage_based_pricing() -> None:
    pricing = manifest.parse(USAGE_BASED)

    assert pricing.model == PricingModel.USAGE_BASED
    assert pricing.rates == (Rate("request", Decimal(50)), Rate("compute_minute", Decimal(10)))
    assert manifest.render(pricing) == USAGE_BASED


def test_it_reads_the_sources_subscription() -> None:
    assert manifest.parse(SUBSCRIPTION).tiers == (
        Tier("starter", Decimal(1000), Decimal("9.99")),
        Tier("pro", Decimal(10000), Decimal("49.99")),
    )


def test_it_reads_free() -> None:
    assert manifest.parse("pricing: {model: free}").prices() == ()


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.name)
def test_the_editors_samples_are_canonical(sample: samples.Sample) -> None:
    assert manifest.render(manifest.parse(sample.text)).replace('  currency: "CREDITS"\n', "") == (
        sample.text.replace('  currency: "CREDITS"\n', "")
    )


def test_it_reads_prices_per_thousand_and_per_run() -> None:
    text = USAGE_BASED.replace("amount: 50", "amount: 3\n      per: 1000").replace(
        "amount: 10", "amount: 2\n      per: run"
    )

    assert manifest.parse(text).prices() == (
        PriceTerms(PriceModel.PER_UNIT, "request", Decimal("0.003")),
        PriceTerms(PriceModel.FLAT, "compute_minute", Decimal(2)),
    )


def rate_lines(*lines: str) -> str:
    return "pricing:\n  model: usage_based\n  rates:\n    - metric: gb\n" + "".join(
        f"      {line}\n" for line in lines
    )


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["model: tiered", "amount: 1"], "line 5, rates[0].model: must be one of flat, per_unit, graduated"),
        (["model: graduated", "amount: 1", "bands: [{amount: 1}]"], "rates[0].amount: unknown field"),
        (["model: graduated"], "rates[0].bands: is missing"),
        (["model: graduated", "bands: []"], "must be a list with at least one item"),
        (["model: volume", "bands: [{up_to: 10, amount: 1}]"], "the last band has no up_to"),
        (["model: volume", "bands: [{amount: 1}, {amount: 2}]"], "every band but the last has an up_to"),
        (
            ["model: volume", "bands: [{up_to: 9, amount: 1}, {up_to: 9, amount: 1}, {amount: 2}]"],
            "must each end above the one before",
        ),
        (["model: volume", "bands: [{up_to: 0, amount: 1}, {amount: 2}]"], "up_to: must be 1E-9 or more"),
        (["model: volume", "bands: [{amount: -1}]"], "rates[0].bands[0].amount: must be 0 or more"),
        (["model: volume", "bands: [{amount: 1, flat: -1}]"], "rates[0].bands[0].flat: must be 0 or more"),
        (["model: package", "amount: 1"], "rates[0].per: is missing"),
        (["model: percentage", "percent: 100.5"], "rates[0].percent: must be 100 or less"),
        (["model: dynamic", "least: 2", "most: 1"], "rates[0].most: must not be below least"),
        (["model: flat", "amount: 1", "per: 10"], "rates[0].per: of a flat price is run"),
        (["amount: 1", "included: -1"], "rates[0].included: must be 0 or more"),
        (["amount: 1", "minimum: 0.0000001"], "rates[0].minimum: has more than 6 decimal places"),
    ],
)
def test_it_names_what_is_wrong_with_a_price_of_any_model(lines: list[str], problem: str) -> None:
    (said,) = told(rate_lines(*lines))

    assert problem in said


def test_it_reads_holds_rounding_and_split() -> None:
    text = (
        USAGE_BASED
        + "  default_hold: 100\n  minimum: 1\n  quantum: 0.5\n  split: {creator: 80, platform: 20}\n"
    )

    pricing = manifest.parse(text)

    assert (pricing.default_hold, pricing.minimum, pricing.quantum) == (
        Decimal(100),
        Decimal(1),
        Decimal("0.5"),
    )
    assert pricing.split == (Payee("creator", Decimal(80)), Payee("platform", Decimal(20)))


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        ("-1", "must be 0 or more"),
        (".nan", "must be a plain decimal number"),
        (".inf", "must be a plain decimal number"),
        ("1e3", "must be a plain decimal number"),
        ("0x10", "must be a plain decimal number"),
        ("1_000", "must be a plain decimal number"),
        ("010", "must be a plain decimal number"),
        ("1:30", "must be a plain decimal number"),
        ("fifty", "must be a plain decimal number"),
        ("", "must be a plain decimal number"),
        ("[50]", "must be a plain decimal number"),
        ("1000000001", "must be 1000000000 or less"),
        ("9" * 40, "must be 1000000000 or less"),
        ("9" * 4000, "must be a plain decimal number"),
        ("0.0000000000001", "has more than 12 decimal places"),
        ("1\n      per: 3", "divided by per has more than 12 decimal places"),
    ],
)
def test_it_names_line_and_field_of_a_bad_amount(amount: str, problem: str) -> None:
    (told_problem,) = told(USAGE_BASED.replace("amount: 10", f"amount: {amount}"))

    assert told_problem.startswith(f"line 8, rates[1].amount: {problem}")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["manifest: is empty"]),
        ("rates: []", ["line 1, rates: unknown field", "line 1, pricing: is missing"]),
        ("- pricing", ["line 1, pricing: is missing"]),
        ("pricing: 5", ["line 1, pricing: must be a mapping"]),
        ("pricing: {}", ["line 1, model: is missing"]),
        ("pricing:\n  model: dynamic", ['line 2, model: must be "usage_based" or']),
        ("pricing:\n  model: [free]", ["line 2, model: must be"]),
        ("pricing:\n  model: free\n  rates: []", ["line 3, rates: unknown field"]),
        ("pricing:\n  model: usage_based", ["line 2, rates: is missing"]),
        ("pricing:\n  model: usage_based\n  rates: []", ["line 3, rates: must be a list with at least one"]),
        ("pricing:\n  model: usage_based\n  rates: {}", ["line 3, rates: must be a list"]),
        ("pricing:\n  model: usage_based\n  rates: [5]", ["line 3, rates[0]: must be a mapping"]),
        (USAGE_BASED.replace("CREDITS", "EUR"), ['line 3, currency: must be "CREDITS"']),
        (USAGE_BASED.replace("compute_minute", "request"), ['line 7, rates[1].metric: "request" is priced twice']),
        (USAGE_BASED.replace('"compute_minute"', "A b"), ["line 7, rates[1].metric: must be a name"]),
        (USAGE_BASED.replace("amount: 10", "price: 1"), ["line 7, rates[1].amount:", "line 8, rates[1].price: u"]),
        (USAGE_BASED + "  model: free\n", ["line 9, model: is given twice"]),
        (USAGE_BASED + "  colour: red\n", ["line 9, colour: unknown field; known are model, currency, rates"]),
        (USAGE_BASED + "  quantum: 0\n", ["line 9, quantum: must be 0.000001 or more"]),
        (USAGE_BASED + "  minimum: 0.0000001\n", ["line 9, minimum: has more than 6 decimal places"]),
        (USAGE_BASED + "  minimum: 1.5\n  quantum: 1\n", ["line 9, minimum: must be a multiple of the quantum, 1"]),
        (USAGE_BASED + "  minimum: 2\n  default_hold: 1\n", ["line 10, default_hold: must be at least the minimum, 2"]),
        (USAGE_BASED + "  split: {creator: 101}\n", ["line 9, split.creator: must be 100 or less"]),
        (USAGE_BASED + "  split: {creator: 70, platform: 20}\n", ["line 9, split: makes 90 %"]),
        (USAGE_BASED + "  split: {bob: 10}\n", ["line 9, split.bob: must be creator, platform or"]),
        (USAGE_BASED + "  split: {}\n", ["line 9, split: must name 1 to 20 payees"]),
        (USAGE_BASED.replace("amount: 10", "amount: 10\n      per: 0"), ["line 9, rates[1].per: must be 1 or more"]),
        (SUBSCRIPTION.replace('"pro"', '"starter"'), ['line 7, subscription_tiers[1].name: "starter" is given twice']),
        (SUBSCRIPTION.replace("9.99", "0.49", 1), ["line 6, subscription_tiers[0].price_usd: must be 0.50 or more"]),
        (SUBSCRIPTION.replace("9.99", "9.999", 1), ["line 6, subscription_tiers[0].price_usd: has more than 2"]),
        (SUBSCRIPTION.replace(": 1000\n", ": 0\n"), ["line 5, subscription_tiers[0].credits_per_month: must be"]),
        (SUBSCRIPTION.replace('"pro"', '""'), ["line 7, subscription_tiers[1].name: must be a name"]),
    ],
)  # fmt: skip
def test_it_names_line_and_field_of_every_mistake(text: str, problems: list[str]) -> None:
    found = told(text)

    assert len(found) == len(problems)
    assert all(line.startswith(begin) for line, begin in zip(found, problems, strict=True)), found


def test_it_finds_all_mistakes_in_one_look() -> None:
    text = USAGE_BASED.replace("amount: 50", "amount: -1").replace("CREDITS", "EUR") + "  colour: red\n"

    assert [problem.partition(":")[0] for problem in told(text)] == [
        "line 3, currency",
        "line 6, rates[0].amount",
        "line 9, colour",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pricing: &a [*a]", "line 1, manifest: may not use anchors or aliases"),
        ("pricing: *a", "line 1, manifest: may not use anchors or aliases"),
        ("[" * 60_000, "line 1, manifest: is nested too deeply"),
        ("pricing:\n" + "- 1\n" * 6000, "line 4998, manifest: has too many values"),
        ("#" * (BYTES_MAX + 1), "manifest: is larger than 64 kB"),
        ("é" * (BYTES_MAX // 2 + 1), "manifest: is larger than 64 kB"),
        ("pricing: {model: free}\n--- \nx: 1", "line 2, manifest: holds more than one document"),
        ("pricing:\n  model: fr\x00ee", "line 2, manifest: has a character that YAML does not allow"),
        ("pricing: \ud800", "line 1, manifest: has a character that YAML does not allow"),
        ("pricing:\n\tmodel: free", "line 2, manifest: is not valid YAML"),
        ("pricing:\n  model: 'free", "line 2, manifest: is not valid YAML"),
    ],
)
def test_it_survives_what_yaml_can_do(text: str, problem: str) -> None:
    (told_problem,) = told(text)

    assert told_problem.startswith(problem)


def test_it_never_builds_an_object_that_a_tag_names() -> None:
    pricing = manifest.parse("pricing: !!python/object/apply:os.system {model: free}")

    assert pricing.model == PricingModel.FREE


def test_it_reports_problems_as_the_api_does() -> None:
    with pytest.raises(ManifestError) as refusal:
        manifest.parse(USAGE_BASED.replace("amount: 50", "amount: -1"))

    assert (refusal.value.code, refusal.value.status) == ("invalid_manifest", 400)
    assert refusal.value.errors == [
        {"pointer": "rates[0].amount", "detail": "line 6, rates[0].amount: must be 0 or more"}
    ]
