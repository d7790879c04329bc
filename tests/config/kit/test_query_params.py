"""Query parameters: moments, choices, nothing unknown."""

import datetime as dt

import pytest

from config.kit import query_params
from config.kit.errors import InvalidInputError

MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-03-02", "2026-03-02T00:00:00Z", "2026-03-02T01:00:00+01:00", "2026-03-02T01:00:00 01:00"],
)
def test_a_moment_is_read_in_utc(text: str) -> None:
    moment = query_params.moment({"from": text}, "from")

    assert moment == MIDNIGHT
    assert moment.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-03-02T00:00:00",
        "2026-3-2",
        "20260302",
        "2026-W10-1",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "0001-01-01T00:00:00Z",
        "1969-12-31",
        "2026-03-02T25:00:00Z",
        "２026-03-02",
        "2026-03-02\x00",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        query_params.moment({"from": text}, "from")

    assert refusal.value.errors[0]["pointer"] == "/from"


def test_what_is_left_out_is_none() -> None:
    assert query_params.moment({}, "from") is None
    assert query_params.text({}, "kind") == ""
    assert query_params.choice({}, "type", choices=["a"]) == ""


@pytest.mark.parametrize("text", ["c", "", "A"])
def test_what_is_no_choice_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        query_params.choice({"type": text}, "type", choices=["a", "b"])


@pytest.mark.parametrize("text", ["a\x00", "a" * 101])
def test_what_is_no_short_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        query_params.text({"kind": text}, "kind")


def test_unknown_parameters_are_named() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        query_params.refuse_unknown({"form": "x", "to": "y"}, known={"from", "to"})

    assert refusal.value.errors == [{"pointer": "/form", "detail": "is not a parameter"}]
