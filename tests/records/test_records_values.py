"""How a value is converted in a field of each type; RESCUED if it does not fit."""

import json
import math
import re
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_bigcommerce.api.response import parse_leniently
from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads

# A value that does not fit: null in its field, and written to `_rescued_data`.
RESCUED = object()

HUGE = 123456789012345678901234567890
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def nullable(name: str) -> Any:
    return {"type": ["null", name]}


NUMBERS, INTEGERS, TEXTS = nullable("number"), nullable("integer"), nullable("string")
BOOLEANS = nullable("boolean")
DATE = {"type": ["null", "string"], "format": "date-time"}
OBJECT = {"type": ["null", "object"], "properties": {"a": INTEGERS}}
ARRAY = {"type": ["null", "array"], "items": INTEGERS}
OBJECTS = {"type": ["null", "array"], "items": OBJECT}
TEXT_LIST = {"type": ["null", "array"], "items": TEXTS}
TWO_TYPES = {"type": ["null", "string", "integer"]}
DAY, DAY_IN_UTC = "2026-01-05", '"2026-01-05T00:00:00.000000Z"'


def converter(field: Any, **options: Any) -> Converter:
    schema = {"type": "object", "properties": {"field": field, "_rescued_data": TEXTS}}
    return Converter(schema, schema, **options)


def text_of(made: Converter, value: Any) -> tuple[str, str | None]:
    """The JSON text of the field, and of what was rescued from it."""
    out = made.convert(loads(json_text({"field": value})))
    rescued = out.pop("_rescued_data", None)
    line = orjson.dumps(out).decode()
    assert line.startswith('{"field":')
    assert "\\u0000" not in line
    return line[9:-1], rescued


def check(field: Any, value: Any, expected: Any, **options: Any) -> None:
    text, lost = text_of(converter(field, **options), value)
    assert text == ("null" if expected is RESCUED else expected)
    assert [*json.loads(lost or "{}")] == (["field"] if expected is RESCUED else [])


def fits(field: Any, *pairs: tuple[Any, str]) -> list[tuple[Any, Any, Any]]:
    return [(field, value, text) for value, text in pairs]


def rescued(field: Any, *values: Any) -> list[tuple[Any, Any, Any]]:
    return [(field, value, RESCUED) for value in values]


VALUES = [
    *fits(NUMBERS, (None, "null"), (5, "5"), (-5.25, "-5.25"), ("", "null"), ("5\0", "5")),
    *fits(NUMBERS, (-HUGE, str(-HUGE)), (10**300, str(10**300)), (str(HUGE), str(HUGE))),
    *rescued(NUMBERS, "1e999", "NaN", "0x10", "true", 10**400, "1" * 2000, True, {}, [5]),
    *fits(INTEGERS, (None, "null"), (5, "5"), (HUGE, str(HUGE)), (1.0, "1"), (-0.0, "0")),
    *fits(INTEGERS, (2.0**53 - 1, str(2**53 - 1)), ("", "null"), ("-0", "0"), ("5.0000", "5")),
    *fits(INTEGERS, ("-.0", "0"), (str(HUGE), str(HUGE))),
    *rescued(INTEGERS, 2.0**53, 1.9, 1e300, ".5", "05", "5.", "٥", " 5", "5\n"),
    *rescued(INTEGERS, "1" * 500, "1" * 5000, 10**400, True, []),
    *fits(TEXTS, (None, "null"), ("", '""'), ("a\0b\0", '"ab"'), (5, '"5"'), (1.5, '"1.5"')),
    *fits(TEXTS, ("a\ud800b", '"a\ufffdb"'), ("日本 \U0001f600", '"日本 \U0001f600"')),
    *rescued(TEXTS, True, {}, ["a"]),
    *fits(BOOLEANS, (None, "null"), (True, "true"), (False, "false"), (1, "true"), (0, "false")),
    *fits(BOOLEANS, ("1", "true"), ("0", "false"), ("true", "true"), ("false", "false")),
    *rescued(BOOLEANS, "", "True", 2, 1.0, []),
    *fits(DATE, (None, "null"), ("", "null"), ("0000-00-00 00:00:00", "null"), (DAY, DAY_IN_UTC)),
    *rescued(DATE, "soon", 1767607200, False, [], {"a": DAY}),
    # PHP writes an empty array for an empty object.
    *fits(OBJECT, (None, "null"), ({}, "{}"), ({"a": "5"}, '{"a":5}'), ([], "null"), ("", "null")),
    *rescued(OBJECT, [1], "a", False),
    *fits({"type": "object"}, (None, "null"), ({"a": "5"}, '{"a":"5"}'), ([], "null")),
    *rescued({"type": "object"}, [1], "a", False),
    *fits(ARRAY, (None, "null"), ([1, "2", 3.0, "", None], "[1,2,3,null,null]"), ("", "null")),
    *rescued(ARRAY, {}, "a", 5),
    *fits({"type": "array"}, ([1, "a\0", {"b": [HUGE]}], f'[1,"a",{{"b":[{HUGE}]}}]')),
    *fits(
        {},
        ({"a\0": 1, "b": "\udfff", "a\ufffd": 2}, '{"a\ufffd\ufffd":1,"b":"\ufffd","a\ufffd":2}'),
    ),
    # Schemas of other catalogs.
    *fits(TWO_TYPES, (5, "5"), ("5", '"5"'), (1.5, '"1.5"')),
    *rescued(TWO_TYPES, True),
    *fits({"type": ["integer", "boolean"]}, (True, "true"), ("7", "7")),
    *fits({"anyOf": [DATE, {"type": ["string"]}]}, (DAY, DAY_IN_UTC), ("soon", '"soon"')),
    *fits({"anyOf": [OBJECT, ARRAY]}, (["1"], "[1]"), ({"a": "1"}, '{"a":1}')),
    *rescued({"anyOf": [OBJECT, {"type": "null"}]}, "x"),
    *rescued({"type": "null"}, 5),
    *fits({"format": "date-time"}, (DAY, DAY_IN_UTC)),
    *fits({"properties": {"a": INTEGERS}}, ({"a": "1"}, '{"a":1}')),
    *fits({}, ("5", '"5"'), ([{"a": "5"}], '[{"a":"5"}]')),
    *fits(True, ("5", '"5"')),
]


@pytest.mark.parametrize(("field", "value", "text"), VALUES)
def test_a_value_is_converted_or_rescued(field: Any, value: Any, text: Any) -> None:
    check(field, value, text)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        *fits(TEXTS, ("plain", '"plain"'), (197, '"197"'), (True, '"true"'), ([], '"[]"')),
        *fits(TEXTS, ({"a": [1.5, "x\0y", None]}, '"{\\"a\\":[1.5,\\"xy\\",null]}"')),
        *fits(OBJECTS, ([], "[]"), ({}, "[]"), ({"a": "5"}, '[{"a":5}]'), ("", "null")),
        *fits(OBJECTS, ([{"a": 5}, None], '[{"a":5},null]')),
        *rescued(OBJECTS, "a", 5),
        *fits(TEXT_LIST, ("AU", '["AU"]')),
        *rescued(TEXT_LIST, {"a": 1}),
    ],
)
def test_a_text_or_a_list_takes_any_value(field: Any, value: Any, text: Any) -> None:
    option = "json_text" if field is TEXTS else "value_or_array"
    check(field, value, text, **{option: {"field"}})


@given(st.text('0123456789-+.eE \n\t,_٣[]"', max_size=8) | st.from_regex(NUMBER, fullmatch=True))
@settings(max_examples=5 * settings().max_examples)
def test_text_is_a_number_if_it_is_one_in_json_but_for_a_zero_before_a_point(text: str) -> None:
    converted, lost = text_of(converter(NUMBERS), text)
    # The API omits the zero before a decimal point.
    expected = re.sub(r"\A(-?)\.", r"\g<1>0.", text)
    if NUMBER.fullmatch(expected) and math.isfinite(float(text)) and len(text) < 1000:
        assert converted == expected
    else:
        assert converted == "null"
        assert (lost is None) == (text == "")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    integer = st.integers().map(str) | st.integers(10**18, 10**40).map(str)
    fraction = st.just("") | st.text("0123456789", min_size=1, max_size=30).map(lambda d: f".{d}")
    exponent = st.just("") | st.integers(-200, 200).map(lambda e: f"e{e}")
    return draw(integer) + draw(fraction) + draw(exponent)


FIELDS = {"text": TEXTS, "number": NUMBERS, "integer": INTEGERS, "date": DATE, "flag": BOOLEANS}
OTHERS = {"any": {}, "free": {"type": "object"}, "json": TEXTS, "texts": TEXT_LIST}
MANY = {"type": "object", "properties": {**FIELDS, **OTHERS, "_rescued_data": TEXTS}}


@given(numbers())
@example("12345678901234567890123")
@example("18446744073709551616")
@example("-9223372036854775809")
@example("9007199254740.993")
@example("0.1000000000000000055")
@example("1E5")
def test_a_number_keeps_every_digit_wherever_it_is(number: str) -> None:
    row = "".join(f'"{name}":{number},' for name in (*FIELDS, "any"))
    lists = f'"json":["a",{number}],"texts":[{number}],"free":{{"a":{number}}},"new":{number}'
    made = Converter(MANY, MANY, json_text=("json",)).convert(loads(f"{{{row}{lists}}}".encode()))
    out = json.loads(orjson.dumps(made), parse_float=Decimal)
    value = Decimal(number)
    assert Decimal(out["text"]) == Decimal(out["texts"][0]) == value
    assert Decimal(out["any"]) == Decimal(out["free"]["a"]) == value
    assert float(out["number"]) == float(value)
    assert out["integer"] is None or out["integer"] == value
    for text, where in ((out["json"], 1), (out["_rescued_data"], "new")):
        assert json.loads(text, parse_float=Decimal, parse_int=Decimal)[where] == value


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000])
def test_a_number_larger_than_any_double_keeps_its_text(number: str) -> None:
    row = f'{{"text":{number},"number":{number},"integer":{number},"new":[{number}]}}'
    out = Converter(MANY, MANY).convert(loads(json_text(parse_leniently(row.encode()))))
    assert (out["text"], out["number"], out["integer"]) == (number, None, None)
    rescued = {"number": number, "integer": number, "new": [number]}
    assert json.loads(out["_rescued_data"]) == rescued


@pytest.mark.parametrize("levels", [200, 254, 255, 900])
def test_a_value_nested_too_deep_to_be_written_is_rescued(levels: int) -> None:
    deep = orjson.loads(b"[" * levels + b"]" * levels)
    for field in ({}, {"type": "array"}):
        text, lost = text_of(converter(field), deep)
        assert (text == "null") == (lost is not None) == (levels > 254)
        assert (lost or text).count("[") == levels
    text, lost = text_of(converter(TEXTS, json_text={"field"}), deep)
    assert text.count("[") == levels
