"""How a value is converted in a field of each type; RESCUED if it does not fit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsed_rows import as_parsed

from tap_bigcommerce.api.response import parse_leniently
from tap_bigcommerce.records.converter import Converter

# A value that does not fit: null in its field, and written to `_rescued_data`.
RESCUED = object()

HUGE = 123456789012345678901234567890
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def converter(field: Any, **options: Any) -> Converter:
    schema = {
        "type": "object",
        "properties": {"field": field, "_rescued_data": {"type": ["null", "string"]}},
    }
    return Converter(schema, schema, **options)


def text_of(made: Converter, value: Any) -> tuple[str, str | None]:
    """The JSON text of the field, and of what was rescued from it."""
    out = made.convert(as_parsed({"field": value}))
    rescued = out.pop("_rescued_data", None)
    line = orjson.dumps(out).decode()
    assert line.startswith('{"field":')
    assert "\\u0000" not in line
    return line[9:-1], rescued


def check(field: Any, value: Any, expected: Any, **options: Any) -> None:
    text, rescued = text_of(converter(field, **options), value)
    if expected is RESCUED:
        assert text == "null"
        assert rescued is not None
        assert list(json.loads(rescued)) == ["field"]
    else:
        assert text == expected
        assert rescued is None


NULLABLE: Callable[[str], Any] = lambda name: {"type": ["null", name]}  # noqa: E731


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (5, "5"),
        (-5.25, "-5.25"),
        (2**63, str(2**63)),
        (HUGE, str(HUGE)),
        (-HUGE, str(-HUGE)),
        ("12.5000", "12.5000"),
        ("0.0000", "0.0000"),
        ("-0.00", "-0.00"),
        ("1e5", "1e5"),
        ("1E-5", "1E-5"),
        (
            "0.1234567890123456789012345678901234567890",
            "0.1234567890123456789012345678901234567890",
        ),
        (str(HUGE), str(HUGE)),
        ("", "null"),
        (10**300, "1" + "0" * 300),
        (10**400, RESCUED),
        ("1" * 2000, RESCUED),
        ("1e999", RESCUED),
        ("NaN", RESCUED),
        ("Infinity", RESCUED),
        (" 5", RESCUED),
        ("5 ", RESCUED),
        ("5\n", RESCUED),
        ("05", RESCUED),
        ("+5", RESCUED),
        (".10", "0.10"),
        ("-.5", "-0.5"),
        (".5e1", "0.5e1"),
        (".", RESCUED),
        ("-.", RESCUED),
        (".-5", RESCUED),
        ("..5", RESCUED),
        ("+.5", RESCUED),
        (". 5", RESCUED),
        (".e5", RESCUED),
        ("5.", RESCUED),
        ("1_000", RESCUED),
        ("1,000", RESCUED),
        ("0x10", RESCUED),
        ("٥", RESCUED),
        ("1٥", RESCUED),
        ("5\0", "5"),
        ("\ud800", RESCUED),
        ("[1]", RESCUED),
        ("1,2", RESCUED),
        ("-", RESCUED),
        ("true", RESCUED),
        (True, RESCUED),
        ([], RESCUED),
        ({}, RESCUED),
        ([5], RESCUED),
    ],
)
def test_a_number_keeps_its_digits(value: Any, text: Any) -> None:
    check(NULLABLE("number"), value, text)


@given(st.text('0123456789-+.eE \n\t,_٣[]"', max_size=8) | st.from_regex(NUMBER, fullmatch=True))
def test_text_is_a_number_if_it_is_one_in_json_but_for_a_zero_before_a_point(text: str) -> None:
    converted, rescued = text_of(converter(NULLABLE("number")), text)
    # The API omits the zero before a decimal point.
    expected = re.sub(r"\A(-?)\.", r"\g<1>0.", text)
    if NUMBER.fullmatch(expected) and math.isfinite(float(text)) and len(text) < 1000:
        assert converted == expected
    else:
        assert converted == "null"
        assert (rescued is None) == (text == "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (5, "5"),
        (HUGE, str(HUGE)),
        (1.0, "1"),
        (-0.0, "0"),
        (2.0**53 - 1, str(2**53 - 1)),
        (2.0**53, RESCUED),
        (1.9, RESCUED),
        (1e300, RESCUED),
        ("5", "5"),
        ("-5", "-5"),
        ("-0", "0"),
        ("5.0000", "5"),
        (str(HUGE), str(HUGE)),
        ("", "null"),
        (".0", "0"),
        ("-.0", "0"),
        (".5", RESCUED),
        ("5.5", RESCUED),
        ("05", RESCUED),
        ("5.", RESCUED),
        (" 5", RESCUED),
        ("5\n", RESCUED),
        ("٥", RESCUED),
        ("1" * 500, RESCUED),
        ("1" * 5000, RESCUED),
        (10**400, RESCUED),
        (True, RESCUED),
        ([], RESCUED),
    ],
)
def test_an_integer_is_converted_where_nothing_is_lost(value: Any, text: Any) -> None:
    check(NULLABLE("integer"), value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", '""'),
        ("a", '"a"'),
        ("a\0b\0", '"ab"'),
        ("a\ud800b", '"a\ufffdb"'),
        ("日本 \U0001f600", '"日本 \U0001f600"'),
        (5, '"5"'),
        (1.5, '"1.5"'),
        (1e22, '"1e+22"'),
        (HUGE, f'"{HUGE}"'),
        (True, RESCUED),
        ([], RESCUED),
        ({}, RESCUED),
        (["a"], RESCUED),
    ],
)
def test_a_string_accepts_text_and_the_text_of_numbers(value: Any, text: Any) -> None:
    check(NULLABLE("string"), value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        (197, '"197"'),
        (["a", 1, None], '"[\\"a\\",1,null]"'),
        ({"a": [1.5, "x\0y"]}, '"{\\"a\\":[1.5,\\"xy\\"]}"'),
        (True, '"true"'),
        ([], '"[]"'),
    ],
)
def test_a_string_of_json_text_accepts_any_value(value: Any, text: str) -> None:
    check(NULLABLE("string"), value, text, json_text={"field"})


def test_an_integer_of_thousands_of_digits_is_written() -> None:
    for field in ({}, NULLABLE("string"), NULLABLE("number"), NULLABLE("integer"), OBJECT):
        text, rescued = text_of(converter(field), parse_leniently(b"1" + b"0" * 5000))
        assert (rescued or text).count("0") == 5000


DATE = {"type": ["null", "string"], "format": "date-time"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", "null"),
        ("0000-00-00 00:00:00", "null"),
        ("Mon, 05 Jan 2026 10:00:00 +0000", '"2026-01-05T10:00:00.000000Z"'),
        ("2026-01-05T10:00:00+00:00", '"2026-01-05T10:00:00.000000Z"'),
        ("2026-01-05T10:00:00Z", '"2026-01-05T10:00:00.000000Z"'),
        ("2026-01-05", '"2026-01-05T00:00:00.000000Z"'),
        ("soon", RESCUED),
        ("1767607200", RESCUED),
        (1767607200, RESCUED),
        (1.5, RESCUED),
        (0, RESCUED),
        (False, RESCUED),
        ([], RESCUED),
        ({}, RESCUED),
        (["2026-01-05"], RESCUED),
        ({"a": "2026-01-05"}, RESCUED),
    ],
)
def test_a_date_is_an_instant_in_utc_or_null(value: Any, text: Any) -> None:
    check(DATE, value, text)
    made = converter(DATE)  # It has converted dates of both formats.
    for date in ("Mon, 05 Jan 2026 10:00:00 +0000", "2026-01-05T10:00:00Z") * 2:
        made.convert({"field": date})
    found, rescued = text_of(made, value)
    assert (found, rescued is None) == (("null", False) if text is RESCUED else (text, True))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "true"),
        (0, "false"),
        ("1", "true"),
        ("0", "false"),
        ("true", "true"),
        ("false", "false"),
        ("", RESCUED),
        ("yes", RESCUED),
        ("True", RESCUED),
        (2, RESCUED),
        (1.0, RESCUED),
        ([], RESCUED),
    ],
)
def test_a_boolean_accepts_unambiguous_values(value: Any, text: Any) -> None:
    check(NULLABLE("boolean"), value, text)


OBJECT = {"type": ["null", "object"], "properties": {"a": NULLABLE("integer")}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ({}, "{}"),
        ({"a": "5"}, '{"a":5}'),
        ([], "null"),
        ("", "null"),
        ([1], RESCUED),
        ("a", RESCUED),
        (5, RESCUED),
        (False, RESCUED),
    ],
)
def test_an_object_is_null_where_php_wrote_an_empty_array(value: Any, text: Any) -> None:
    check(OBJECT, value, text)
    check({"type": "object"}, value, '{"a":"5"}' if value == {"a": "5"} else text)


def test_an_object_without_fields_is_written_completely_and_cleaned() -> None:
    value = {"a\0": [HUGE, {"b": "x\0"}], "c": "\udfff", "a\ufffd": 1}
    expected = f'"a\ufffd\ufffd":[{HUGE},{{"b":"x"}}],"c":"\ufffd","a\ufffd":1'
    expected = f"{{{expected}}}"
    for field in ({"type": "object"}, {"type": ["null", "object"], "additionalProperties": True}):
        check(field, value, expected)
    check({}, value, expected)


def deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value]
    return value


def test_a_value_nested_too_deep_to_be_written_is_rescued() -> None:
    for field in ({}, {"type": "array"}):
        check(field, deep(200), orjson.dumps(deep(200)).decode())
        for levels in range(240, 270):
            text, rescued = text_of(converter(field), deep(levels))
            assert (text == "null") == (rescued is not None) == (levels > 254)
        text, rescued = text_of(converter(field), deep(900))
        assert text == "null"
        assert rescued is not None
        assert rescued.count("[") == 900
        text, rescued = text_of(converter(NULLABLE("string"), json_text={"field"}), deep(900))
        assert text.count("[") == 900


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ([], "[]"),
        ([1, "2", 3.0, "", None], "[1,2,3,null,null]"),
        ("", "null"),
        ({}, RESCUED),
        ({"a": 1}, RESCUED),
        ("a", RESCUED),
        (5, RESCUED),
    ],
)
def test_an_array_converts_its_items(value: Any, text: Any) -> None:
    check({"type": ["null", "array"], "items": NULLABLE("integer")}, value, text)


def test_an_array_without_items_is_written_completely() -> None:
    check({"type": "array"}, [1, "a\0", {"b": [True]}], '[1,"a",{"b":[true]}]')


OBJECTS = {"type": ["null", "array"], "items": OBJECT}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "[]"),
        ({}, "[]"),
        ({"a": "5"}, '[{"a":5}]'),
        ([{"a": 5}, None], '[{"a":5},null]'),
        ("", "null"),
        ("a", RESCUED),
        (5, RESCUED),
    ],
)
def test_an_object_becomes_the_only_item_of_a_value_or_array_field(value: Any, text: Any) -> None:
    check(OBJECTS, value, text, value_or_array={"field"})


def test_a_scalar_becomes_the_only_item_of_a_value_or_array_field() -> None:
    field = {"type": ["null", "array"], "items": NULLABLE("string")}
    check(field, "AU", '["AU"]', value_or_array={"field"})
    check(field, {"a": 1}, RESCUED, value_or_array={"field"})


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ({"type": ["null", "string", "integer"]}, 5, "5"),
        ({"type": ["null", "string", "integer"]}, "5", '"5"'),
        ({"type": ["null", "string", "integer"]}, 1.5, '"1.5"'),
        ({"type": ["null", "string", "integer"]}, True, RESCUED),
        ({"type": ["integer", "boolean"]}, True, "true"),
        ({"type": ["integer", "boolean"]}, "7", "7"),
        ({"anyOf": [DATE, {"type": "string"}]}, "2026-01-05", '"2026-01-05T00:00:00.000000Z"'),
        ({"anyOf": [DATE, {"type": "string"}]}, "soon", '"soon"'),
        ({"anyOf": [DATE, {"type": ["string", "null"]}]}, "", "null"),
        ({"anyOf": [OBJECT, {"type": "array", "items": NULLABLE("integer")}]}, ["1"], "[1]"),
        (
            {"anyOf": [OBJECT, {"type": "array", "items": NULLABLE("integer")}]},
            {"a": "1"},
            '{"a":1}',
        ),
        ({"anyOf": [OBJECT, {"type": "array", "items": NULLABLE("integer")}]}, 5, RESCUED),
        ({"anyOf": [OBJECT, {"type": "null"}]}, "x", RESCUED),
        ({"type": "null"}, 5, RESCUED),
        ({"type": "null"}, None, "null"),
        ({"type": "string"}, None, "null"),
        ({"format": "date-time"}, "2026-01-05", '"2026-01-05T00:00:00.000000Z"'),
        ({"properties": {"a": NULLABLE("integer")}}, {"a": "1"}, '{"a":1}'),
        ({"items": NULLABLE("integer")}, ["1"], "[1]"),
        ({}, "5", '"5"'),
        ({}, [{"a": "5"}], '[{"a":"5"}]'),
        (True, "5", '"5"'),
        ({"type": "string", "format": "singer.decimal"}, 5, '"5"'),
    ],
)
def test_schemas_of_other_catalogs_are_understood(field: Any, value: Any, text: Any) -> None:
    check(field, value, text)
