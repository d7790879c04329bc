"""JSON as the API takes it."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest

from config.kit import strict_json
from config.kit.errors import InvalidInputError
from config.kit.strict_json import Exact, MalformedJsonError


class Reading(msgspec.Struct, forbid_unknown_fields=True):
    usage: dict[str, Exact] = {}
    occurred_at: Annotated[dt.datetime, msgspec.Meta(tz=True)] | None = None
    parts: list["Reading"] = []


class TestExact:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", "0"),
            ("7", "7"),
            ("-7", "-7"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("99999999999999999999", "99999999999999999999"),
            ("0.00000000000000000001", "0.00000000000000000001"),
            ('"2.50"', "2.50"),
            ('"-1"', "-1"),
        ],
    )
    def test_it_keeps_every_digit(self, text: str, value: str) -> None:
        reading = strict_json.decode(b'{"usage": {"a": %s}}' % text.encode(), Reading)

        assert reading.usage["a"] == Decimal(value)

    @pytest.mark.parametrize(
        "text",
        [
            '"NaN"',
            '"Infinity"',
            '"1e5"',
            '"1_000"',
            '" 1"',
            '""',
            '"٣"',
            "true",
            "null",
            "[]",
            "{}",
            '"0x1"',
            "100000000000000000000",
            "1e20",
            "1e-21",
            '"1."',
            '"+1"',
            '"' + "1" * 21 + '"',
        ],
    )
    def test_it_refuses_what_is_no_plain_number(self, text: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            strict_json.decode(b'{"usage": {"a": %s}}' % text.encode(), Reading)

        assert refusal.value.errors[0]["pointer"] == "/usage"


class TestLoads:
    @pytest.mark.parametrize(
        "body",
        [
            b"NaN",
            b"-Infinity",
            b"1e41",
            b"1e-41",
            b"1" * 41,
            b"1" * 5000,
            b"0." + b"1" * 50,
            b'{"a":1,"a":1}',
            b'"\\u0000"',
            b'["\\uD800"]',
            b'{"\\udfff":1}',
            b"\xff",
            b"\xef\xbb\xbf{}",
            b"[" * 50000,
            b"{'a':1}",
        ],
    )
    def test_it_refuses_what_is_not_kept(self, body: bytes) -> None:
        with pytest.raises(MalformedJsonError):
            strict_json.loads(body)

    @pytest.mark.parametrize(
        ("body", "value"),
        [
            (b'"\\ud83d\\ude00"', "😀"),
            (b'"\\\\u0000"', "\\u0000"),
            (b'"\\\\ud800"', "\\ud800"),
            (b"1.50", Decimal("1.50")),
        ],
    )
    def test_it_keeps_what_only_looks_alike(self, body: bytes, value: Any) -> None:
        assert strict_json.loads(body) == value


class TestPointers:
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            (b"[]", ""),
            (b'{"colour": 1}', "/colour"),
            (b'{"a/b~c": 1}', "/a~1b~0c"),
            (b'{"parts": [{}, {"usage": 1}]}', "/parts/1/usage"),
            (b'{"parts": {}}', "/parts"),
            (b'{"occurred_at": "2026-03-02T00:00:00"}', "/occurred_at"),
            (b'{"occurred_at": "yesterday"}', "/occurred_at"),
        ],
    )
    def test_they_name_the_field(self, body: bytes, pointer: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            strict_json.decode(body, Reading)

        assert [error["pointer"] for error in refusal.value.errors] == [pointer]
