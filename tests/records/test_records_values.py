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
    text, lost = text_of(converter(field, **options), value)
    if expected is RESCUED:
        assert text == "null"
        assert lost is not None
        assert list(json.loads(lost)) == ["field"]
    else:
        assert text == expected
        assert lost is None


NULLABLE: Callable[[str], Any] = lambda name: {"type": ["null", name]}  # noqa: E731


def fits(field: Any, *pairs: tuple[Any, str]) -> list[tuple[Any, Any, Any]]:
    return [(field, value, text) for value, text in pairs]


def same(field: Any, words: str) -> list[tuple[Any, Any, Any]]:
    """Texts that are written as they are."""
    return [(field, word, word) for word in words.split()]


def rescued(field: Any, *values: Any) -> list[tuple[Any, Any, Any]]:
    return [(field, value, RESCUED) for value in values]


NUMBERS, INTEGERS, TEXTS = NULLABLE("number"), NULLABLE("integer"), NULLABLE("string")
BOOLEANS = NULLABLE("boolean")
DATE = {"type": ["null", "string"], "format": "date-time"}
OBJECT = {"type": ["null", "object"], "properties": {"a": INTEGERS}}
ARRAY = {"type": ["null", "array"], "items": INTEGERS}
MORNING = "Mon, 05 Jan 2026 10:00:00 +0000"
NOT_NUMBERS = (
    "1e999 NaN Infinity 05 +5 . -. .-5 ..5 +.5 .e5 5. 1_000 1,000 0x10 ٥ 1٥ [1] 1,2 - true"
)

VALUES = [
    *fits(NUMBERS, (None, "null"), (5, "5"), (-5.25, "-5.25"), ("", "null"), ("5\0", "5")),
    *fits(NUMBERS, *[(number, str(number)) for number in (2**63, HUGE, -HUGE, 10**300)]),
    *same(NUMBERS, f"12.5000 0.0000 -0.00 1e5 1E-5 0.1234567890123456789012345678901234567 {HUGE}"),
    *fits(NUMBERS, (".10", "0.10"), ("-.5", "-0.5"), (".5e1", "0.5e1")),
    *rescued(NUMBERS, *NOT_NUMBERS.split(), " 5", "5 ", "5\n", ". 5", "\ud800"),
    *rescued(NUMBERS, 10**400, "1" * 2000, True, [], {}, [5]),
    *fits(INTEGERS, (None, "null"), (5, "5"), (HUGE, str(HUGE)), (1.0, "1"), (-0.0, "0")),
    *fits(INTEGERS, (2.0**53 - 1, str(2**53 - 1)), ("", "null"), ("-0", "0"), ("5.0000", "5")),
    *fits(INTEGERS, (".0", "0"), ("-.0", "0")),
    *same(INTEGERS, f"5 -5 {HUGE}"),
    *rescued(INTEGERS, 2.0**53, 1.9, 1e300, *[".5", "5.5", "05", "5.", "٥"], " 5", "5\n"),
    *rescued(INTEGERS, "1" * 500, "1" * 5000, 10**400, True, []),
    *fits(TEXTS, (None, "null"), ("", '""'), ("a", '"a"'), ("a\0b\0", '"ab"'), (5, '"5"')),
    *fits(TEXTS, ("a\ud800b", '"a\ufffdb"'), ("日本 \U0001f600", '"日本 \U0001f600"')),
    *fits(TEXTS, (1.5, '"1.5"'), (1e22, '"1e+22"'), (HUGE, f'"{HUGE}"')),
    *rescued(TEXTS, True, [], {}, ["a"]),
    *fits(BOOLEANS, (None, "null"), (True, "true"), (False, "false"), (1, "true"), (0, "false")),
    *fits(BOOLEANS, ("1", "true"), ("0", "false"), ("true", "true"), ("false", "false")),
    *rescued(BOOLEANS, "", "yes", "True", 2, 1.0, []),
    # PHP writes an empty array for an empty object.
    *fits(OBJECT, (None, "null"), ({}, "{}"), ({"a": "5"}, '{"a":5}'), ([], "null"), ("", "null")),
    *rescued(OBJECT, [1], "a", 5, False),
    *fits({"type": "object"}, (None, "null"), ({}, "{}"), ({"a": "5"}, '{"a":"5"}'), ([], "null")),
    *rescued({"type": "object"}, [1], "a", 5, False),
    *fits(ARRAY, (None, "null"), ([], "[]"), ("", "null")),
    *fits(ARRAY, ([1, "2", 3.0, "", None], "[1,2,3,null,null]")),
    *rescued(ARRAY, {}, {"a": 1}, "a", 5),
    *fits({"type": "array"}, ([1, "a\0", {"b": [True]}], '[1,"a",{"b":[true]}]')),
    # Schemas of other catalogs.
    *fits({"type": ["null", "string", "integer"]}, (5, "5"), ("5", '"5"'), (1.5, '"1.5"')),
    *rescued({"type": ["null", "string", "integer"]}, True),
    *fits({"type": ["integer", "boolean"]}, (True, "true"), ("7", "7")),
    *fits({"anyOf": [DATE, {"type": "string"}]}, ("2026-01-05", '"2026-01-05T00:00:00.000000Z"')),
    *fits({"anyOf": [DATE, {"type": "string"}]}, ("soon", '"soon"')),
    *fits({"anyOf": [DATE, {"type": ["string", "null"]}]}, ("", "null")),
    *fits({"anyOf": [OBJECT, ARRAY]}, (["1"], "[1]"), ({"a": "1"}, '{"a":1}')),
    *rescued({"anyOf": [OBJECT, ARRAY]}, 5),
    *rescued({"anyOf": [OBJECT, {"type": "null"}]}, "x"),
    *rescued({"type": "null"}, 5),
    *fits({"type": "null"}, (None, "null")),
    *fits({"type": "string"}, (None, "null")),
    *fits({"format": "date-time"}, ("2026-01-05", '"2026-01-05T00:00:00.000000Z"')),
    *fits({"properties": {"a": INTEGERS}}, ({"a": "1"}, '{"a":1}')),
    *fits({"items": INTEGERS}, (["1"], "[1]")),
    *fits({}, ("5", '"5"'), ([{"a": "5"}], '[{"a":"5"}]')),
    *fits(True, ("5", '"5"')),
    *fits({"type": "string", "format": "singer.decimal"}, (5, '"5"')),
]


@pytest.mark.parametrize(("field", "value", "text"), VALUES)
def test_a_value_is_converted_where_nothing_is_lost_and_rescued_elsewhere(
    field: Any, value: Any, text: Any
) -> None:
    check(field, value, text)


DATES = [
    *fits(DATE, (None, "null"), ("", "null"), ("0000-00-00 00:00:00", "null")),
    *[
        (DATE, text, '"2026-01-05T10:00:00.000000Z"')
        for text in (MORNING, "2026-01-05T10:00:00+00:00", "2026-01-05T10:00:00Z")
    ],
    *fits(DATE, ("2026-01-05", '"2026-01-05T00:00:00.000000Z"')),
    *rescued(DATE, "soon", "1767607200", 1767607200, 1.5, 0, False, [], {}),
    *rescued(DATE, ["2026-01-05"], {"a": "2026-01-05"}),
]


@pytest.mark.parametrize(("field", "value", "text"), DATES)
def test_a_date_is_an_instant_in_utc_or_null(field: Any, value: Any, text: Any) -> None:
    check(field, value, text)
    made = converter(field)  # It has converted dates of both formats.
    for date in (MORNING, "2026-01-05T10:00:00Z") * 2:
        made.convert({"field": date})
    found, was_rescued = text_of(made, value)
    assert (found, was_rescued is None) == (("null", False) if text is RESCUED else (text, True))


JSON_TEXT = {"json_text": {"field"}}
VALUE_OR_ARRAY = {"value_or_array": {"field"}}
OBJECTS = {"type": ["null", "array"], "items": OBJECT}
TEXT_LIST = {"type": ["null", "array"], "items": TEXTS}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        *fits(TEXTS, ("plain", '"plain"'), (197, '"197"'), (True, '"true"'), ([], '"[]"')),
        *fits(TEXTS, (["a", 1, None], '"[\\"a\\",1,null]"')),
        *fits(TEXTS, ({"a": [1.5, "x\0y"]}, '"{\\"a\\":[1.5,\\"xy\\"]}"')),
        *fits(OBJECTS, ([], "[]"), ({}, "[]"), ({"a": "5"}, '[{"a":5}]'), ("", "null")),
        *fits(OBJECTS, ([{"a": 5}, None], '[{"a":5},null]')),
        *rescued(OBJECTS, "a", 5),
        *fits(TEXT_LIST, ("AU", '["AU"]')),
        *rescued(TEXT_LIST, {"a": 1}),
    ],
)
def test_json_text_accepts_any_value_and_a_value_becomes_the_only_item_of_a_list(
    field: Any, value: Any, text: Any
) -> None:
    check(field, value, text, **(JSON_TEXT if field is TEXTS else VALUE_OR_ARRAY))


@given(st.text('0123456789-+.eE \n\t,_٣[]"', max_size=8) | st.from_regex(NUMBER, fullmatch=True))
def test_text_is_a_number_if_it_is_one_in_json_but_for_a_zero_before_a_point(text: str) -> None:
    converted, lost = text_of(converter(NUMBERS), text)
    # The API omits the zero before a decimal point.
    expected = re.sub(r"\A(-?)\.", r"\g<1>0.", text)
    if NUMBER.fullmatch(expected) and math.isfinite(float(text)) and len(text) < 1000:
        assert converted == expected
    else:
        assert converted == "null"
        assert (lost is None) == (text == "")


def test_an_integer_of_thousands_of_digits_is_written() -> None:
    for field in ({}, TEXTS, NUMBERS, INTEGERS, OBJECT):
        text, lost = text_of(converter(field), parse_leniently(b"1" + b"0" * 5000))
        assert (lost or text).count("0") == 5000


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
            text, lost = text_of(converter(field), deep(levels))
            assert (text == "null") == (lost is not None) == (levels > 254)
        text, lost = text_of(converter(field), deep(900))
        assert text == "null"
        assert lost is not None
        assert lost.count("[") == 900
        text, lost = text_of(converter(TEXTS, json_text={"field"}), deep(900))
        assert text.count("[") == 900
