"""The schemas against the tables that users rely on and against the API's fields.

Two lists stand beside this file. ``contract.tsv``: the tables that users of the
hosted integration load today, one row a field. ``api_fields.tsv``: the fields that
the API's description lists for the same four streams, without links to other
resources, write-only passwords, and what becomes streams of its own (product
options, modifiers and reviews). Paths are dotted and do not mark arrays.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[1] / "tap_bigcommerce" / "schemas"
STREAMS = ("coupons", "customers", "orders", "products")

Schema = dict[str, Any]
Row = dict[str, str]

# What a catalog keeps of a schema; other keywords would be lost on the way.
KEYWORDS = {
    "type",
    "format",
    "description",
    "properties",
    "items",
    "additionalProperties",
}

# Rows of the contract whose type is wrong about the real API:
# (stream, path): (type in the schema, reason).
CONTRACT_EXCEPTIONS = {
    ("orders", "products.product_options.value"): (
        "string",
        "holds what the shopper typed or uploaded; where it is a number, its text",
    ),
    ("products", "custom_fields"): (
        "array",
        "the API sends a list of objects, not one object",
    ),
    ("products", "meta_keywords"): (
        "array",
        "the API sends a list of strings, not one string",
    ),
}

# Fields whose type in the schema holds none of the types that the API describes.
API_EXCEPTIONS = {
    ("coupons", "restricted_to"): (
        "array",
        "the API sends [] when empty; an object becomes the array's only item",
    ),
    ("coupons", "restricted_to.countries"): (
        "array",
        "the API sends a list of country codes, not one string",
    ),
}

# Fields in neither list, by the end of their path, with the reason that they are there.
ADDED = {
    "restricted_to.states": "sent with restricted coupons, as the contract's rules say",
    "restricted_to.zips": "sent with restricted coupons, as the contract's rules say",
    ".fulfillment_source": "sent with line items, though not described",
    "line_items.applied_discounts.type": "the contract has it for the same items in products",
    "credit_card_type": "sent with orders, though not described",
    "variants.gtin": "sent with variants, though not described",
    "variants.mpn": "sent with variants, though not described",
    "variants.calculated_weight": "sent with variants, though not described",
    "primary_image.image_url": "shares its shape with images",
}

# Types of the API's description whose values fit a type of the schema.
FITTING = {
    "string": {"string", "number", "integer"},
    "date-time": {"string"},
    "number": {"number", "integer", "string"},
    "integer": {"integer", "number"},
    "boolean": {"boolean"},
    "object": {"object"},
    "array": {"array"},
}


def read_json(name: str) -> Schema:
    schema: Schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return schema


def resolve(node: Any) -> Any:
    """The node with every ``$ref`` replaced by the file that it names."""
    if isinstance(node, list):
        return [resolve(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolve(read_json(node["$ref"]))
    return {key: resolve(value) for key, value in node.items()}


def read_rows(name: str, stream: str) -> list[Row]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [row for row in rows if row["stream"] == stream]


def kind(node: Schema) -> str:
    """The node's type without null, or date-time."""
    (name,) = (each for each in node["type"] if each != "null")
    return str(node.get("format", name))


def properties_of(node: Schema) -> dict[str, Schema]:
    """Properties of an object, or of the items of an array."""
    found: dict[str, Schema] = node.get("items", node).get("properties", {})
    return found


def find(schema: Schema, path: str) -> Schema | None:
    """The node at a path; ``a.value`` may mean the scalar items of array ``a``."""
    node = schema
    *parents, last = path.split(".")
    for name in parents:
        if name not in properties_of(node):
            return None
        node = properties_of(node)[name]
    if last == "value" and kind(node) == "array" and not properties_of(node):
        items: Schema | None = node.get("items")
        return items
    return properties_of(node).get(last)


def walk(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Path and node of every property, at every depth."""
    for name, child in properties_of(node).items():
        child_path = f"{path}.{name}" if path else name
        yield child_path, child
        yield from walk(child, child_path)


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def schema(stream: str) -> Schema:
    resolved: Schema = resolve(read_json(f"{stream}.json"))
    return resolved


def test_every_field_of_the_contract_keeps_its_path_and_type(stream: str, schema: Schema) -> None:
    rows = read_rows("contract.tsv", stream)
    faults = []
    for row in rows:
        path = row["path"]
        node = find(schema, path)
        if node is None:
            faults.append(f"{path}: missing")
            continue
        wanted, _ = CONTRACT_EXCEPTIONS.get((stream, path), (row["type"], ""))
        accepted = {"number", "integer"} if wanted == "number" else {wanted}
        if kind(node) not in accepted:
            faults.append(f"{path}: {kind(node)} where the contract has {wanted}")
    assert rows
    assert not faults


def test_every_field_of_the_api_has_a_place_of_a_fitting_type(stream: str, schema: Schema) -> None:
    rows = read_rows("api_fields.tsv", stream)
    faults = []
    for row in rows:
        path = row["path"]
        node = find(schema, path)
        if node is None:
            faults.append(f"{path}: missing")
            continue
        wanted, _ = API_EXCEPTIONS.get((stream, path), (row["types"], ""))
        if not FITTING[kind(node)] & set(wanted.split("|")):
            faults.append(f"{path}: {kind(node)} where the API has {wanted}")
    assert rows
    assert not faults


def test_no_field_is_made_up(stream: str, schema: Schema) -> None:
    listed = {
        row["path"]
        for name in ("contract.tsv", "api_fields.tsv")
        for row in read_rows(name, stream)
    }
    unknown = {path for path, _ in walk(schema)} - listed
    assert not [path for path in unknown if not path.endswith(tuple(ADDED))]


@pytest.mark.parametrize(
    ("exceptions", "name", "column"),
    [
        (CONTRACT_EXCEPTIONS, "contract.tsv", "type"),
        (API_EXCEPTIONS, "api_fields.tsv", "types"),
    ],
)
def test_every_exception_is_still_needed(
    exceptions: dict[tuple[str, str], tuple[str, str]], name: str, column: str
) -> None:
    for (stream, path), (wanted, reason) in exceptions.items():
        listed = {row["path"]: row[column] for row in read_rows(name, stream)}
        assert listed[path] != wanted
        assert reason


def test_lists_that_the_contract_calls_single_values_hold_what_the_api_sends() -> None:
    products = resolve(read_json("products.json"))
    custom_fields = properties_of(products)["custom_fields"]
    meta_keywords = properties_of(products)["meta_keywords"]
    assert kind(custom_fields["items"]) == "object"
    assert kind(meta_keywords["items"]) == "string"


def test_every_property_says_in_a_sentence_what_it_is(schema: Schema) -> None:
    nodes = [("the stream", schema), *walk(schema)]
    texts = {path: node.get("description", "") for path, node in nodes}
    assert not [
        path
        for path, text in texts.items()
        if not (text[:1].isupper() and text.endswith(".") and text == text.strip())
    ]


def test_everything_but_the_primary_key_is_nullable(stream: str, schema: Schema) -> None:
    rows = read_rows("contract.tsv", stream)
    keys = {row["path"] for row in rows if row["key"] == "primary"}
    assert keys
    faults = []
    for path, node in walk(schema):
        nullable = node["type"][0] == "null" and len(node["type"]) == 2
        if nullable == (path in keys):
            faults.append(path)
        if "items" in node and node["items"]["type"][0] != "null":
            faults.append(f"{path}: items")
    assert not faults


def test_keys_of_the_contract_are_fields_at_the_top(stream: str, schema: Schema) -> None:
    keys = [row["path"] for row in read_rows("contract.tsv", stream) if row["key"]]
    assert set(keys) <= set(schema["properties"])


def test_every_date_is_an_instant(schema: Schema) -> None:
    dates = [
        (path, node) for path, node in walk(schema) if path.rsplit(".", 1)[-1].startswith("date_")
    ]
    assert dates
    assert not [path for path, node in dates if kind(node) != "date-time"]


def test_objects_and_arrays_say_what_they_hold(schema: Schema) -> None:
    faults = []
    for path, node in walk(schema):
        for part in (node, node.get("items", {})):
            if not part:
                continue
            if set(part) - KEYWORDS:
                faults.append(f"{path}: {sorted(set(part) - KEYWORDS)}")
            if kind(part) == "array" and "items" not in part:
                faults.append(f"{path}: an array without items")
            if kind(part) == "object":
                named = bool(part.get("properties"))
                if named == bool(part.get("additionalProperties")):
                    faults.append(f"{path}: neither named nor free properties")
    assert not faults


def test_no_field_can_hold_a_password_or_a_link_to_another_resource(
    schema: Schema,
) -> None:
    paths = [path for path, _ in walk(schema)]
    assert not [path for path in paths if "password" in path]
    assert not [path for path in paths if path.endswith(("resource", "quotes"))]


def test_top_level_is_a_plain_object_that_begins_with_its_id(schema: Schema) -> None:
    assert list(schema) == ["type", "description", "properties"]
    assert schema["type"] == "object"
    assert next(iter(schema["properties"])) == "id"


def references(node: Any) -> Iterator[Schema]:
    """Every node with a ``$ref``, in one file."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if isinstance(node, dict):
        if "$ref" in node:
            yield node
        for value in node.values():
            yield from references(value)


def test_every_shared_file_is_used_and_every_reference_stands_alone() -> None:
    files = [path.relative_to(SCHEMAS).as_posix() for path in SCHEMAS.rglob("*.json")]
    nodes = [node for name in files for node in references(read_json(name))]
    assert not [node for node in nodes if list(node) != ["$ref"]]
    shared = {name for name in files if name.startswith("shared/")}
    assert shared
    assert shared == {node["$ref"] for node in nodes}
