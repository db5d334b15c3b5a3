"""How values and dates are converted in a field of each type; RESCUED if one does not fit."""

import json
import math
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_bigcommerce.api.response import parse_leniently
from tap_bigcommerce.dates import NotADate, format_instant, normalize_date, parse_instant
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
    deep = orjson.loads(b"[" * levels + b"1" + b"]" * levels)
    for field in ({}, {"type": "array"}):
        text, lost = text_of(converter(field), deep)
        assert (text == "null") == (lost is not None) == (levels > 254)
        assert (lost or text).count("[") == levels
    text, lost = text_of(converter(TEXTS, json_text={"field"}), deep)
    assert text.count("[") == levels


NORMAL = {
    "2026-01-05T10:00:00.000000Z": """Mon, 05 Jan 2026 10:00:00 +0000
        Mon, 05 Jan 2026 10:00:00 GMT | 5 Jan 2026 10:00
        2026-01-05T10:00:00Z | 2026-01-05T10:00:00+00:00 | 2026-01-05 10:00:00 | 2026-01-05T10:00Z
        Mon, 05 Jan 2026 05:00:00 EST | 2026-01-05T05:00:00-0500 | 2026-01-05T11:00:00+01""",
    "2026-01-05T10:00:00.123456Z": "2026-01-05T10:00:00.123456Z | 2026-01-05T10:00:00.123456000Z",
    "2026-01-05T10:00:00.500000Z": "2026-01-05T10:00:00.5Z",
    "2026-01-05T00:00:00.000000Z": "2026-01-05",
    "0001-01-01T00:00:00.000000Z": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.000000Z": "9999-12-31T23:59:59Z",
    None: """0000-00-00 | 0000-00-00 00:00:00 | 0000-00-00T00:00:00+00:00
        0000-00-00T00:00:00.000Z | -0001-11-30T00:00:00+00:00 | Wed, 30 Nov -0001 00:00:00 +0000""",
}
"""What is written, and the texts that are read so."""

NOT_DATES = """soon | 1767607200 | 20260105 | 2026-01 | 2026-W02 | 2026-02-30
    2026-01-05T24:00:00Z | 2026-01-05T10:60:00Z | 2026-01-05T10:00:60Z
    2026-01-05T10:00:00+24:00 | 2026-01-05T10:00:00+00:60 | 2026-01-05T10:00:00.1234567Z
    Sun, 30 Feb 2026 10:00:00 +0000 | Mon, 05 Jan 2026 24:00:00 +0000
    Mon, 05 Foo 2026 10:00:00 +0000 | Xyz, 05 Jan 2026 10:00:00 +0000
    Mon, 05 Jan 2026 10:00:00 XYZ | Mon, 05 Jan 26 10:00:00 +0000
    ٢٠٢٦-٠١-٠٥ | Mon, ٠٥ Jan 2026 10:00:00 +0000
    0001-01-01T00:00:00+01:00 | 9999-12-31T23:59:59-01:00 | 0000-01-01 | 0000-00-00T12:00:00Z"""
SPACED = (" ", " 2026-01-05", "2026-01-05T10:00:00Z\n", "Mon, 05 Jan 2026 10:00:00 +0000\n")


def texts(lines: str) -> list[str]:
    return [text.strip() for line in lines.splitlines() for text in line.split(" | ")]


@pytest.mark.parametrize(
    ("text", "normal"),
    [("", None), *[(text, normal) for normal, lines in NORMAL.items() for text in texts(lines)]],
)
def test_a_date_is_written_as_an_instant_in_utc(text: str, normal: str | None) -> None:
    assert normalize_date(text) == normal
    instant = parse_instant(text)
    assert (instant and format_instant(instant)) == normal


@pytest.mark.parametrize("text", [*texts(NOT_DATES), *SPACED])
def test_text_that_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        normalize_date(text)
    assert parse_instant(text) is None


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=OFFSETS)


@given(INSTANTS)
def test_every_instant_is_read_back_from_iso_8601_and_rfc_2822(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant
    assert parse_instant(format_instant(instant)) == instant
    naive = instant.replace(tzinfo=None)
    assert format_instant(naive) == naive.isoformat(timespec="microseconds") + "Z"
    seconds = instant.replace(microsecond=0)
    assert parse_instant(format_datetime(seconds)) == seconds


@given(INSTANTS, st.integers(0, 31), st.sampled_from("09 :-+TZ.,aM\n٣"))
def test_the_fast_parser_agrees_with_the_other(instant: datetime, at: int, letter: str) -> None:
    utc = instant.astimezone(timezone.utc).replace(microsecond=0)
    for text in (format_datetime(utc), utc.isoformat(), utc.isoformat()[:19] + "Z"):
        for changed in (text, text[:at] + letter + text[at + 1 :], text[:at] + text[at + 1 :]):
            found = parse_instant(changed)
            try:
                normal = normalize_date(changed)
            except NotADate:
                normal = "none"
            assert normal == (format_instant(found) if found else "none") or normal is None
