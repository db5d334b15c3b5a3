"""Records: new keys, deselected fields, values that do not fit, missing keys."""

import json
from typing import Any

import orjson
import pytest

from tap_bigcommerce.api.response import is_clean
from tap_bigcommerce.records import converter as converter_module
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.records.field_rules import Rules
from tap_bigcommerce.records.protection import Protection
from tap_bigcommerce.records.scalars import json_text, loads

Json = dict[str, Any]

INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
STRING = {"type": ["null", "string"]}


def obj(**fields: Any) -> Json:
    return {"type": ["null", "object"], "properties": fields}


def array(items: Any) -> Json:
    return {"type": ["null", "array"], "items": items}


KNOWN = obj(
    id={"type": "integer"},
    total=NUMBER,
    note=STRING,
    address=obj(city=STRING, geo=obj(lat=NUMBER, lon=NUMBER)),
    products=array(obj(id=INTEGER, secret=STRING, options=array(obj(x=STRING)))),
    tags=array(STRING),
    _rescued_data=STRING,
)
OPEN = {**obj(a=NUMBER, b=STRING), "additionalProperties": True}
CATALOG = obj(id=INTEGER, note=obj(a=STRING, b=STRING), old=STRING, _rescued_data=STRING)


def without(schema: Json, *paths: str) -> Json:
    copy: Json = json.loads(json.dumps(schema))
    for path in paths:
        node = copy
        *parents, last = path.split(".")
        for name in parents:
            node = node["properties"][name]
            node = node.get("items", node)
        del node["properties"][last]
    return copy


def run(made: Converter, record: Json) -> Json:
    """The record written and read again."""
    out: Json = orjson.loads(orjson.dumps(made.convert(loads(json_text(record)))))
    if "_rescued_data" in out:
        out["_rescued_data"] = json.loads(out["_rescued_data"])
    return out


def test_a_new_key_is_rescued_at_any_depth_and_counted_by_path() -> None:
    made = Converter(KNOWN, KNOWN)
    record = {
        "new": {"a": [1]},
        "address": {"city": "Ulm", "geo": {"lat": "1.50", "alt": 9}},
        "products": [{"id": 1}, {"id": 2, "new_field": None, "options": [{"x": "y", "z": True}]}],
        "tags": [["b"], "c"],
    }
    assert run(made, record) == {
        "address": {"city": "Ulm", "geo": {"lat": 1.5}},
        "products": [{"id": 1}, {"id": 2, "options": [{"x": "y"}]}],
        "tags": [None, "c"],
        "_rescued_data": {
            "new": {"a": [1]},
            "address.geo.alt": 9,
            "products[1].new_field": None,
            "products[1].options[0].z": True,
            "tags[0]": ["b"],
        },
    }
    found = ["new", "address.geo.alt", "products[].new_field", "products[].options[].z", "tags[]"]
    assert made.rescued == dict.fromkeys(found, 1)
    assert not made.dropped


CASES: dict[str, tuple[Any, ...]] = {
    "a field may have been deselected in a catalog of other types": (
        obj(note=obj(a=STRING), address=STRING, tags=array(obj(a=STRING)), _rescued_data=STRING),
        KNOWN,
        {"note": {"a": "x", "b": 1}, "address": {"city": 1}, "tags": [{"a": "y", "b": 1}]},
        {"note": {"a": "x"}, "address": None, "tags": [{"a": "y"}]},
        {"note.b", "address", "tags[].b"},
    ),
    "the known schema is that of the tap and of the catalog": (
        without(CATALOG, "note.b", "old"),
        {"anyOf": [KNOWN, CATALOG]},
        {"id": 1, "note": {"a": "x", "b": "hidden", "c": "new"}, "old": "hidden", "total": 1},
        {"id": 1, "note": {"a": "x"}, "_rescued_data": {"note.c": "new"}},
    ),
    "an object without properties has all fields": (
        obj(address={"type": "object"}),
        KNOWN,
        {"address": {"city": "Ulm", "new": 1}},
        {"address": {"city": "Ulm", "new": 1}},
    ),
    "additional keys": (
        obj(
            x=without(OPEN, "b"),
            y={**obj(a=NUMBER), "additionalProperties": INTEGER},
            z=OPEN,
            _rescued_data=STRING,
        ),
        obj(x=OPEN, y=obj(a=NUMBER), z=STRING),
        {
            "x": {"a": "1.5", "b": "hidden", "c": ["d"]},
            "y": {"a": "1", "z": "2", "w": "no"},
            "z": {"b": "1", "c": "may be deselected"},
        },
        {
            "x": {"a": 1.5, "c": ["d"]},
            "y": {"a": 1, "z": 2, "w": None},
            "z": {"b": "1"},
            "_rescued_data": {"y.w": "no"},
        },
        {"z.c"},
    ),
    "without _rescued_data all is dropped": (
        without(KNOWN, "_rescued_data"),
        KNOWN,
        {"id": 1, "total": "many", "new": 1, "_rescued_data": "theirs", "__warning__": {}},
        {"id": 1, "total": None},
        {"total", "new", "_rescued_data", "__warning__"},
    ),
    "nulls, and a field of the API named like one of the tap's": (
        KNOWN,
        KNOWN,
        {"total": None, "products": [None], "_rescued_data": "theirs"},
        {"total": None, "products": [None], "_rescued_data": {"_rescued_data": "theirs"}},
    ),
    "paths of unusual keys are distinct": (
        KNOWN,
        KNOWN,
        {"address.z": 1, "address": {"z": 2, "": 3, 'q"': 4}, "a[0]": 5},
        {
            "address": {},
            "_rescued_data": {
                '["address.z"]': 1,
                "address.z": 2,
                'address[""]': 3,
                'address["q\\""]': 4,
                '["a[0]"]': 5,
            },
        },
    ),
}
"""The emitted schema, the known one, a row, its record, and the paths that are dropped of it."""


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_rescued_if_nothing_deselected_may_be_in_it(name: str) -> None:
    schema, known, row, record, *dropped = CASES[name]
    made = Converter(schema, known)
    for _ in range(2):
        assert run(made, row) == record
    assert made.dropped == {path: 2 for paths in dropped for path in paths}
    assert sum(made.rescued.values()) == 2 * len(record.get("_rescued_data", {}))


def test_a_rule_for_a_field_does_not_apply_to_additional_keys_beside_it() -> None:
    known = obj(x=without(OPEN, "b"), _rescued_data=STRING)
    made = Converter(known, known, protection=Protection("s", Rules(["!s.x.b"]), Rules(), ""))
    record = {"x": {"a": 1, "b": "hidden", "c": {"d": ["e"]}}, "y": {"b": 1}}
    assert run(made, record) == {"x": {"a": 1, "c": {"d": ["e"]}}, "_rescued_data": {"y": {"b": 1}}}


@pytest.mark.parametrize(
    ("schema", "record", "state"),
    [
        (KNOWN, {}, "absent"),
        (KNOWN, {"id": None}, "null"),
        (KNOWN, {"id": "x"}, "not usable"),
        (without(KNOWN, "id"), {"id": 1}, "not usable"),
    ],
)
def test_a_record_without_its_key_is_an_error(schema: Json, record: Json, state: str) -> None:
    made = Converter(schema, KNOWN, keys=["id"])
    for _ in range(2):
        with pytest.raises(MissingKey, match=f"'id' is {state}") as caught:
            made.convert({**record, "note": "a"})
        assert caught.value.field == "id"
        if schema is KNOWN:
            assert run(made, {"id": "7"}) == {"id": 7}


def test_a_counter_has_a_limited_number_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converter_module, "MAX_PATHS", 3)
    made = Converter(KNOWN, KNOWN)
    for number in range(20):
        made.convert({f"key{number}": 1})
    assert made.rescued == {"key0": 1, "key1": 1, "key2": 1, "(other paths)": 17}


def test_options_apply_to_their_paths_only_and_not_where_fields_are_known() -> None:
    fields = array(obj(value=STRING))
    schema = obj(a=fields, b=fields, c=fields, text=STRING, other=STRING, _rescued_data=STRING)
    known = obj(a=fields, b=fields, c=fields, text=obj(x=STRING), other=fields)
    made = Converter(schema, known, json_text={"a[].value", "text"}, value_or_array={"b"})
    assert run(made, {"a": [{"value": [1]}], "b": {"value": 2}, "c": {"value": 3}}) == {
        "a": [{"value": "[1]"}],
        "b": [{"value": "2"}],
        "c": None,
        "_rescued_data": {"c": {"value": 3}},
    }
    hidden = {"text": {"x": "hidden"}, "other": [{"value": "hidden"}]}
    assert run(made, {"b": [{"value": [1]}], **hidden}) == {
        "b": [{"value": None}],
        "text": None,
        "other": None,
        "_rescued_data": {"b[0].value": [1]},
    }
    assert made.dropped == {"text": 1, "other": 1}


def test_a_body_is_clean_if_no_nul_is_written_in_it() -> None:
    assert is_clean(orjson.dumps({"a": "x\n\ufffd"}))
    assert not is_clean(orjson.dumps({"a": "x\0"}))
