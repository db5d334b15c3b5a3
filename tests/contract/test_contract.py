"""The schemas have every field that users rely on and that the API documents.

Three tables are next to this file:

- ``contract.tsv``: the four tables that users of the hosted integration load today, field by field.
- ``api_fields.tsv``: the fields that the API's description has for many streams, more than the rows
  of the sandbox have; without links, write-only passwords, and fields of products that are streams.
- ``exceptions.tsv``: fields that differ from one of these, by stream and path, with the reason: the
  type of the schema where the contract or the API has another one; fields of the API that are left
  out; by the end of stream and path, fields that are in neither table (added), and fields with the
  name of a date that are no date-time.

The fields of other streams are those that the sandbox's rows have, and the primary keys of all are
those that the sandbox declares. Paths have dots and do not mark arrays.
"""

import csv
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from all_streams import FOUR, KEYS, NAMES, PARENTS
from expected import SCHEMAS, STREAMS, singular
from tap_runner import Json, path_of

from tap_bigcommerce.records.schemas import RESCUED, load_notes, load_schema
from tap_bigcommerce.streams import STREAMS as DECLARED

Schema = dict[str, Any]
Row = dict[str, str]

# The keywords of a schema that the catalog keeps.
KEYWORDS = {"type", "format", "description", "properties", "items", "additionalProperties"}

SENTENCE = re.compile(r"[A-Z](?:(?!\. )[^\n])*\S\.")

# Names of dates. A field with such a name has the format date-time.
DATE_NAME = re.compile(r"(?:.*_)?date_.*|.*_(?:date|at|iso8601)|date|created|expires|last_updated")

# Names that foreign keys have, such as `customer_id`, and names of fields with personal data.
KEY_NAMES = {f"{singular(name)}_id" for name in NAMES if KEYS[name] == ("id",)} | {"variant_id"}
PERSONAL_NAME = re.compile(
    r"email|phone|(first|last|from|to)_name|^ip_|_ip_|street|zip|postal|city|address_?(line_)?\d"
    r"|company|notes|comments|message|_token$|card|geo|form_fields\.value|attribute_value"
)
# Texts of the store and of the payment provider, characters, and areas.
NOT_PERSONAL = re.compile(
    r"(preorder|out_of_stock|purchasing_disabled|declined)_message$|(disabled|cvv_result)\.message$"
    r"|(decimal|thousands)_token$|(locations\.zip|postal_codes|restricted_to\.zips)$"
)

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


@functools.cache
def read_table(name: str) -> list[Row]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def exceptions(origin: str) -> dict[str, str]:
    """Path or end of a path: type."""
    rows = [row for row in read_table("exceptions.tsv") if row["from"] == origin]
    assert all(row["reason"] for row in rows)
    return {row["path"]: row["type"] for row in rows}


CONTRACT, API, LEFT_OUT, ADDED, NO_DATE_TIME = map(
    exceptions, ("contract", "api", "left out", "added", "no date-time")
)


def of_contract(stream: str) -> dict[str, Row]:
    """The rows of the contract by path."""
    return {row["path"]: row for row in read_table("contract.tsv") if row["stream"] == stream}


@functools.cache
def of_api(stream: str) -> dict[str, set[str]]:
    described = [row for row in read_table("api_fields.tsv") if row["stream"] == stream]
    if described:
        return {row["path"]: set(row["types"].split("|")) for row in described}
    return {path: set(types) for path, types in STREAMS[stream].fields.items()}


def kind(node: Schema) -> str:
    """The type of the node without null, or "date-time"."""
    (name,) = (each for each in node["type"] if each != "null")
    return str(node.get("format", name))


def all_properties(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    for name, child in node.get("items", node).get("properties", {}).items():
        child_path = f"{path}.{name}" if path else name
        yield child_path, child
        yield from all_properties(child, child_path)


TOPS: dict[str, Schema] = {stream: load_schema(stream) for stream in NAMES}
FIELDS = {
    stream: {path: node for path, node in all_properties(schema) if path != RESCUED}
    for stream, schema in TOPS.items()
}
EVERY_FIELD = [
    (f"{stream}.{path}", node) for stream, nodes in FIELDS.items() for path, node in nodes.items()
]


def find(stream: str, path: str) -> Schema | None:
    """The node at a path. ``a.value`` may be the scalar items of the array ``a``."""
    node = FIELDS[stream].get(path)
    above, _, last = path.rpartition(".")
    parent = FIELDS[stream].get(above)
    if node is None and last == "value" and parent and kind(parent) == "array":
        return None if "properties" in parent["items"] else parent["items"]
    return node


def is_within_free_form(stream: str, path: str) -> bool:
    """Whether an object above the path may have any properties, so that the path needs no field."""
    parts = path.split(".")[:-1]
    above = (FIELDS[stream].get(".".join(parts[: end + 1]), {}) for end in range(len(parts)))
    return any(node.get("items", node).get("additionalProperties") for node in above)


def test_every_field_of_the_contract_keeps_its_path_and_type_and_its_keys() -> None:
    faults = []
    assert {row["stream"] for row in read_table("contract.tsv")} == set(FOUR)
    for stream in FOUR:
        rows = of_contract(stream)
        for path, row in rows.items():
            node = find(stream, path)
            wanted = CONTRACT.get(f"{stream}.{path}", row["type"])
            accepted = {"number", "integer"} if wanted == "number" else {wanted}
            if node is None or kind(node) not in accepted:
                faults.append(f"{stream}.{path}: {node and kind(node)}, in the contract {wanted}")
        assert {path for path, row in rows.items() if row["key"] == "primary"} == {*KEYS[stream]}
        assert {path for path, row in rows.items() if row["key"]} <= set(TOPS[stream]["properties"])
    assert not faults


def test_every_field_of_the_api_is_in_the_schema_with_a_fitting_type() -> None:
    faults = []
    assert {row["stream"] for row in read_table("api_fields.tsv")} <= set(NAMES)
    for stream in NAMES:
        assert of_api(stream), stream
        for path, types in of_api(stream).items():
            node, full = find(stream, path), f"{stream}.{path}"
            if node is None:
                if not is_within_free_form(stream, path) and full not in LEFT_OUT:
                    faults.append(f"{full}: missing")
            elif not FITTING[kind(node)] & ({API[full]} if full in API else types):
                faults.append(f"{full}: {kind(node)} where the API has {sorted(types)}")
    assert not faults


def test_every_field_is_in_a_table_or_is_an_exception_and_every_exception_is_needed() -> None:
    listed = {f"{stream}.{path}" for stream in FOUR for path in of_contract(stream)}
    listed |= {f"{stream}.{path}" for stream in NAMES for path in of_api(stream)}
    own = {f"{stream}.{key}" for stream in NAMES for key in KEYS[stream]}
    own |= {f"{name}.{of}" for name, parent in PARENTS.items() for of in (parent.id, parent.date)}
    unknown = {path for path, _ in EVERY_FIELD} - listed
    assert not [path for path in unknown - own if not path.endswith(tuple(ADDED))]
    assert not [end for end in ADDED if not any(path.endswith(end) for path in unknown)]
    paths = [path for path, _ in EVERY_FIELD]
    assert not [end for end in NO_DATE_TIME if not any(path.endswith(end) for path in paths)]
    for full, wanted in CONTRACT.items():
        stream, _, path = full.partition(".")
        assert of_contract(stream)[path]["type"] != wanted, full
    for full, wanted in API.items():
        stream, _, path = full.partition(".")
        assert of_api(stream)[path] != {wanted}, full


def test_a_field_has_a_sentence_as_description_and_declares_its_content() -> None:
    for path, node in EVERY_FIELD:
        assert SENTENCE.fullmatch(node.get("description", "")), path
        for part in filter(None, (node, node.get("items"))):
            assert set(part) <= KEYWORDS, path
            assert kind(part) != "array" or "items" in part, path
            if kind(part) == "object":
                # Either named properties or any.
                assert bool(part.get("properties")) != bool(part.get("additionalProperties")), path


def test_everything_but_the_primary_key_is_nullable() -> None:
    for stream, nodes in FIELDS.items():
        for path, node in nodes.items():
            nullable = node["type"][0] == "null" and len(node["type"]) == 2
            assert nullable != (path in KEYS[stream]), f"{stream}.{path}"
            assert "items" not in node or node["items"]["type"][0] == "null", f"{stream}.{path}"
        assert {kind(nodes[key]) for key in KEYS[stream]} <= {"integer", "string"}, stream


def test_dates_are_date_times_and_no_field_is_a_password_or_a_link() -> None:
    for path, node in EVERY_FIELD:
        is_named_so = DATE_NAME.fullmatch(path.rsplit(".", 1)[-1])
        if kind(node) == "date-time":
            assert is_named_so, path
            assert "string" in node["type"], path
        elif is_named_so and kind(node) in ("string", "integer", "number"):
            seconds = kind(node) == "integer" and "seconds since" in node["description"]
            assert seconds or path.endswith(tuple(NO_DATE_TIME)), path
        assert "password" not in path or path.endswith("force_password_reset")
        assert not path.endswith(("resource", "quotes"))


def test_fields_with_a_name_of_personal_data_are_marked_but_no_keys_and_no_objects() -> None:
    for stream, nodes in FIELDS.items():
        marked = load_notes(stream).personal
        personal = {path.replace("[]", "") for path in marked}
        leaves = {path for path, node in nodes.items() if kind(node.get("items", node)) != "object"}
        assert RESCUED in personal, stream
        assert personal - {RESCUED} <= leaves - {*DECLARED[stream].automatic_fields}, stream
        for path in leaves - personal:
            name = path if "form_fields" in path else path.split(".")[-1]
            if PERSONAL_NAME.search(name) and kind(nodes[path]) != "boolean":
                assert NOT_PERSONAL.search(path), f"{stream}.{path}"


def test_the_catalog_shows_what_is_personal(catalog: Json) -> None:
    for entry in catalog["streams"]:
        marked = [item for item in entry["metadata"] if item["metadata"].get("personal")]
        shown = {path_of(item["breadcrumb"]) for item in marked}
        assert shown == load_notes(entry["tap_stream_id"]).personal, entry["stream"]


def test_foreign_keys_are_declared_and_refer_to_keys_of_the_same_type() -> None:
    for name, stream in DECLARED.items():
        for path, key in stream.references.items():
            other, _, of = key.partition(".")
            field = FIELDS[name][path.replace("[]", "")]
            field = field["items"] if path.endswith("[]") else field
            assert of in KEYS[other], (name, path)
            assert kind(field) == kind(FIELDS[other][of]), (name, path)
        keys = KEY_NAMES & set(TOPS[name]["properties"]) - {"store_id"}
        assert keys <= set(stream.references), name


# The files


def test_the_notes_of_a_file_name_fields_and_no_links() -> None:
    for stream, schema in TOPS.items():
        assert list(schema) == ["type", "description", "properties"], stream
        assert SENTENCE.fullmatch(schema["description"]), stream
        notes, fields = load_notes(stream), FIELDS[stream]
        assert {path.replace("[]", "") for path in notes.off_by_default} <= set(fields), stream
        assert {*notes.on_request, *notes.absent_in_fallback} <= set(schema["properties"]), stream
        assert not {path.replace("[]", "") for path in notes.links} & set(fields), stream
        texts = [fields[path.replace("[]", "")] for path in notes.json_text]
        assert all(kind(node.get("items", node)) == "string" for node in texts), stream


def test_references_stand_alone_and_every_shared_file_is_used_and_every_mark_is_true() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SCHEMAS.rglob("*.json"))
    references = re.findall(r'\{\s*"\$ref": "([^"]+)"\s*\}', text)
    assert len(references) == text.count('"$ref"')
    used = {*references, *re.findall(r'"\$extends": "([^"]+)"', text)}
    assert used == {f"shared/{path.name}" for path in (SCHEMAS / "shared").iterdir()}
    assert not re.findall(r'"\$(?:json_text|value_or_array|personal)": (?!true)', text)
