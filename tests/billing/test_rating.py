"""billing.rating.rate: what a run costs, to the micro, and the lines that say why."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from billing import rating
from billing.rating import Line, rate
from billing.rating.quantities import METRICS_MAX
from config.kit.errors import InvalidInputError
from marketplace.terms import PriceModel, PriceTerms
from wallets.money import MICRO, Micros

PER_REQUEST = (PriceTerms(PriceModel.PER_UNIT, "request", Decimal(50)),)
PER_TOKEN = (
    PriceTerms(PriceModel.PER_UNIT, "input_tokens", Decimal("0.001")),
    PriceTerms(PriceModel.PER_UNIT, "output_tokens", Decimal("0.003")),
)
TRACE = Path(settings.BASE_DIR).parent / "shared" / "data" / "azure_llm_trace_conv_2023.csv"


def rated(
    usage: dict[str, Decimal], prices: tuple[PriceTerms, ...], *, minimum: int = 0, quantum: int = 1
) -> int:
    result = rate(prices=prices, usage=usage, minimum=minimum, quantum=quantum)
    assert sum(line.amount for line in result.lines) == result.amount
    return result.amount


def test_it_charges_a_request_by_the_request() -> None:
    assert rated({"request": Decimal(1)}, PER_REQUEST) == 50 * MICRO
    assert rated({"request": Decimal(3)}, PER_REQUEST) == 150 * MICRO


def test_it_takes_a_run_for_one_request_when_its_usage_says_nothing() -> None:
    assert rated({}, PER_REQUEST) == 50 * MICRO


def test_it_explains_each_line() -> None:
    usage = {"input_tokens": Decimal(374), "output_tokens": Decimal(44)}

    result = rate(prices=PER_TOKEN, usage=usage, minimum=0, quantum=1)

    assert result.amount == 506_000
    assert result.lines == (
        Line("input_tokens", Decimal(374), Decimal("0.001"), Micros(374_000)),
        Line("output_tokens", Decimal(44), Decimal("0.003"), Micros(132_000)),
    )


def test_it_keeps_an_unpriced_metric_as_a_reading_that_costs_nothing() -> None:
    result = rate(prices=PER_REQUEST, usage={"gpu_seconds": Decimal("1.5")}, minimum=0, quantum=1)

    assert result.amount == 50 * MICRO
    assert Line("gpu_seconds", Decimal("1.5"), Decimal(0), Micros(0)) in result.lines


def test_it_charges_a_flat_price_once_however_much_was_used() -> None:
    flat = (PriceTerms(PriceModel.FLAT, "run", Decimal("1.5")),)

    assert rated({"request": Decimal(9), "run": Decimal(7)}, flat) == 1_500_000


def test_it_charges_nothing_for_a_free_run() -> None:
    assert rated({"request": Decimal(1)}, ()) == 0


def test_it_never_charges_below_the_minimum() -> None:
    result = rate(prices=PER_TOKEN, usage={"input_tokens": Decimal(1)}, minimum=MICRO, quantum=1)

    assert result.amount == MICRO
    assert result.lines[-1] == Line(rating.MINIMUM_LINE, Decimal(1), Decimal(0), Micros(999_000))


@pytest.mark.parametrize(
    ("tokens", "quantum", "amount"),
    [
        (1499, MICRO, 1 * MICRO),
        (1500, MICRO, 2 * MICRO),  # half up
        (499, MICRO, 0),
        (1499, 1, 1_499_000),
        (1234, 10_000, 1_230_000),
        (1235, 10_000, 1_240_000),
    ],
)
def test_it_rounds_the_run_once_to_the_versions_quantum(tokens: int, quantum: int, amount: int) -> None:
    assert rated({"input_tokens": Decimal(tokens)}, PER_TOKEN, quantum=quantum) == amount


def test_it_rounds_two_halves_of_a_quantum_together_not_apart() -> None:
    usage = {"input_tokens": Decimal(400), "output_tokens": Decimal(100)}

    assert rated(usage, PER_TOKEN, quantum=MICRO) == 1 * MICRO


def test_it_rounds_half_a_micro_up() -> None:
    fine = (PriceTerms(PriceModel.PER_UNIT, "byte", Decimal("0.0000005")),)

    assert rated({"byte": Decimal(1)}, fine) == 1
    assert rated({"byte": Decimal("0.999999999")}, fine) == 0


@pytest.mark.parametrize(
    "quantity",
    [
        "-1",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1000000000001",
        "0.0000000001",
        "1E+400",
        "1E-400",
        "1." + "0" * 60,
    ],
)
def test_it_refuses_a_quantity_that_no_run_can_have(quantity: str) -> None:
    with pytest.raises(InvalidInputError, match="usage/input_tokens"):
        rate(prices=PER_TOKEN, usage={"input_tokens": Decimal(quantity)}, minimum=0, quantum=1)


@pytest.mark.parametrize("metric", ["", "a b", "\x00", "x" * 61, "9lives", "<b>"])
def test_it_refuses_a_metric_without_a_proper_name(metric: str) -> None:
    with pytest.raises(InvalidInputError, match="names its metrics"):
        rate(prices=(), usage={metric: Decimal(1)}, minimum=0, quantum=1)


def test_it_refuses_more_metrics_than_a_run_reports() -> None:
    usage = {f"m{number}": Decimal(1) for number in range(METRICS_MAX + 1)}

    with pytest.raises(InvalidInputError, match="more than 100 metrics"):
        rate(prices=(), usage=usage, minimum=0, quantum=1)


def test_it_refuses_a_charge_that_the_ledger_could_not_hold() -> None:
    dear = (PriceTerms(PriceModel.PER_UNIT, "request", Decimal(10**9)),)

    with pytest.raises(InvalidInputError, match="too large"):
        rate(prices=dear, usage={"request": Decimal(10**12)}, minimum=0, quantum=1)


@pytest.mark.skipif(not TRACE.exists(), reason="the trace of LLM requests is not beside this checkout")
def test_it_charges_the_whole_trace_to_the_micro() -> None:
    with TRACE.open(newline="") as file:
        runs = [
            {"input_tokens": Decimal(row["ContextTokens"]), "output_tokens": Decimal(row["GeneratedTokens"])}
            for row in csv.DictReader(file)
        ]

    assert len(runs) == 19_366
    assert sum(rated(run, PER_TOKEN) for run in runs) == 34_627_865_000
