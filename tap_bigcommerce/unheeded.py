"""What a catalog says that is not heeded: a slip in it must not pass in silence."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tap_bigcommerce.rules import as_text, most_like
from tap_bigcommerce.schemas import DELETED_AT
from tap_bigcommerce.selection import (
    Metadata,
    Selection,
    all_fields,
    is_selected,
    says_yes_or_no,
)
from tap_bigcommerce.streams.stream import Stream

LOGGER = logging.getLogger(__name__)

MOST = 20
"""Lines about one stream: a catalog of another tap would fill pages."""


def warn(entry: Mapping[str, Any], metadata: Metadata, selection: Selection | None) -> None:
    """Say what of a stream's entry has no effect; `selection` is what is read of it, if any."""
    found = list(_found(entry, metadata, selection))
    if found[MOST:]:
        found[MOST:] = [f"{len(found) - MOST} more of this kind"]
    for words in found:
        LOGGER.warning("The catalog's entry for %s: %s", entry.get("tap_stream_id"), words)


def _found(
    entry: Mapping[str, Any], metadata: Metadata, selection: Selection | None
) -> Iterator[str]:
    # Meltano writes it there, too, and then both are the same.
    is_read = is_selected(metadata.get((), {}), entry.get("schema")) is True
    if entry.get("selected") not in (None, is_read):
        yield (
            f'"selected": {json.dumps(entry["selected"])} beside tap_stream_id is not heeded. It '
            "belongs into the metadata of the breadcrumb []"
        )
    yield from _unclear(metadata, entry.get("schema"))
    yield from _twice(entry)
    if selection is not None:
        yield from _misplaced(metadata, selection)
        yield from _overrides(entry, metadata.get((), {}), selection.stream)
        for path in selection.emptied:
            name = f"{selection.stream.name}.{path}"
            yield (
                f"{path} is selected, and all that is in it is not: it stays out. To read it "
                f"whole, write {name}* into Meltano's select, or use --select {name}"
            )


def _unclear(metadata: Metadata, schema: Any) -> Iterator[str]:
    """Selections that are neither true nor false."""
    fields = all_fields(schema) if isinstance(schema, dict) else ()
    in_schema = [((), schema), *((place, field) for place, _, field in fields)]
    for place, values in (*metadata.items(), *in_schema):
        value = values.get("selected") if isinstance(values, Mapping) else None
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


def _misplaced(metadata: Metadata, selection: Selection) -> Iterator[str]:
    """Metadata of fields that there are not."""
    fields = (*all_fields(selection.known), *all_fields(selection.given))
    known = {as_text(path): place for place, path, _ in fields}
    places = {("properties", DELETED_AT), *(place for place, _, _ in fields)}
    for place in metadata:
        if place and place not in places and not (place[-1] == "items" and place[:-1] in places):
            name = ".".join(part for part in place if part not in ("properties", "items"))
            meant = most_like(name.removeprefix(f"{selection.stream.name}."), known)
            advice = f". Did you mean {_shown(known[meant])}?" if meant else ""
            yield f"the breadcrumb {_shown(place)} is that of no field and is not heeded{advice}"


def _overrides(entry: Mapping[str, Any], table: Mapping[str, Any], stream: Stream) -> Iterator[str]:
    """What people change in a catalog that this tap does not let be changed."""
    keys = ("key_properties", "table-key-properties", "view-key-properties")
    stays: dict[str, Any] = {
        **dict.fromkeys(("stream", "alias", "stream_alias", "table_name"), stream.name),
        **{key: list(stream.keys) for key in keys},
        **dict.fromkeys(("replication_key", "replication-key"), stream.replication_key),
    }
    for source in (entry, table):
        for name, own in stays.items():
            value = source.get(name)
            with_column = isinstance(value, list) and value[1:] == own
            if value not in (None, "", own) and not with_column:
                yield f"{name} {json.dumps(value)} is not heeded: it stays {json.dumps(own)}"


def _shown(place: Iterable[str]) -> str:
    return json.dumps(list(place))
