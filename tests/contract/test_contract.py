"""The schemas have every field that users rely on and that the API documents.

Two tables are next to this file, with one row for each field:

- ``contract.tsv``: the four tables that users of the hosted integration load today.
- ``api_fields.tsv``: the fields that the API's description has for many streams, more than the rows
  of the sandbox have. Without links to other resources, write-only passwords, and the fields of
  products that are streams of their own (options, modifiers and reviews).

The fields of other streams are those that the sandbox's rows have, and the primary keys of all are
those that the sandbox declares. Paths have dots and do not mark arrays.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from all_streams import KEYS, PARENTS
from all_streams import NAMES as STREAMS
from expected import SCHEMAS
from expected import STREAMS as EXPECTED

HERE = Path(__file__).parent
STREAMS_OF_THE_CONTRACT = ("coupons", "customers", "orders", "products")

Schema = dict[str, Any]
Row = dict[str, str]

# The keywords of a schema that the catalog keeps.
KEYWORDS = {
    "type",
    "format",
    "description",
    "properties",
    "items",
    "additionalProperties",
}

# At the top of a stream's file: the shared file whose fields are added before the file's fields.
EXTENDS = "$extends"

# Notes on fields: lists of paths at the top of a stream's file, marks in the fields.
LISTED = ("$links", "$off_by_default", "$on_request", "$absent_in_fallback")
SCALARS = ("string", "number", "integer", "boolean")
MARKED = {"$json_text": ("string",), "$value_or_array": ("array",), "$personal": SCALARS}
# Facts of the list or of keys, which are not paths of fields.
FACTS = ("$references", "$count", "$ignores_start_date")
NOTES = (*LISTED, *MARKED, *FACTS)

# Rows of the contract whose type is not that of the API:
# (stream, path): (type in the schema, reason).
CONTRACT_EXCEPTIONS = {
    ("orders", "products.product_options.value"): (
        "string",
        "holds what the shopper typed or uploaded; a number becomes a string",
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

# Fields whose type in the schema is none of the types that the API describes.
API_EXCEPTIONS = {
    ("coupons", "restricted_to"): (
        "array",
        "the API sends [] when empty; an object becomes the array's only item",
    ),
    ("coupons", "restricted_to.countries"): (
        "array",
        "the API sends a list of country codes, not one string",
    ),
    ("banners", "date_created"): ("integer", "seconds since 1970, which the API sends as a string"),
    ("banners", "date_from"): ("integer", "seconds since 1970, which the API sends as a string"),
    ("banners", "date_to"): ("integer", "seconds since 1970, which the API sends as a string"),
    ("banners", "item_id"): ("integer", "the API sends the id as a string"),
    ("banners", "visible"): ("boolean", "the API sends 0 or 1 as a string"),
    ("order_taxes", "order_product_id"): ("integer", "the API sends the id as a string"),
    ("order_transactions", "order_id"): ("integer", "the API sends the id as a string"),
    ("promotions", "codes"): (
        "array",
        "described as an object, although a promotion can have several codes",
    ),
    ("tax_classes", "id"): ("integer", "the API sends the id as a string"),
}

# Fields of the API that are in no schema: (stream, path): reason.
LEFT_OUT = {
    ("webhooks", "store_hash"): "the store that is read; the tap has a column with that name",
}

# Fields in neither table, by the end of stream and path, with the reason.
ADDED = {
    "restricted_to.states": "sent with restricted coupons, as the contract's rules say",
    "restricted_to.zips": "sent with restricted coupons, as the contract's rules say",
    ".fulfillment_source": "sent with line items, though not described",
    ".applied_discounts.type": "the contract has it for the same line items in products of orders",
    "orders.credit_card_type": "sent with orders, though not described",
    "variants.gtin": "sent with variants, though not described",
    "variants.mpn": "sent with variants, though not described",
    "variants.calculated_weight": "sent with variants, though not described",
    "product_variants.map_price": "sent with variants, though not described",
    "product_variants.image_url": "sent with variants, though not described",
    "primary_image.image_url": "shares its shape with images",
    "product_images.image_file": "shares its shape with images of products",
    "order_shipments.billing_address.form_fields": "shares its shape with that of orders",
    "order_shipments.billing_address.form_fields.name": "shares its shape with that of orders",
    "order_shipments.billing_address.form_fields.value": "shares its shape with that of orders",
    "inventory_items.variant_id": "the primary key, which the API has inside identity only",
}

# Fields that only v3 has for customers; they are requested if they are selected.
ADDED |= dict.fromkeys(
    (
        "customers.channel_ids",
        "customers.origin_channel_id",
        "customers.authentication",
        "customers.authentication.force_password_reset",
        "customers.accepts_product_review_abandoned_cart_emails",
        "customers.attributes",
        "customers.attributes.id",
        "customers.attributes.attribute_id",
        "customers.attributes.attribute_value",
        "customers.attributes.customer_id",
        "customers.attributes.date_created",
        "customers.attributes.date_modified",
        "customers.store_credit_amounts",
        "customers.store_credit_amounts.amount",
        "customers.shopper_profile_id",
        "customers.segment_ids",
        "customers.address_count",
        "customers.attribute_count",
    ),
    "only v3 has it for customers",
)

SENTENCE = re.compile(r"[A-Z](?:(?!\. )[^\n])*\S\.")

# Names of dates. A field with such a name has the format date-time.
DATE_NAME = re.compile(r"(?:.*_)?date_.*|.*_(?:date|at|iso8601)|date|created|expires|last_updated")

# Fields with such a name that are no date-time, by the end of stream and path.
NOT_DATE_TIMES = {
    "products.preorder_release_date": "written just as the API sends it",
    ".config.date_limit_mode": "a keyword",
    ".config.date_earliest_value": "a day of the store's calendar",
    ".config.date_latest_value": "a day of the store's calendar",
    "banners.date_type": "a keyword",
    "locations.special_hours.date": "a day without a time",
    "blog_posts.published_date.date": "a time without its time zone, which is another field",
}

# For each type of a schema: the types of the API's description whose values fit it.
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
    """The node with every ``$ref`` replaced by the content of the file."""
    if isinstance(node, list):
        return [resolve(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return resolve(read_json(node["$ref"]))
    resolved = {k: resolve(v) for k, v in node.items() if k != EXTENDS and k not in NOTES}
    if EXTENDS in node:
        fields = resolve(read_json(node[EXTENDS]))["properties"]
        resolved["properties"] = {**fields, **resolved["properties"]}
    return resolved


@functools.cache
def read_table(name: str) -> list[Row]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read_rows(name: str, stream: str) -> list[Row]:
    return [row for row in read_table(name) if row["stream"] == stream]


def api_fields(stream: str) -> dict[str, set[str]]:
    """The fields that the API has for a stream, with their types."""
    described = read_rows("api_fields.tsv", stream)
    if described:
        return {row["path"]: set(row["types"].split("|")) for row in described}
    fields = EXPECTED[stream].fields
    return {path: set(types) for path, types in fields.items()}


def added_fields(stream: str) -> set[str]:
    """The fields of a stream that say whose rows they are: the parent's id and date, the store."""
    parent = PARENTS.get(stream)
    return {*KEYS[stream], *((parent.id, parent.date) if parent else ())} - {None}


def kind(node: Schema) -> str:
    """The type of the node without null, or "date-time"."""
    (name,) = (each for each in node["type"] if each != "null")
    return str(node.get("format", name))


def properties_of(node: Schema) -> dict[str, Schema]:
    """The properties of an object, or of the items of an array."""
    found: dict[str, Schema] = node.get("items", node).get("properties", {})
    return found


def find(schema: Schema, path: str) -> Schema | None:
    """The node at a path. ``a.value`` may be the scalar items of the array ``a``."""
    node = schema
    *parents, last = path.split(".")
    for name in parents:
        if name not in properties_of(node):
            return None
        node = properties_of(node)[name]
    if parents and last == "value" and kind(node) == "array" and not properties_of(node):
        items: Schema | None = node.get("items")
        return items
    return properties_of(node).get(last)


def is_free(node: Schema) -> bool:
    """Whether the object, or the items of the array, may have any properties."""
    return bool(node.get("items", node).get("additionalProperties"))


def is_within_free_form(schema: Schema, path: str) -> bool:
    """Whether an object above the path may have any properties, so that the path needs no field."""
    parents = path.split(".")[:-1]
    above = [find(schema, ".".join(parents[:end])) for end in range(1, len(parents) + 1)]
    return any(node is not None and is_free(node) for node in above)


def ends_with(stream: str, path: str, endings: Iterable[str]) -> bool:
    return f"{stream}.{path}".endswith(tuple(endings))


def all_properties(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Path and node of every property, at every depth."""
    for name, child in properties_of(node).items():
        child_path = f"{path}.{name}" if path else name
        yield child_path, child
        yield from all_properties(child, child_path)


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def schema(stream: str) -> Schema:
    resolved: Schema = resolve(read_json(f"{stream}.json"))
    return resolved


def test_the_tables_have_no_other_streams() -> None:
    assert {row["stream"] for row in read_table("api_fields.tsv")} <= set(STREAMS)
    assert {row["stream"] for row in read_table("contract.tsv")} == set(STREAMS_OF_THE_CONTRACT)


@pytest.mark.parametrize("stream", STREAMS_OF_THE_CONTRACT)
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


def test_every_field_of_the_api_is_in_the_schema_with_a_fitting_type(
    stream: str, schema: Schema
) -> None:
    fields = api_fields(stream)
    faults = []
    for path, types in fields.items():
        node = find(schema, path)
        if node is None:
            if not is_within_free_form(schema, path) and (stream, path) not in LEFT_OUT:
                faults.append(f"{path}: missing")
            continue
        wanted, _ = API_EXCEPTIONS.get((stream, path), ("", ""))
        if not FITTING[kind(node)] & ({wanted} if wanted else types):
            faults.append(f"{path}: {kind(node)} where the API has {wanted or sorted(types)}")
    assert fields
    assert not faults


def test_every_field_is_in_a_table_or_has_a_reason(stream: str, schema: Schema) -> None:
    contract = {row["path"] for row in read_rows("contract.tsv", stream)}
    listed = contract | api_fields(stream).keys() | added_fields(stream)
    unknown = {path for path, _ in all_properties(schema)} - listed
    assert not [path for path in unknown if not ends_with(stream, path, ADDED)]


def test_every_added_field_and_every_date_exception_still_exists() -> None:
    paths = [
        f"{stream}.{path}"
        for stream in STREAMS
        for path, _ in all_properties(resolve(read_json(f"{stream}.json")))
    ]
    listed = {f"{row['stream']}.{row['path']}" for row in read_table("contract.tsv")}
    listed |= {f"{stream}.{path}" for stream in STREAMS for path in api_fields(stream)}
    unknown = [path for path in paths if path not in listed]
    assert not [end for end in ADDED if not any(path.endswith(end) for path in unknown)]
    assert not [end for end in NOT_DATE_TIMES if not any(path.endswith(end) for path in paths)]


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


def test_lists_that_the_contract_has_as_single_values_have_the_type_of_the_api() -> None:
    products = resolve(read_json("products.json"))
    custom_fields = properties_of(products)["custom_fields"]
    meta_keywords = properties_of(products)["meta_keywords"]
    assert kind(custom_fields["items"]) == "object"
    assert kind(meta_keywords["items"]) == "string"


def test_every_property_has_a_sentence_as_description(schema: Schema) -> None:
    nodes = [("the stream", schema), *all_properties(schema)]
    texts = {path: node.get("description", "") for path, node in nodes}
    assert not [path for path, text in texts.items() if not SENTENCE.fullmatch(text)]


def test_everything_but_the_primary_key_is_nullable(stream: str, schema: Schema) -> None:
    keys = KEYS[stream]
    faults = []
    for path, node in all_properties(schema):
        nullable = node["type"][0] == "null" and len(node["type"]) == 2
        if nullable == (path in keys):
            faults.append(path)
        if "items" in node and node["items"]["type"][0] != "null":
            faults.append(f"{path}: items")
    assert keys
    assert not faults


def test_primary_keys_are_numbers_or_strings_at_the_top(stream: str, schema: Schema) -> None:
    fields = schema["properties"]
    assert {kind(fields[key]) for key in KEYS[stream]} <= {"integer", "string"}


@pytest.mark.parametrize("stream", STREAMS_OF_THE_CONTRACT)
def test_keys_of_the_contract_are_kept(stream: str, schema: Schema) -> None:
    rows = read_rows("contract.tsv", stream)
    assert {row["path"] for row in rows if row["key"] == "primary"} == set(KEYS[stream])
    assert {row["path"] for row in rows if row["key"]} <= set(schema["properties"])


def test_every_date_is_a_date_time(stream: str, schema: Schema) -> None:
    assert not [
        path
        for path, node in all_properties(schema)
        if DATE_NAME.fullmatch(path.rsplit(".", 1)[-1])
        and kind(node) in ("string", "integer", "number")
        and not (kind(node) == "integer" and "seconds since" in node["description"])
        and not ends_with(stream, path, NOT_DATE_TIMES)
    ]


def test_every_date_time_has_the_name_of_a_date(schema: Schema) -> None:
    names = [
        path.rsplit(".", 1)[-1]
        for path, node in all_properties(schema)
        if kind(node) == "date-time"
    ]
    assert not [name for name in names if not DATE_NAME.fullmatch(name)]


def test_objects_and_arrays_declare_their_content(schema: Schema) -> None:
    faults = []
    for path, node in all_properties(schema):
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


def test_no_field_is_a_password_or_a_link_to_another_resource(
    schema: Schema,
) -> None:
    paths = [path for path, _ in all_properties(schema)]
    assert not [
        path for path in paths if "password" in path and not path.endswith("force_password_reset")
    ]
    assert not [path for path in paths if path.endswith(("resource", "quotes"))]


def test_top_level_is_a_plain_object_that_begins_with_a_key(stream: str, schema: Schema) -> None:
    assert list(schema) == ["type", "description", "properties"]
    assert schema["type"] == "object"
    assert next(iter(schema["properties"])) in KEYS[stream]


def test_a_file_that_extends_a_shared_file_repeats_the_key_and_what_differs(stream: str) -> None:
    schema = read_json(f"{stream}.json")
    if EXTENDS in schema:
        plain = [key for key in schema if key not in (*LISTED, *FACTS)]
        assert plain == ["type", "description", EXTENDS, "properties"]
        fields, shared = schema["properties"], read_json(schema[EXTENDS])["properties"]
        repeated = set(fields) & set(shared)
        assert repeated
        for name in repeated - set(KEYS[stream]):
            assert fields[name]["type"] != shared[name]["type"], name


def test_notes_name_fields_of_the_schema_and_links_do_not(stream: str, schema: Schema) -> None:
    notes, fields = read_json(f"{stream}.json"), {path for path, _ in all_properties(schema)}
    links, off, on_request, absent = (
        {path.replace("[]", "") for path in notes.get(name, ())} for name in LISTED
    )
    assert off <= fields
    assert on_request | absent <= set(schema["properties"])
    assert not links & fields


def test_marks_are_true_and_in_fields_of_the_right_type() -> None:
    for path in SCHEMAS.rglob("*.json"):
        for node in marked(json.loads(path.read_text("utf-8"))):
            for mark in set(node) & set(MARKED):
                assert node[mark] is True, path
                assert kind(node) in MARKED[mark], path


def marked(node: Any) -> Iterator[Schema]:
    """Every node with a mark, in one file."""
    if isinstance(node, dict) and set(node) & set(MARKED):
        yield node
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for value in inner:
        yield from marked(value)


def references(node: Any) -> Iterator[Schema]:
    """Every node with a ``$ref`` or ``$extends``, in one file."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if isinstance(node, dict):
        if "$ref" in node or EXTENDS in node:
            yield node
        for value in node.values():
            yield from references(value)


def test_every_shared_file_is_used_and_every_reference_stands_alone() -> None:
    files = [path.relative_to(SCHEMAS).as_posix() for path in SCHEMAS.rglob("*.json")]
    tops = {f"{stream}.json": read_json(f"{stream}.json") for stream in STREAMS}
    nodes = [node for name in files for node in references(read_json(name))]
    extending = [node for node in nodes if EXTENDS in node]
    referring = [node for node in nodes if EXTENDS not in node]
    assert not [node for node in extending if node not in tops.values()]
    assert not [node for node in referring if list(node) != ["$ref"]]
    shared = {name for name in files if name.startswith("shared/")}
    assert shared
    assert shared == {node.get("$ref") or node[EXTENDS] for node in nodes}
