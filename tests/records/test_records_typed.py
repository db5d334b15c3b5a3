"""Rows that are read straight into records go out as those that are read the usual way."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_records_properties import Json, cases, json_text_without_odd_characters
from test_records_converter import INTEGER, NUMBER, STRING, array, obj

from tap_bigcommerce.records import Converter, TypedReader
from tap_bigcommerce.records.typed import NOTED, PATIENCE, PRICE, REST, UNSEEN

DATE = {"type": ["null", "string"], "format": "date-time"}
FREE = {"type": ["null", "object"]}

KNOWN = obj(
    id={"type": "integer"},
    price=NUMBER,
    stock=INTEGER,
    name=STRING,
    shown={"type": ["null", "boolean"]},
    changed=DATE,
    secret=STRING,
    parts=array(obj(id=INTEGER, price=NUMBER, changed=DATE, secret=STRING)),
    place=obj(city=STRING, lat=NUMBER),
    tags=array(STRING),
    days=array(DATE),
    sizes=array(NUMBER),
    free=FREE,
    more={**obj(a=STRING), "additionalProperties": True},
    _rescued_data=STRING,
)
EMITTED = obj(
    **{
        **{name: field for name, field in KNOWN["properties"].items() if name != "secret"},
        "parts": array(obj(id=INTEGER, price=NUMBER, changed=DATE)),
    }
)
ROW: Json = {
    "id": 1,
    "price": "12.5000",
    "stock": 7,
    "name": "Été / \u2028",
    "shown": True,
    "changed": "Mon, 05 Jan 2026 10:00:00 +0000",
    "secret": {"any": ["thing"]},
    "parts": [
        {"id": 5, "price": 0.1, "changed": "2026-01-05T10:00:00Z", "secret": "s"},
        {"id": 6, "price": 3, "changed": "", "secret": None},
    ],
    "place": {"city": "Zürich", "lat": 1e-05},
    "tags": ["a", "b"],
    "days": ["2026-01-05T10:00:00Z", ""],
    "sizes": ["1.50", 2],
    "free": {"x": [1, {"y": None}]},
    "more": {"a": "b"},
}


def warm(
    schema: Json,
    known: Json,
    rows: Sequence[Json],
    keys: Sequence[str] = (),
    column: tuple[str, str] | None = None,
) -> tuple[Converter, TypedReader]:
    """A converter, and its reader that has learned from these rows."""
    usual = Converter(schema, known, keys=keys)
    reader = usual.typed(column)
    assert reader is not None
    for _ in range(UNSEEN + NOTED):
        assert reader.read(text_of(rows)) is None
        reader.learn(orjson.loads(text_of(rows)))
        usual.convert_all(orjson.loads(text_of(rows)), clean=True)
    return usual, reader


def text_of(rows: Sequence[Json]) -> bytes:
    return orjson.dumps(rows)


def exact(line: bytes) -> Any:
    """A record with its numbers as they stand there; floats may be written differently."""
    return json.loads(line, parse_float=Decimal)


def written(reader: TypedReader, text: bytes) -> list[Any] | None:
    records = reader.read(text)
    return None if records is None else [exact(reader.encode(record)) for record in records]


def usually(usual: Converter, text: bytes) -> list[Any]:
    """The same rows the usual way, of which nothing may have been rescued or dropped."""
    before = usual.rescued.total() + usual.dropped.total()
    value = orjson.loads(text)
    records = usual.convert_all(value if isinstance(value, list) else value["data"], clean=True)
    assert usual.rescued.total() + usual.dropped.total() == before
    return [exact(orjson.dumps(record)) for record in records]


def test_rows_as_before_are_read_at_once_and_go_out_alike() -> None:
    usual, reader = warm(EMITTED, KNOWN, [ROW], keys=["id"])
    rows = [{**ROW, "id": 2, "price": "0.0100", "name": ""}, {**ROW, "id": 3, "parts": []}]
    for text in (text_of(rows), orjson.dumps({"data": rows, "meta": {"total": 2}})):
        got = written(reader, text)
        assert got == usually(usual, text)
        assert got is not None
        assert [record["price"] for record in got] == [Decimal("0.0100"), Decimal("12.5000")]
        assert b"secret" not in orjson.dumps(list(map(str, got)))


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "1"},
        {"id": 2**63},
        {"new": 1},
        {"price": "12,50"},
        {"price": True},
        {"stock": 1.5},
        {"stock": 10**30},
        {"name": 5},
        {"shown": 1},
        {"changed": "soon"},
        {"changed": 1767607200},
        {"parts": {"id": 5}},
        {"parts": [{"id": 5, "new": 1}]},
        {"parts": [{"id": 5, "price": "x"}]},
        {"parts": [None]},
        {"place": []},
        {"place": {"city": 1}},
        {"tags": [1]},
        {"tags": "a"},
        {"more": [1]},
    ],
    ids=str,
)
def test_a_row_with_anything_else_is_left_to_the_usual_way(change: Json) -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW], keys=["id"])
    assert reader.read(text_of([ROW, ROW])) is not None
    assert reader.read(json.dumps([ROW, {**ROW, **change}]).encode()) is None
    assert reader.read(text_of([ROW, ROW])) is not None


@pytest.mark.parametrize("gone", ["id", "changed"])
def test_a_key_field_that_is_absent_or_becomes_null_is_left_to_the_usual_way(gone: str) -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW], keys=["id", "changed"])
    rest = {name: value for name, value in ROW.items() if name != gone}
    assert reader.read(text_of([ROW, rest])) is None
    assert reader.read(text_of([ROW, {**ROW, "changed": ""}])) is None
    assert reader.read(text_of([ROW, {**ROW, "changed": "0000-00-00T00:00:00Z"}])) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[",
        b'[{"id":1}',
        b"[1]",
        b"null",
        b"{}",
        b'{"data":null}',
        b'[{"id":1,"name":"\xff"}]',
        b"[" * 100_000,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_what_is_no_list_of_rows_is_left_to_the_usual_way(text: bytes) -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW])
    assert reader.read(text) is None


def test_what_is_new_is_learned() -> None:
    usual, reader = warm(EMITTED, KNOWN, [{"id": 1, "price": 5}])
    news: list[Json] = [
        {"price": "5.50"},
        {"name": "x"},
        {"parts": [{"id": 1}]},
        {"parts": [None, {"id": 1, "price": "2.0"}]},
        {"place": ""},
        {"more": {"a": "b", "c": [1.5, None]}},
    ]
    for more in news:
        row = {"id": 2, "price": 5, **more}
        assert reader.read(text_of([row])) is None
        reader.learn([row])
        usual.convert_all([row, row], clean=True)  # Its objects have a shape from now on.
        assert written(reader, text_of([row, row])) == usually(usual, text_of([row, row]))
        assert reader.read(text_of([row])) is not None


def test_objects_with_any_keys_are_read_whatever_these_are() -> None:
    usual, reader = warm(EMITTED, KNOWN, [ROW])
    for keys in ("a", "b", "cd"):
        text = text_of([{**ROW, "more": dict.fromkeys(keys, "x")}])
        usual.convert_all(orjson.loads(text) * 2, clean=True)
        assert written(reader, text) == usually(usual, text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (INTEGER, 5.0),
        (INTEGER, "5"),
        ({}, 5),
        ({"type": ["integer", "string"]}, 5),
        ({"anyOf": [DATE, STRING]}, "2026-01-05T10:00:00Z"),
    ],
    ids=str,
)
def test_keys_are_compared_so_that_none_may_be_out_of_the_ordinary(field: Json, value: Any) -> None:
    schema = obj(key=field, price=NUMBER)
    for keys, is_read in ((["key"], False), (["price"], True)):
        _, reader = warm(schema, schema, [{"key": value, "price": 2}], keys=keys)
        assert (reader.read(text_of([{"key": value, "price": 3}])) is not None) is is_read


@pytest.mark.parametrize("number", [b"1e400", b"1" * 400])
def test_a_number_beyond_any_in_what_goes_out_whole_is_left_to_the_usual_way(
    number: bytes,
) -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW])
    assert reader.read(b'[{"id":1,"free":{"a":1}}]') is not None
    assert reader.read(b'[{"id":1,"free":{"a":%b}}]' % number) is None


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "store_hash"])
def test_rows_with_names_that_msgspec_does_not_take_are_left_to_the_usual_way(name: str) -> None:
    schema = obj(**{"id": INTEGER, name: STRING})
    rows: list[Json] = [{"id": 1, name: "x"}]
    _, reader = warm(schema, schema, rows, column=("store_hash", "abc"))
    assert reader.read(text_of(rows)) is None


def test_where_most_portions_have_something_odd_no_more_are_tried() -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW])
    odd = {**ROW, "unknown": 1}
    tries = 0
    while reader.read(text_of([ROW])) is not None:
        assert reader.read(text_of([odd])) is None
        reader.learn([odd])
        tries += 1
    assert tries == PATIENCE // (PRICE - 1)
    for _ in range(REST):
        assert reader.read(text_of([ROW])) is None
        reader.learn([odd])
    assert reader.read(text_of([ROW])) is not None


def test_where_few_portions_have_something_odd_the_others_go_on() -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW])
    odd = {**ROW, "unknown": 1}
    for number in range(20 * PATIENCE):
        if number % 5 == 4:
            assert reader.read(text_of([odd])) is None
            reader.learn([odd])
        else:
            assert reader.read(text_of([ROW])) is not None


def test_a_column_stands_first_and_a_field_of_that_name_is_rescued() -> None:
    _, reader = warm(EMITTED, KNOWN, [ROW], column=("store_hash", "abc"))
    records = reader.read(text_of([ROW]))
    assert records is not None
    assert reader.encode(records[0]).startswith(b'{"store_hash":"abc","id":1,')
    for value in ("other", "abc"):
        assert reader.read(text_of([{**ROW, "store_hash": value}])) is None


def test_rows_whose_fields_come_seldom_are_soon_read_at_once() -> None:
    """Each field has a share of the rows, from one in two to one in a thousand."""
    chance = random.Random(2)
    shares = {f"field_{number}": 0.5 * 0.002 ** chance.random() for number in range(60)}
    schema = obj(id=INTEGER, **dict.fromkeys(shares, STRING))
    usual = Converter(schema, schema, keys=["id"])
    reader = usual.typed()
    assert reader is not None
    were_read = []
    for _ in range(300):
        rows = [
            {"id": 1, **{name: "x" for name, share in shares.items() if chance.random() < share}}
            for _ in range(8)
        ]
        were_read.append(reader.read(text_of(rows)) is not None)
        if not were_read[-1]:
            reader.learn(rows)
    assert sum(were_read[50:]) >= 0.9 * 250


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases(), st.data())
def test_any_rows_are_left_to_the_usual_way_or_go_out_alike(
    case: tuple[Json, Json, list[tuple[Json, list[str]]]], data: st.DataObject
) -> None:
    cut, known, found = case
    rows = [orjson.loads(json_text_without_odd_characters(record)) for record, _ in found]
    keys = data.draw(st.lists(st.sampled_from(sorted(cut["properties"])), max_size=1))
    usual = Converter(cut, known)
    reader = Converter(cut, known, keys=keys).typed()
    assert reader is not None  # No object here has so many fields that it is looked up.
    learned = rows[: data.draw(st.integers(1, len(rows)))]
    for _ in range(UNSEEN + NOTED):
        reader.learn(learned)
    for chosen in ([rows[0]], rows, rows[::-1]):
        got = written(reader, text_of(chosen))
        if got is None:
            reader.learn(chosen)
        else:
            assert got == usually(usual, text_of(chosen))
            assert all(record[key] is not None for record in got for key in keys)


def plain_rows(schema: Mapping[str, Any]) -> st.SearchStrategy[Json]:
    """Rows as documented."""
    fields: dict[str, Any] = {
        "id": st.integers(1, 9),
        "price": st.sampled_from(["1.50", "", "-2", 3, 0.5, None]),
        "stock": st.sampled_from([0, "5", "5.0", None, ""]),
        "name": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        "changed": st.sampled_from([ROW["changed"], "2026-01-05T10:00:00+00:00", "", None]),
        "tags": st.lists(st.sampled_from(["a", "é", "", None])) | st.none(),
        "place": st.sampled_from([{}, {"city": "x"}, None, "", []]),
        "free": st.sampled_from([{}, {"a": {"b": [1.5, None]}}, None]),
    }
    return st.fixed_dictionaries({"id": fields.pop("id")}, optional=fields)


@settings(max_examples=300, deadline=None)
@given(st.lists(plain_rows(KNOWN), min_size=1, max_size=8))
def test_rows_as_documented_are_read_at_once(rows: list[Json]) -> None:
    usual, reader = warm(EMITTED, KNOWN, rows, keys=["id"])
    usual.convert_all(rows * 2, clean=True)  # Shapes for what is nested.
    got = written(reader, text_of(rows))
    assert got is not None
    assert got == usually(usual, text_of(rows))


def test_a_row_without_a_field_has_null_there_in_the_order_of_the_schema() -> None:
    usual = Converter(EMITTED, KNOWN, keys=["id"])
    nulls = [*EMITTED["properties"], "_sdc_deleted_at"]
    reader = usual.typed(("store_hash", "s"), nulls)
    assert reader is not None
    few: list[Json] = [{"price": "1.50", "id": 1}, {"id": 2, "name": None}]
    for _ in range(UNSEEN + NOTED):
        assert reader.read(text_of(few)) is None
        reader.learn(few)
    got = written(reader, text_of([*few, {"id": 3}]))
    assert got is not None
    for record in got:
        assert list(record) == ["store_hash", *nulls]
        assert record["tags"] is record["_rescued_data"] is record["parts"] is None
    assert [record["price"] for record in got] == [Decimal("1.50"), None, None]
    # What is new to the reader, or called like a column of the tap, goes the usual way.
    for odd in ({"shown": True}, {"_rescued_data": None}, {"_sdc_deleted_at": None}):
        assert reader.read(text_of([{"id": 4, **odd}])) is None
