"""The streams' JSON schemas, one file each, and the reading of them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

RESCUED = "_rescued_data"
"""The field for what a schema does not know or what does not fit into it."""

DELETED_AT = "_sdc_deleted_at"
"""The field that says since when a record is gone from the store."""

STORE_HASH = "store_hash"
"""The field that says whose record it is, where tables hold several stores."""

OWN_COLUMNS: dict[str, dict[str, Any]] = {
    STORE_HASH: {"type": "string", "description": "The store whose record this is: its hash."},
    DELETED_AT: {
        "type": ["null", "string"],
        "format": "date-time",
        "description": "Since when the record is gone from the store; empty while it is there.",
    },
    RESCUED: {
        "type": ["null", "string"],
        "description": (
            "A JSON object, by path, of what the store sent and this schema does not know, or what "
            "does not fit a field's type; empty when there is nothing of the kind."
        ),
    },
}
"""The fields that are the tap's own, in no schema file: no stream of the API has one of these
names."""

LISTS = ("$links", "$off_by_default", "$asked_for")
MARKS = ("$json_text", "$wrapped", "$personal")


@dataclass(frozen=True)
class Notes:
    """What is odd about single fields of a stream, by their paths (`form_fields[].value`).

    At the top of a schema file, references as an object, the others as lists of paths:
    references: foreign keys, each with the key of a stream that it names.
    links: no fields, but where rows hold the addresses of other lists.
    off_by_default: fields that have to be selected.
    asked_for: top-level fields that come only because the tap asks for them beside the row itself.
    They may fail to come, and are left out of the record then.

    In the field itself, as `true`:
    json_text: strings; any other value becomes its JSON text.
    wrapped: arrays; what is none becomes the only item.
    personal: what may tell of a person. `_rescued_data` always is, for it may hold anything.
    """

    references: Mapping[str, str] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    off_by_default: tuple[str, ...] = ()
    asked_for: tuple[str, ...] = ()
    json_text: frozenset[str] = frozenset()
    wrapped: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()


def load_schema(stream: str) -> dict[str, Any]:
    """The whole schema of a stream, with every reference to a shared part resolved.

    It is read once, and never changed.
    """
    schema, _ = _read(stream)
    return schema


def load_notes(stream: str) -> Notes:
    """What a stream's schema file says beside the schema."""
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
    lists: list[Any] = [tuple(schema.pop(name, ())) for name in LISTS]
    marks = [frozenset(path for path, mark in marked if mark == name) for name in MARKS]
    return schema, Notes(schema.pop("$references", {}), *lists, *marks)


def _without_marks(node: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Take the marks out of a schema: each with the path of its field."""
    yield from ((path, mark) for mark in MARKS if node.pop(mark, False))
    if "items" in node:
        yield from _without_marks(node["items"], f"{path}[]")
    for name, inner in node.get("properties", {}).items():
        yield from _without_marks(inner, f"{path}.{name}" if path else name)


def _resolved(name: str) -> Any:
    """A file's schema, where each reference to a shared part is that part."""
    text = resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
    return json.loads(text, object_hook=lambda n: _resolved(n["$ref"]) if "$ref" in n else n)
