"""The catalog, from the streams and their schemas."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from singer import metadata as singer_metadata

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import NotFound, RequestFailed, ScopeMissing
from tap_bigcommerce.schemas import load_schema
from tap_bigcommerce.selection import FULL_TABLE, INCREMENTAL, Breadcrumb, Schema
from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream

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
    return schema


def own_metadata(stream: Stream, schema: Schema) -> dict[Breadcrumb, dict[str, Any]]:
    """The metadata of the stream and of each of its fields, by breadcrumb."""
    table: dict[str, Any] = {
        "inclusion": "available",
        "selected-by-default": stream.by_default,
        "table-key-properties": list(stream.keys),
        "forced-replication-method": INCREMENTAL if stream.replication_key else FULL_TABLE,
    }
    if stream.replication_key:
        table["valid-replication-keys"] = [stream.replication_key]
    found: dict[Breadcrumb, dict[str, Any]] = {(): table}
    for breadcrumb, path in _fields(schema, (), ""):
        found[breadcrumb] = {
            "inclusion": "automatic" if path in stream.automatic else "available",
            "selected-by-default": path not in stream.off_by_default,
        }
    return found


def readable(client: Client) -> list[Stream]:
    """The streams of which the token may read a record; a warning names what others lack.

    Raises TokenRefused where the token may read nothing at all.
    """
    return [stream for stream in STREAMS.values() if _is_readable(stream, client)]


def _is_readable(stream: Stream, client: Client) -> bool:
    purpose = Purpose(stream.name, str(stream.permission), StreamCounts(stream.name))
    try:
        client.get(stream.path, {"limit": "1"}, list, purpose)
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
    metadata = own_metadata(stream, schema)
    return {
        "tap_stream_id": stream.name,
        "stream": stream.name,
        "key_properties": list(stream.keys),
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
