"""Records: new keys, deselected fields, values that do not fit, missing keys."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from parsed_rows import as_parsed

from tap_bigcommerce.api.response import is_clean
from tap_bigcommerce.records import converter as converter_module
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.records.field_rules import Rules
from tap_bigcommerce.records.protection import Protection

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
    address=obj(city=STRING, zip=STRING, geo=obj(lat=NUMBER, lon=NUMBER)),
    products=array(obj(id=INTEGER, price=NUMBER, secret=STRING, options=array(obj(x=STRING)))),
    tags=array(STRING),
    _rescued_data=STRING,
)


def without(schema: Json, *paths: str) -> Json:
    """A copy of the schema without the fields of these dotted paths."""
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
    out: Json = orjson.loads(orjson.dumps(made.convert(as_parsed(record))))
    if "_rescued_data" in out:
        out["_rescued_data"] = json.loads(out["_rescued_data"])
    return out


def test_a_new_key_is_rescued_at_any_depth_and_counted_by_path() -> None:
    made = Converter(KNOWN, KNOWN, keys=["id"])
    record = {
        "id": 1,
        "new": {"a": [1]},
        "address": {"city": "Ulm", "geo": {"lat": "1.50", "alt": 9}},
        "products": [{"id": 1}, {"id": 2, "new_field": None, "options": [{"x": "y", "z": True}]}],
    }
    assert run(made, record) == {
        "id": 1,
        "address": {"city": "Ulm", "geo": {"lat": 1.5}},
        "products": [{"id": 1}, {"id": 2, "options": [{"x": "y"}]}],
        "_rescued_data": {
            "new": {"a": [1]},
            "address.geo.alt": 9,
            "products[1].new_field": None,
            "products[1].options[0].z": True,
        },
    }
    assert made.rescued == {
        "new": 1,
        "address.geo.alt": 1,
        "products[].new_field": 1,
        "products[].options[].z": 1,
    }
    assert not made.dropped


def test_a_deselected_key_is_omitted_and_not_counted() -> None:
    made = Converter(without(KNOWN, "note", "address.zip", "products.secret"), KNOWN)
    record = {
        "id": 1,
        "note": "hidden",
        "address": {"city": "Ulm", "zip": "hidden"},
        "products": [{"id": 1, "secret": "hidden"}],
    }
    assert run(made, record) == {"id": 1, "address": {"city": "Ulm"}, "products": [{"id": 1}]}
    assert not made.rescued
    assert not made.dropped


def test_only_selected_fields_are_in_the_record() -> None:
    made = Converter(obj(id=INTEGER), KNOWN)
    assert run(made, {"id": 1, "note": "a", "total": "1", "tags": [], "products": []}) == {"id": 1}


@pytest.mark.parametrize("value", ["hidden", ["hidden"], [{"secret": "hidden"}], 5, True, {"a": 1}])
def test_a_value_of_the_wrong_type_is_not_rescued_if_a_deselected_field_may_be_in_it(
    value: Any,
) -> None:
    schema = without(KNOWN, "address.geo.lon", "products.secret")
    made = Converter(schema, KNOWN)
    if not isinstance(value, dict):
        assert run(made, {"address": value}) == {"address": None}
        assert made.dropped == {"address": 1}
        assert run(made, {"address": {"geo": value}}) == {"address": {"geo": None}}
        assert made.dropped["address.geo"] == 1
    if not isinstance(value, list):
        assert run(made, {"products": value}) == {"products": None}
        assert made.dropped["products"] == 1
    if not isinstance(value, dict):
        assert run(made, {"products": [value]}) == {"products": [None]}
        assert made.dropped["products[]"] == 1
    assert not made.rescued


def test_a_value_of_the_wrong_type_is_rescued_if_everything_in_it_is_selected() -> None:
    made = Converter(without(KNOWN, "products.secret"), KNOWN)
    assert run(made, {"address": ["a"], "tags": [["b"], "c"]}) == {
        "address": None,
        "tags": [None, "c"],
        "_rescued_data": {"address": ["a"], "tags[0]": ["b"]},
    }
    assert made.rescued == {"address": 1, "tags[]": 1}


def test_an_object_without_any_selected_field_is_empty() -> None:
    schema = without(KNOWN, "address.city", "address.zip", "address.geo")
    made = Converter(schema, KNOWN)
    assert run(made, {"address": {"city": "hidden", "new": 1}}) == {
        "address": {},
        "_rescued_data": {"address.new": 1},
    }


def test_nothing_is_rescued_where_the_catalogs_type_differs_from_the_taps() -> None:
    """`b` may have been deselected in that catalog."""
    made = Converter(
        obj(note=obj(a=STRING), address=STRING, tags=array(obj(a=STRING)), _rescued_data=STRING),
        KNOWN,
    )
    record = {
        "note": {"a": "x", "b": "hidden"},
        "address": {"city": "hidden"},
        "tags": [{"a": "y", "b": "hidden"}],
    }
    assert run(made, record) == {"note": {"a": "x"}, "address": None, "tags": [{"a": "y"}]}
    assert made.dropped == {"note.b": 1, "address": 1, "tags[].b": 1}


def test_the_known_schema_can_be_that_of_the_tap_and_of_the_catalog() -> None:
    catalog = obj(id=INTEGER, note=obj(a=STRING, b=STRING), old=STRING, _rescued_data=STRING)
    made = Converter(without(catalog, "note.b", "old"), {"anyOf": [KNOWN, catalog]})
    record = {"id": 1, "note": {"a": "x", "b": "hidden", "c": "new"}, "old": "hidden", "total": 1}
    assert run(made, record) == {
        "id": 1,
        "note": {"a": "x"},
        "_rescued_data": {"note.c": "new"},
    }


def test_an_object_without_properties_is_written_unchanged_even_if_its_fields_are_known() -> None:
    made = Converter(obj(address={"type": "object"}), KNOWN)
    assert run(made, {"address": {"city": "Ulm", "new": 1}}) == {
        "address": {"city": "Ulm", "new": 1}
    }


def test_additional_keys_are_written_where_the_schema_allows_them() -> None:
    inner = {**obj(a=NUMBER, b=STRING), "additionalProperties": True}
    known = obj(x=inner, y={**obj(a=NUMBER), "additionalProperties": INTEGER}, _rescued_data=STRING)
    made = Converter(without(known, "x.b"), known)
    record = {"x": {"a": "1.5", "b": "hidden", "c": ["d"]}, "y": {"a": "1", "z": "2", "w": "no"}}
    assert run(made, record) == {
        "x": {"a": 1.5, "c": ["d"]},
        "y": {"a": 1, "z": 2, "w": None},
        "_rescued_data": {"y.w": "no"},
    }


def test_a_rule_for_a_field_does_not_apply_to_additional_keys_beside_it() -> None:
    known = obj(x={**obj(a=STRING), "additionalProperties": True}, _rescued_data=STRING)
    made = Converter(known, known, protection=Protection("s", Rules(["!s.x.b"]), Rules(), ""))
    record = {"x": {"a": "1", "b": "hidden", "c": {"d": ["e"]}}, "y": {"b": 1}}
    assert run(made, record) == {
        "x": {"a": "1", "c": {"d": ["e"]}},
        "_rescued_data": {"y": {"b": 1}},
    }


def test_without_rescued_data_everything_is_counted_as_dropped() -> None:
    made = Converter(without(KNOWN, "_rescued_data"), KNOWN)
    assert run(made, {"id": 1, "total": "many", "new": 1}) == {"id": 1, "total": None}
    assert made.dropped == {"total": 1, "new": 1}
    assert not made.rescued


def test_a_field_of_the_api_named_rescued_data_is_a_new_key_like_others() -> None:
    made = Converter(KNOWN, KNOWN)
    record = {"id": 1, "_rescued_data": "theirs", "__warning__": {"message": "50"}}
    assert run(made, record) == {
        "id": 1,
        "_rescued_data": {"_rescued_data": "theirs", "__warning__": {"message": "50"}},
    }
    without_it = Converter(without(KNOWN, "_rescued_data"), KNOWN)
    assert run(without_it, record) == {"id": 1}
    assert without_it.dropped == {"_rescued_data": 1, "__warning__": 1}


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": ""}, {"id": "x"}, {"id": [1]}])
def test_a_record_without_its_key_is_an_error(record: Json) -> None:
    made = Converter(KNOWN, KNOWN, keys=["id"])
    for _ in range(3):
        with pytest.raises(MissingKey, match=r"'id' is (absent|null|not usable)") as caught:
            made.convert({**record, "note": "a"})
        assert caught.value.field == "id"
        assert run(made, {"id": "7", "note": "a"}) == {"id": 7, "note": "a"}


def test_a_key_that_the_schema_lacks_is_an_error() -> None:
    made = Converter(without(KNOWN, "id"), KNOWN, keys=["id"])
    for _ in range(3):
        with pytest.raises(MissingKey):
            made.convert({"id": 1})


def test_absent_keys_stay_absent_and_nulls_stay_null() -> None:
    made = Converter(KNOWN, KNOWN, keys=["id"])
    assert run(made, {"id": 1}) == {"id": 1}
    nulls = dict.fromkeys(["total", "note", "address", "products", "tags"])
    assert run(made, {"id": 1, **nulls}) == {"id": 1, **nulls}
    assert run(made, {"id": 1, "products": [None], "address": {"geo": None}}) == {
        "id": 1,
        "products": [None],
        "address": {"geo": None},
    }


def test_paths_of_unusual_keys_are_distinct() -> None:
    made = Converter(KNOWN, KNOWN)
    record = {"address.zzz": 1, "address": {"zzz": 2, "": 3, 'q"': 4}, "a[0]": 5, "n\0": 6, "n": 7}
    assert run(made, record) == {
        "address": {},
        "_rescued_data": {
            '["address.zzz"]': 1,
            "address.zzz": 2,
            'address[""]': 3,
            'address["q\\""]': 4,
            '["a[0]"]': 5,
            "n\ufffd": 6,
            "n": 7,
        },
    }


def test_a_counter_has_a_limited_number_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converter_module, "MAX_PATHS", 3)
    made = Converter(KNOWN, KNOWN)
    for number in range(20):
        made.convert({f"key{number}": 1})
    assert made.rescued == {"key0": 1, "key1": 1, "key2": 1, "(other paths)": 17}


def test_the_same_object_in_two_fields_is_written_in_both() -> None:
    item = obj(**{f"f{number}": NUMBER for number in range(20)}, part=obj(a=INTEGER))
    known = obj(products=array(item), groups=array(obj(items=array(item))), _rescued_data=STRING)
    made = Converter(known, known)
    for number in range(6):
        rows = [{f"f{n}": f"{n}.{number}0" for n in range(20)} | {"part": {"a": n}} for n in (0, 1)]
        text = orjson.dumps(made.convert({"products": rows, "groups": [{"items": rows}]}))
        expected = ",".join(f'"f{n}":{n}.{number}0' for n in range(20))
        assert text.count(expected.encode()) == 4
    bad = [{"f0": "x", "f1": "2.50"}] * 2
    assert run(made, {"products": bad, "groups": [{"items": bad}]})["_rescued_data"] == {
        "products[0].f0": "x",
        "products[1].f0": "x",
        "groups[0].items[0].f0": "x",
        "groups[0].items[1].f0": "x",
    }


def test_a_key_that_is_known_at_one_path_is_new_at_another() -> None:
    fields = {f"f{number}": NUMBER for number in range(20)}
    known = obj(a=array(obj(**fields, s=STRING, x=STRING)), b=array(obj(**fields, s=STRING)))
    schema = obj(a=array(obj(**fields)), b=array(obj(**fields)), _rescued_data=STRING)
    made = Converter(schema, known)
    row = {f"f{number}": 1 for number in range(20)}
    for _ in range(3):
        assert run(made, {"a": [{**row, "x": "hidden"}]}) == {"a": [row]}
        assert run(made, {"b": [{**row, "x": "new"}]}) == {
            "b": [row],
            "_rescued_data": {"b[0].x": "new"},
        }


def test_a_value_that_is_nested_too_deep_is_rescued() -> None:
    made = Converter(obj(x={"type": "array"}, _rescued_data=STRING), obj(x={"type": "array"}))
    text = "[" * 300 + "]" * 300
    record = orjson.loads(f'{{"x":{text}}}')
    for _ in range(3):
        out = made.convert(record)
        assert out == {"x": None, "_rescued_data": f'{{"x":{text}}}'}


def test_rescued_paths_that_differ_only_in_invalid_characters_are_all_kept() -> None:
    record = {f"n{character}": number for number, character in enumerate("\0\ud800\ufffd", 1)}
    out = run(Converter(KNOWN, KNOWN), record)
    assert sorted(out["_rescued_data"].values()) == [1, 2, 3]


def test_a_string_does_not_take_json_text_where_fields_are_known() -> None:
    made = Converter(
        obj(a=STRING, b=STRING, products=STRING, _rescued_data=STRING),
        obj(a=obj(x=STRING), b=STRING, products=KNOWN["properties"]["products"]),
        json_text={"a", "b"},
    )
    assert run(made, {"a": {"x": "hidden"}}) == {"a": None}
    assert run(made, {"b": {"x": 1}}) == {"b": '{"x":1}'}
    assert run(made, {"products": [{"secret": "hidden"}]}) == {"products": None}
    assert made.dropped == {"a": 1, "products": 1}
    assert run(made, {"a": "text", "b": "text"}) == {"a": "text", "b": "text"}


def test_additional_keys_are_dropped_where_no_fields_are_known() -> None:
    """They may be deselected."""
    inner = {**obj(a=STRING), "additionalProperties": True}
    made = Converter(obj(x=inner, _rescued_data=STRING), obj(x=STRING))
    assert run(made, {"x": {"a": "1", "b": "hidden"}}) == {"x": {"a": "1"}}
    assert made.dropped == {"x.b": 1}


@pytest.mark.parametrize("value", [5, True, 1.5, "text", {"a": 1}, [[1]], [{}]])
def test_an_object_in_which_no_value_fits_does_not_affect_the_next(value: Any) -> None:
    known = obj(part=obj(names=array(STRING), ids=array(INTEGER)), _rescued_data=STRING)
    made = Converter(known, known)
    out = run(made, {"part": {"names": value, "ids": value}})
    assert len(out["_rescued_data"]) == 2
    assert run(made, {"part": {"names": ["a"], "ids": [1]}}) == {
        "part": {"names": ["a"], "ids": [1]}
    }


def test_the_same_object_follows_the_selection_of_each_path() -> None:
    item = obj(**{f"f{number}": NUMBER for number in range(20)})
    known = obj(products=array(item), others=array(item))
    made = Converter(without(known, "others.f3"), known)
    row = {f"f{n}": n for n in range(20)}
    out = run(made, {"products": [row], "others": [row]})
    assert out["products"] == [row]
    assert out["others"] == [{k: v for k, v in row.items() if k != "f3"}]


def test_options_by_path_apply_to_their_path_only() -> None:
    fields = array(obj(value=STRING))
    known = obj(a=fields, b=fields, c=fields, _rescued_data=STRING)
    made = Converter(known, known, json_text={"a[].value"}, value_or_array={"b"})
    out = run(made, {"a": [{"value": [1]}], "b": {"value": 2}, "c": [{"value": [3]}]})
    assert out == {
        "a": [{"value": "[1]"}],
        "b": [{"value": "2"}],
        "c": [{"value": None}],
        "_rescued_data": {"c[0].value": [3]},
    }
    assert run(made, {"c": {"value": 1}})["_rescued_data"] == {"c": {"value": 1}}


def test_a_body_is_clean_if_no_nul_is_written_in_it() -> None:
    assert is_clean(orjson.dumps({"a": "x\n\ufffd"}))
    assert not is_clean(orjson.dumps({"a": "x\0"}))


def test_deselected_fields_are_not_rescued_from_a_union_of_object_and_scalar() -> None:
    known = obj(x={"anyOf": [obj(a=STRING, b=STRING), {"type": "integer"}]}, _rescued_data=STRING)
    schema: Json = json.loads(json.dumps(known))
    del schema["properties"]["x"]["anyOf"][0]["properties"]["b"]
    made = Converter(schema, known)
    assert run(made, {"x": {"a": "1", "b": "hidden"}}) == {"x": {"a": "1"}}
    assert run(made, {"x": ["hidden"]}) == {"x": None}
    assert made.dropped == {"x": 1}
