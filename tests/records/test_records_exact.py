"""Numbers with more digits than 64 bits hold."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_bigcommerce.records.converter import Converter
from tap_bigcommerce.records.scalars import json_text, loads

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "text": {"type": ["null", "string"]},
        "json": {"type": ["null", "string"]},
        "number": {"type": ["null", "number"]},
        "integer": {"type": ["null", "integer"]},
        "date": {"type": ["null", "string"], "format": "date-time"},
        "flag": {"type": ["null", "boolean"]},
        "any": {},
        "free": {"type": ["null", "object"]},
        "list": {"type": ["null", "array"], "items": {"type": ["null", "string"]}},
        "_rescued_data": {"type": ["null", "string"]},
    },
}


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """The text of a number in JSON."""
    integer = st.integers().map(str) | st.integers(10**18, 10**40).map(str)
    fraction = st.just("") | st.text("0123456789", min_size=1, max_size=30).map(lambda d: f".{d}")
    exponent = st.just("") | st.integers(-200, 200).map(lambda e: f"e{e}")
    return draw(integer) + draw(fraction) + draw(exponent)


def record(row: str, *, often: bool) -> dict[str, Any]:
    """The record of a row; `often`: the converter has seen such rows before."""
    converter = Converter(SCHEMA, SCHEMA, keys=("id",), json_text=("json",))
    rows = [loads(row.encode())]
    for _ in range(3 if often else 1):
        (out,) = map(converter.convert, rows)
    found = json.loads(orjson.dumps(out), parse_float=Decimal)
    assert isinstance(found, dict)
    return found


@given(numbers(), st.booleans())
@example("12345678901234567890123", True)
@example("18446744073709551616", True)
@example("-9223372036854775809", True)
@example("12345678901234567890.10", True)
@example("9007199254740.993", True)
@example("0.1000000000000000055", True)
@example("-0", True)
@example("1E5", True)
def test_a_number_in_a_string_keeps_every_digit(number: str, often: bool) -> None:
    row = f'{{"id":1,"text":{number},"json":["a",{number}],"list":[{number}],"new":{number}}}'
    out = record(row, often=often)
    value = Decimal(number)
    assert Decimal(out["text"]) == value
    assert Decimal(out["list"][0]) == value
    assert json.loads(out["json"], parse_float=Decimal, parse_int=Decimal)[1] == value
    rescued = json.loads(out["_rescued_data"], parse_float=Decimal, parse_int=Decimal)
    assert rescued == {"new": value}


@given(numbers(), st.booleans())
@example("12345678901234567890123", True)
def test_a_number_in_other_types_keeps_the_digits_of_a_json_number(
    number: str, often: bool
) -> None:
    fields = ("number", "integer", "date", "flag", "any", "free")
    row = "".join(f',"{name}":{number}' for name in fields if name != "free")
    out = record(f'{{"id":1{row},"free":{{"a":{number}}}}}', often=often)
    value = Decimal(number)
    assert float(out["number"]) == float(value)
    assert out["integer"] is None or out["integer"] == value
    assert Decimal(str(out["any"])) == value
    assert Decimal(str(out["free"]["a"])) == value


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 2000])
def test_a_number_larger_than_any_double_keeps_its_text(number: str) -> None:
    from tap_bigcommerce.api.response import parse_leniently

    row = f'{{"id":1,"text":{number},"number":{number},"new":[{number}]}}'
    converter = Converter(SCHEMA, SCHEMA, keys=("id",))
    out = converter.convert(loads(json_text(parse_leniently(row.encode()))))
    assert out["text"] == number
    assert out["number"] is None
    assert json.loads(out["_rescued_data"]) == {"number": number, "new": [number]}
