"""The manifest: what render() writes, parse() reads back; no text at all breaks parse()."""

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace import manifest
from marketplace.manifest import ManifestError, Payee, Pricing, Problem, Rate, Tier
from marketplace.terms import PriceBand, PriceModel, PricingModel

CREDITS = st.decimals(min_value=0, max_value=10**9, places=6)
SOME_CREDITS = st.decimals(min_value=Decimal("0.000001"), max_value=10**9, places=6)
QUANTITIES = st.decimals(min_value=0, max_value=10**12, places=9)
SOME_QUANTITIES = st.decimals(min_value=Decimal("0.000000001"), max_value=10**12, places=9)
PERCENTS = st.decimals(min_value=0, max_value=100, places=6)
METRICS = st.from_regex(re.compile(r"[a-z][a-z0-9_.]{0,59}"), fullmatch=True)
TIER_NAMES = st.from_regex(re.compile(r"[a-zA-Z0-9é][\w .+-]{0,59}"), fullmatch=True)


@st.composite
def by_unit(draw: st.DrawFn, metric: str, model: PriceModel) -> Rate:
    per = draw(st.sampled_from([1, 1000, 1_000_000]))
    return Rate(metric, draw(CREDITS), per, model, included=draw(QUANTITIES), minimum=draw(CREDITS))


@st.composite
def banded(draw: st.DrawFn, metric: str, model: PriceModel) -> Rate:
    ends = sorted(draw(st.lists(SOME_QUANTITIES, max_size=4, unique=True)))
    bands = tuple(PriceBand(end, draw(CREDITS), draw(CREDITS)) for end in (*ends, None))
    return Rate(metric, model=model, bands=bands, included=draw(QUANTITIES))


@st.composite
def dynamic(draw: st.DrawFn, metric: str) -> Rate:
    least, most = sorted((draw(CREDITS), draw(CREDITS)))
    return Rate(metric, model=PriceModel.DYNAMIC, least=least, most=most)


def rate_of(metric: str, model: PriceModel) -> st.SearchStrategy[Rate]:
    match model:
        case PriceModel.FLAT:
            return st.builds(Rate, st.just(metric), CREDITS, model=st.just(model))
        case PriceModel.PER_UNIT | PriceModel.PACKAGE:
            return by_unit(metric, model)
        case PriceModel.GRADUATED | PriceModel.VOLUME:
            return banded(metric, model)
        case PriceModel.PERCENTAGE:
            return st.builds(Rate, st.just(metric), PERCENTS, model=st.just(model))
        case PriceModel.DYNAMIC:
            return dynamic(metric)


@st.composite
def rates(draw: st.DrawFn) -> tuple[Rate, ...]:
    metrics = draw(st.lists(METRICS, min_size=1, max_size=5, unique=True))
    return tuple(draw(rate_of(metric, draw(st.sampled_from(list(PriceModel))))) for metric in metrics)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    prices = st.decimals(min_value=Decimal("0.50"), max_value=Decimal("99999.99"), places=2)
    names = draw(st.lists(TIER_NAMES, min_size=1, max_size=4, unique=True))
    return tuple(Tier(name, draw(SOME_CREDITS), draw(prices)) for name in names)


@st.composite
def pricings(draw: st.DrawFn) -> Pricing:
    model = draw(st.sampled_from(list(PricingModel)))
    if model == PricingModel.FREE:
        return Pricing(model)
    minimum = draw(st.none() | CREDITS)
    hold = draw(st.none() | st.decimals(min_value=max(minimum or 0, 1), max_value=10**9, places=6))
    percent = st.decimals(min_value=0, max_value=100, places=2)
    split = draw(st.just(()) | st.tuples(st.builds(Payee, st.just("creator"), percent)))
    has_rates = model == PricingModel.USAGE_BASED or draw(st.booleans())
    return Pricing(
        model=model,
        rates=draw(rates()) if has_rates else (),
        tiers=draw(tiers()) if model == PricingModel.SUBSCRIPTION else (),
        default_hold=hold,
        minimum=minimum,
        quantum=draw(st.none() | st.just(Decimal("0.000001"))),
        split=split,
    )


@given(pricing=pricings())
def test_parse_reads_back_what_render_writes(pricing: Pricing) -> None:
    text = manifest.render(pricing)

    assert manifest.parse(text) == pricing
    assert manifest.render(manifest.parse(text)) == text


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        manifest.parse(text)
    except ManifestError as refusal:
        return refusal.problems
    return ()


@given(text=st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert problems_of(text) is not None


LINES = st.sampled_from(
    [
        "pricing:",
        "  model: free",
        '  model: "usage_based"',
        "  rates:",
        "    - metric: request",
        "      amount: 50",
        "      amount: -1",
        "      per: 0",
        "  split: {creator: 101}",
        "  minimum: .inf",
        "  &a x: *a",
        "  - 1",
        "  ? [",
        "...",
        "---",
        "  subscription_tiers:",
        "    - name: ''",
        "      price_usd: 9.999",
        "  quantum: 0",
        "\t",
        "  model: &a free",
    ]
)


@given(lines=st.lists(LINES, max_size=14))
def test_any_mix_of_likely_lines_is_read_or_refused_by_line(lines: list[str]) -> None:
    problems = problems_of("\n".join(lines))

    assert all(problem.line is None or 1 <= problem.line <= len(lines) + 1 for problem in problems)
