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

_RESCUED_SCHEMA = {
    "type": ["null", "string"],
    "description": (
        "A JSON object, by path, of what the store sent and this schema does not know, or what "
        "does not fit a field's type; empty when there is nothing of the kind."
    ),
}

DELETED_AT = "_sdc_deleted_at"
"""The field that says since when a record is gone from the store; not in the schema files."""

DELETED_AT_SCHEMA = {
    "type": ["null", "string"],
    "format": "date-time",
    "description": "Since when the record is gone from the store; empty while it is there.",
}

STORE_HASH = "store_hash"
"""The field that says whose record it is, where tables hold several stores."""

STORE_HASH_SCHEMA = {"type": "string", "description": "The store whose record this is: its hash."}

OWN_COLUMNS = (STORE_HASH, DELETED_AT, RESCUED)
"""The fields that are the tap's own: no stream of the API has one of these names."""

LISTS = ("$links", "$off_by_default", "$asked_for")
MARKS = ("$json_text", "$wrapped", "$personal")
REFERENCES = "$references"
NOTES = (*LISTS, *MARKS, REFERENCES)


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
    links: frozenset[str] = frozenset()
    off_by_default: frozenset[str] = frozenset()
    asked_for: frozenset[str] = frozenset()
    json_text: frozenset[str] = frozenset()
    wrapped: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()


def load_schema(stream: str) -> dict[str, Any]:
    """The whole schema of a stream, with every reference to a shared part resolved."""
    schema: dict[str, Any] = _without_notes(_whole(stream))
    schema["properties"][RESCUED] = dict(_RESCUED_SCHEMA)
    return schema


@functools.cache
def load_notes(stream: str) -> Notes:
    """What a stream's schema file says beside the schema."""
    schema = _whole(stream)
    marked = [*_marked(schema, ""), (RESCUED, "$personal")]
    return Notes(
        schema.get(REFERENCES, {}),
        *(frozenset(schema.get(name, ())) for name in LISTS),
        *(frozenset(path for path, mark in marked if mark == name) for name in MARKS),
    )


def _whole(stream: str) -> Any:
    schema: dict[str, Any] = _resolved(f"{stream}.json")
    base = schema.pop("$extends", None)
    if base is not None:
        schema["properties"] = {**_resolved(base)["properties"], **schema["properties"]}
    return schema


def _marked(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each mark in a schema, with the path of its field."""
    yield from ((path, mark) for mark in MARKS if mark in node)
    if "items" in node:
        yield from _marked(node["items"], f"{path}[]")
    for name, inner in node.get("properties", {}).items():
        yield from _marked(inner, f"{path}.{name}" if path else name)


def _without_notes(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_notes(v) for k, v in node.items() if k not in NOTES}
    return [_without_notes(item) for item in node] if isinstance(node, list) else node


def _resolved(name: str) -> Any:
    return _resolve(json.loads(_text(name)))


@functools.cache
def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _resolve(node: Any) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(node["$ref"])
        return {key: _resolve(value) for key, value in node.items()}
    return [_resolve(item) for item in node] if isinstance(node, list) else node
