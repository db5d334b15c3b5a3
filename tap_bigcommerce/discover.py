"""The catalog, from the streams and their schemas."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce.answer import Answer
from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import NotFound, RequestFailed, ScopeMissing
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.schemas import DELETED_AT, DELETED_AT_SCHEMA, load_notes, load_schema
from tap_bigcommerce.selection import FULL_TABLE, INCREMENTAL, Breadcrumb, Schema
from tap_bigcommerce.store_column import key_of, set_column
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS, root_of
from tap_bigcommerce.streams.own_lists import Paging
from tap_bigcommerce.streams.references import REFERENCES
from tap_bigcommerce.streams.stream import Child, Stream, own_list_path
from tap_bigcommerce.workers import Workers

LOGGER = logging.getLogger(__name__)

Catalog = dict[str, list[dict[str, Any]]]


def catalog(streams: Iterable[Stream], config: Config | None) -> Catalog:
    """The catalog of `streams`, for a store with these settings."""
    return {"streams": [_entry(stream, config) for stream in streams]}


def own_schema(stream: Stream, config: Config | None) -> Schema:
    """The stream's whole schema, less the fields that the settings take away."""
    schema = load_schema(stream.name)
    for name in stream.fields_without(config):
        schema["properties"].pop(name, None)
    if config is not None and config.detect_deletes and stream.presence is not None:
        schema["properties"][DELETED_AT] = dict(DELETED_AT_SCHEMA)
    set_column(schema["properties"], config)
    return schema


def own_metadata(
    stream: Stream, schema: Schema, config: Config | None
) -> dict[Breadcrumb, dict[str, Any]]:
    """The metadata of the stream and of each of its fields, by breadcrumb."""
    key = key_of(stream, config)
    table: dict[str, Any] = {
        "inclusion": "available",
        "selected-by-default": stream.name in BY_DEFAULT,
        "table-key-properties": list(key),
        "forced-replication-method": INCREMENTAL if stream.replication_key else FULL_TABLE,
    }
    if stream.replication_key:
        table["valid-replication-keys"] = [stream.replication_key]
    if stream.child is not None:
        table["parent-tap-stream-id"] = stream.child.parent
    found: dict[Breadcrumb, dict[str, Any]] = {(): table}
    references = {
        path.removesuffix("[]"): key for path, key in REFERENCES.get(stream.name, {}).items()
    }
    notes = load_notes(stream.name)
    automatic = {*key, *stream.automatic, DELETED_AT}
    for breadcrumb, path in _fields(schema, (), ""):
        found[breadcrumb] = {
            "inclusion": "automatic" if path in automatic else "available",
            "selected-by-default": path not in notes.off_by_default,
        }
        if path in notes.personal:
            found[breadcrumb]["personal"] = True
        if path in references:
            found[breadcrumb]["references"] = references[path]
    return found


def readable(client: Client, workers: Workers) -> list[Stream]:
    """The streams of which the token may read a record; a warning names what others lack.

    Raises TokenRefused where the token may read nothing at all.
    """
    found = workers.run_all(
        {name: functools.partial(_is_readable, stream, client) for name, stream in STREAMS.items()}
    )
    return [stream for name, stream in STREAMS.items() if found[name]]


def first_answer(root: Stream, client: Client, purpose: Purpose) -> Answer:
    """The answer to the least that can be asked of a list: one record where it takes a limit.

    Raises RequestFailed; its kind tells whether a permission is missing.
    """
    params = {"limit": "1"} if root.walk.paged else {}
    return client.get(root.path, params, dict if root.walk.single else list, purpose)


def try_own_list(child: Child, root: Stream, row: Row, client: Client, purpose: Purpose) -> None:
    """Ask for one record of the list below `row`. Raises RequestFailed as `first_answer` does."""
    paged = child.paging is not Paging.NONE
    with contextlib.suppress(NotFound):  # The record has none, or has just been deleted.
        path = own_list_path(child, root, row)
        client.get(path, {"limit": "1"} if paged else {}, list, purpose)


def _is_readable(stream: Stream, client: Client) -> bool:
    """Ask for one record; for lists of single records, of the first record there is."""
    root, child = root_of(stream), stream.child
    counts = StreamCounts(stream.name)
    try:
        # A list may need another permission than the rows that belong to its rows.
        purpose = Purpose(stream.name, str(root.permission), counts)
        first = first_answer(root, client, purpose).content
        if child is not None and child.own_list is not None and first:
            purpose = Purpose(stream.name, str(stream.permission), counts)
            try_own_list(child, root, first[0], client, purpose)
    except ScopeMissing as error:
        LOGGER.warning("%s is left out of the catalog. %s", stream.name, error.words)
        return False
    except NotFound:
        raise
    except RequestFailed as error:
        LOGGER.warning("Nobody can tell whether %s can be read. %s", stream.name, error.words)
    return True


def _entry(stream: Stream, config: Config | None) -> dict[str, Any]:
    schema = own_schema(stream, config)
    metadata = own_metadata(stream, schema, config)
    return {
        "tap_stream_id": stream.name,
        "stream": stream.name,
        "key_properties": list(key_of(stream, config)),
        "schema": schema,
        "metadata": [
            {**entry, "breadcrumb": list(entry["breadcrumb"])}
            for entry in singer_metadata.to_list(metadata)
        ],
    }


def _fields(schema: Schema, breadcrumb: Breadcrumb, path: str) -> Iterator[tuple[Breadcrumb, str]]:
    """Breadcrumb and path of each field, nested ones too."""
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _fields(items, (*breadcrumb, "items"), f"{path}[]")
    for name, field in (schema.get("properties") or {}).items():
        place, inner = (*breadcrumb, "properties", name), f"{path}.{name}" if path else name
        yield place, inner
        yield from _fields(field, place, inner)
