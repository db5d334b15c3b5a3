"""What a catalog says that is not heeded: a slip in it must not pass in silence."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tap_bigcommerce.rules import Path, as_text, nearest
from tap_bigcommerce.selection import (
    Breadcrumb,
    Metadata,
    Selection,
    all_fields,
    fields_within,
    metadata_of,
    says_yes_or_no,
    stream_is_selected,
)

LOGGER = logging.getLogger(__name__)

MOST = 20
"""Lines about one stream: a catalog of another tap would fill pages."""


def warn(entry: Mapping[str, Any], selection: Selection | None) -> None:
    """Say what of a stream's entry has no effect; `selection` is what is read of it, if anything.

    Raises CatalogError where the metadata cannot be understood.
    """
    found = list(_found(entry, selection))
    for words in found[:MOST]:
        LOGGER.warning("The catalog's entry for %s: %s", entry.get("tap_stream_id"), words)
    if found[MOST:]:
        LOGGER.warning(
            "The catalog's entry for %s: %d more of this kind",
            entry.get("tap_stream_id"),
            len(found) - MOST,
        )


def _found(entry: Mapping[str, Any], selection: Selection | None) -> Iterator[str]:
    metadata = metadata_of(entry)
    # Meltano writes it there, too, and then both are the same.
    if entry.get("selected", None) not in (None, stream_is_selected(entry, metadata)):
        yield (
            f'"selected": {json.dumps(entry["selected"])} beside tap_stream_id is not heeded. It '
            "belongs into the metadata of the breadcrumb []"
        )
    yield from _unclear(metadata, entry.get("schema"))
    yield from _twice(entry)
    if selection is not None:
        yield from _misplaced(metadata, selection)
        yield from _overrides(entry, metadata.get((), {}), selection)
        yield from _emptied(selection)


def _unclear(metadata: Metadata, schema: Any) -> Iterator[str]:
    """Selections that are neither true nor false."""
    places = [(place, values.get("selected")) for place, values in metadata.items()]
    if isinstance(schema, dict):
        places.append(((), schema.get("selected")))
        places += [(place, field.get("selected")) for place, field in _fields(schema, ()) if field]
    for place, value in places:
        if value is not None and says_yes_or_no(value) is None:
            yield (
                f'"selected" is {json.dumps(value)} at {_shown(place)} and is not heeded: it can '
                "be true or false"
            )


def _twice(entry: Mapping[str, Any]) -> Iterator[str]:
    """Metadata of one field that stand there twice."""
    places = Counter(tuple(item["breadcrumb"]) for item in entry.get("metadata") or ())
    for place, times in places.items():
        if times > 1:
            yield f"the breadcrumb {_shown(place)} stands there {times} times: the last one counts"


def _fields(schema: dict[str, Any], place: Breadcrumb) -> Iterator[tuple[Breadcrumb, Any]]:
    for inner, _, field in fields_within(schema, place, ()):
        yield inner, field
        yield from _fields(field, inner)


def _misplaced(metadata: Metadata, selection: Selection) -> Iterator[str]:
    """Metadata of fields that there are not."""
    known: dict[Breadcrumb, Path] = {}
    for schema in (selection.known, selection.given):
        known.update(all_fields(schema, (), ()))
    by_name = {as_text(path): place for place, path in known.items()}
    stream = f"{selection.stream.name}."
    for place in metadata:
        if place and place not in known and not (place[-1] == "items" and place[:-1] in known):
            name = as_text(tuple(part for part in place if part not in ("properties", "items")))
            offered = (
                nearest(name.removeprefix(stream), by_name)
                .removeprefix(" Did you mean '")
                .removesuffix("'?")
            )
            advice = f". Did you mean {_shown(by_name[offered])}?" if offered else ""
            yield f"the breadcrumb {_shown(place)} is that of no field and is not heeded{advice}"


def _overrides(
    entry: Mapping[str, Any], table: Mapping[str, Any], selection: Selection
) -> Iterator[str]:
    """What people change in a catalog that this tap does not let be changed."""
    stream = selection.stream
    keys = list(stream.keys)
    for words, value, own in (
        ("stream", entry.get("stream"), stream.name),
        ("alias", entry.get("alias"), stream.name),
        ("stream_alias", entry.get("stream_alias"), stream.name),
        ("alias", table.get("alias"), stream.name),
        ("table_name", entry.get("table_name"), stream.name),
        ("key_properties", entry.get("key_properties"), keys),
        ("table-key-properties", table.get("table-key-properties"), keys),
        ("view-key-properties", table.get("view-key-properties"), keys),
        ("replication_key", entry.get("replication_key"), stream.replication_key),
        ("replication-key", table.get("replication-key"), stream.replication_key),
    ):
        with_column = isinstance(value, list) and value[1:] == own
        if value not in (None, "", own) and not with_column:
            yield f"{words} {json.dumps(value)} is not heeded: it stays {json.dumps(own)}"


def _emptied(selection: Selection) -> Iterator[str]:
    """Fields that are selected while nothing in them is."""
    name = selection.stream.name
    for path in selection.emptied:
        yield (
            f"{path} is selected, and all that is in it is not: it stays out. To read it whole, "
            f"write {name}.{path}* into Meltano's select, or use --select {name}.{path}"
        )


def _shown(place: Iterable[str]) -> str:
    return json.dumps(list(place))
