"""Tables of fields: those of a stream, and those with personal data."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from scripts.docs.markdown import cell, code, codes, table
from tap_bigcommerce.records.schemas import RESCUED, load_notes, load_schema
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

MANY = 12
"""Nested fields of an object or array, above which they are in a table of their own."""


class FieldRow(NamedTuple):
    """A field: its path (`products[].sku`), its type as text, and its description."""

    path: str
    type: str
    description: str


def field_rows(name: str) -> list[FieldRow]:
    """All fields of the stream `name`; nested fields follow the field that contains them."""
    return list(_fields(load_schema(name), ""))


def _fields(schema: dict[str, Any], path: str) -> Iterator[FieldRow]:
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], f"{path}[]")
    for name, field in (schema.get("properties") or {}).items():
        inner = f"{path}.{name}" if path else name
        yield FieldRow(inner, _type(field), str(field.get("description", "")))
        yield from _fields(field, inner)


def _type(field: dict[str, Any]) -> str:
    """The type as text, such as "array of objects" or "date-time"."""
    (kind,) = (name for name in field["type"] if name != "null")
    items = field.get("items")
    if kind == "array" and isinstance(items, dict):
        return f"array of {_type(items)}s"
    return str(field.get("format", kind))


def fields_tables(stream: Stream) -> str:
    """Tables of all fields. Those in an object with many fields are in a table that folds."""
    rows = field_rows(stream.name)
    parts: dict[str, list[FieldRow]] = {}
    for row in rows:
        top, dot, _ = row.path.partition(".")
        parts.setdefault(top if dot else "", []).append(row)
    folded = {top: found for top, found in parts.items() if top and len(found) > MANY}
    inside = {row.path for found in folded.values() for row in found}
    texts = [_table(stream, (row for row in rows if row.path not in inside))]
    for top, found in folded.items():
        summary = f"<summary><code>{top}</code>: {len(found)} fields</summary>"
        texts.append(f'<details markdown="1">\n{summary}\n\n{_table(stream, found)}\n</details>\n')
    return "\n".join(texts)


def _table(stream: Stream, fields: Iterable[FieldRow]) -> str:
    """A table of fields: path, type, and description with remarks."""
    notes = load_notes(stream.name)
    rows = []
    for path, type_, description in fields:
        other = stream.references.get(path, "").partition(".")[0]
        remarks = {
            "Key.": path in stream.primary_keys,
            "Replication key.": path == stream.replication_key,
            f"Refers to [`{other}`]({other}.md).": other,
            "Not selected by default.": path in notes.off_by_default,
            "[Personal](../personal-data.md).": path in notes.personal,
        }
        texts = [cell(description), *(text for text, is_so in remarks.items() if is_so)]
        rows.append((code(path), type_, " ".join(texts).strip()))
    return table(("field", "type", "what it holds"), rows)


def personal_table() -> str:
    """A table of the fields with personal data, by stream."""
    rows = []
    for name in STREAMS:
        places: dict[str, list[str]] = {}
        for field in field_rows(name):
            if field.path in load_notes(name).personal - {RESCUED}:
                place, _, last = field.path.rpartition(".")
                places.setdefault(place, []).append(last)
        # Places with the same fields are in one row.
        alike: dict[tuple[str, ...], list[str]] = {}
        for place, fields in places.items():
            alike.setdefault(tuple(fields), []).append(code(place) if place else "the record")
        for names, found in alike.items():
            rows.append((f"[`{name}`](streams/{name}.md)", ", ".join(found), codes(names)))
    return table(("stream", "in", "fields"), rows)
