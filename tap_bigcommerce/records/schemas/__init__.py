"""Loads the streams' JSON schemas, one file each, and the marks in them."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

RESCUED = "_rescued_data"
"""The field for values that are new to a schema or do not fit it."""

DELETED_AT = "_sdc_deleted_at"
"""The field with the date since when a record is deleted in the store."""

STORE_HASH = "store_hash"
"""The field with the hash of the record's store: for tables with several stores, and the key of
settings, which have no id."""

OWN_COLUMNS: dict[str, dict[str, Any]] = json.loads(
    resources.files("tap_bigcommerce.records").joinpath("own_columns.json").read_bytes()
)
"""Fields that the tap adds to records; the API has none so named. They are in no schema file, but
for `store_hash` where it is the only key."""

MARKS = ("$json_text", "$value_or_array", "$personal")
"""In a field of a schema file, each with the value true."""


@dataclass(frozen=True)
class Notes:
    """What a schema file says of its list and of single fields in addition to their schema.

    Fields are named by their paths (`form_fields[].value`). From the top of the file:
    references: foreign keys, each with the key that it refers to (`orders.id`).
    links: not fields, but paths at which rows have the addresses of other lists.
    off_by_default: fields that are read only when they are selected.
    on_request: top-level fields that the API returns only when the tap asks for them, with
        `include` or a further request. They are omitted from a record if that fails.
    absent_in_fallback: top-level fields that rows of the stream's fallback may lack. They are then
        absent from the records, where others would be null.

    From marks in the field itself:
    json_text: strings in which any other value becomes its JSON text.
    value_or_array: arrays for which the API may send a single value; it becomes the only item.
    personal: personal data. `_rescued_data` always is, because anything may be in it.

    Of the list, from the top of the file:
    count: see `Stream.count`.
    ignores_start_date: the first sync reads all rows, whatever `start_date` says.
    """

    references: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[str] = ()
    off_by_default: Sequence[str] = ()
    on_request: Sequence[str] = ()
    absent_in_fallback: Sequence[str] = ()
    json_text: frozenset[str] = frozenset()
    value_or_array: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    count: Mapping[str, int] | None = None
    ignores_start_date: bool = False


def load_schema(stream: str) -> dict[str, Any]:
    """The complete schema of a stream, with every reference to a shared part resolved.

    The same object is returned each time: callers must not change it.
    """
    schema, _ = _read(stream)
    return schema


def load_notes(stream: str) -> Notes:
    """The notes of a stream's schema file."""
    _, notes = _read(stream)
    return notes


@functools.cache
def _read(stream: str) -> tuple[dict[str, Any], Notes]:
    schema = _resolved(f"{stream}.json")
    if "$extends" in schema:
        base = _resolved(schema.pop("$extends"))
        schema["properties"] = {**base["properties"], **schema["properties"]}
    schema["properties"][RESCUED] = {**OWN_COLUMNS[RESCUED], "$personal": True}
    marked = list(_without_marks(schema, ""))
    notes = {name: schema.pop(name) for name in [*schema] if name.startswith("$")}
    notes |= {name: frozenset(path for path, mark in marked if mark == name) for name in MARKS}
    return schema, Notes(**{name.removeprefix("$"): value for name, value in notes.items()})


def _without_marks(node: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Remove the marks from a schema. Yields each with the path of its field."""
    yield from ((path, mark) for mark in MARKS if node.pop(mark, False))
    if "items" in node:
        yield from _without_marks(node["items"], f"{path}[]")
    for name, inner in node.get("properties", {}).items():
        yield from _without_marks(inner, f"{path}.{name}" if path else name)


def _resolved(name: str) -> Any:
    """The schema in a file, with each reference replaced by the shared part that it names."""
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return json.loads(text, object_hook=lambda n: _resolved(n["$ref"]) if "$ref" in n else n)
