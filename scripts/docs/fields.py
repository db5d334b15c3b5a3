"""Tables of fields: those of a stream, and those with personal data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.docs.markdown import cell, code, codes, table
from tap_bigcommerce.records.schemas import RESCUED, load_notes, load_schema
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

MANY = 12
"""Nested fields of an object or array, above which they are in a table of their own."""


@dataclass(frozen=True)
class FieldRow:
    """A field: its path (`products[].sku`), its type as text, and its description."""

    path: str
    type: str
    description: str


def field_rows(name: str) -> list[FieldRow]:
    """All fields of the stream `name`; nested fields follow the field that contains them."""
    return list(_fields(load_schema(name), ""))


def fields_tables(stream: Stream) -> str:
    """Tables of all fields. Those in an object with many fields are in a table that folds."""
    rows = field_rows(stream.name)
    parts: dict[str, list[FieldRow]] = {}
    for row in rows:
        top, dot, _ = row.path.partition(".")
        parts.setdefault(top if dot else "", []).append(row)
    folded = {top: found for top, found in parts.items() if top and len(found) > MANY}
    outside = [row for row in rows if not any(row in found for found in folded.values())]
    texts = [_table(stream, outside)]
    for top, found in folded.items():
        summary = f"<summary><code>{top}</code>: {len(found)} fields</summary>"
        texts.append(f'<details markdown="1">\n{summary}\n\n{_table(stream, found)}\n</details>\n')
    return "\n".join(texts)


def _table(stream: Stream, fields: Iterable[FieldRow]) -> str:
    """A table of fields: path, type, and description with remarks."""
    references = stream.references
    notes = load_notes(stream.name)
    rows = []
    for field in fields:
        remarks = []
        if field.path in stream.primary_keys:
            remarks.append("Key.")
        if field.path == stream.replication_key:
            remarks.append("Replication key.")
        if field.path in references:
            other = references[field.path].partition(".")[0]
            remarks.append(f"Refers to [`{other}`]({other}.md).")
        if field.path in notes.off_by_default:
            remarks.append("Not selected by default.")
        if field.path in notes.personal:
            remarks.append("[Personal](../personal-data.md).")
        text = " ".join([cell(field.description), *remarks]).strip()
        rows.append((code(field.path), field.type, text))
    return table(("field", "type", "what it holds"), rows)


def personal_table() -> str:
    """A table of the fields with personal data, by stream."""
    rows = []
    for name in STREAMS:
        marked = load_notes(name).personal - {RESCUED}
        places: dict[str, list[str]] = {}
        for field in field_rows(name):
            if field.path in marked:
                place, _, last = field.path.rpartition(".")
                places.setdefault(place, []).append(last)
        # Places with the same fields are in one row.
        alike: dict[tuple[str, ...], list[str]] = {}
        for place, fields in places.items():
            alike.setdefault(tuple(fields), []).append(place)
        for names, found in alike.items():
            where = ", ".join(code(place) if place else "the record" for place in found)
            rows.append((f"[`{name}`](streams/{name}.md)", where, codes(names)))
    return table(("stream", "in", "fields"), rows)


def _fields(schema: dict[str, Any], path: str) -> Iterator[FieldRow]:
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _fields(items, f"{path}[]")
    for name, field in (schema.get("properties") or {}).items():
        inner = f"{path}.{name}" if path else name
        yield FieldRow(inner, _type(field), str(field.get("description", "")))
        yield from _fields(field, inner)


def _type(field: dict[str, Any]) -> str:
    """The type as text, such as "array of objects" or "date-time"."""
    (kind,) = (name for name in field["type"] if name != "null")
    if kind == "array":
        items = field.get("items")
        return f"array of {_type(items)}s" if isinstance(items, dict) else "array"
    return str(field.get("format", kind))
