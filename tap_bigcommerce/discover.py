"""The catalog, from the streams and their schemas."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.probe import Access
from tap_bigcommerce.rules import Rules
from tap_bigcommerce.schemas import DELETED_AT, load_notes, load_schema
from tap_bigcommerce.selection import (
    FULL_TABLE,
    INCREMENTAL,
    Breadcrumb,
    all_fields,
    as_path,
    chosen_by,
    for_settings,
    key_of,
)
from tap_bigcommerce.streams import BY_DEFAULT, STREAMS
from tap_bigcommerce.streams.stream import Stream

LOGGER = logging.getLogger(__name__)

Catalog = dict[str, list[dict[str, Any]]]


def catalog(
    streams: Iterable[Stream], config: Config | None, select: Rules | None = None
) -> Catalog:
    """The catalog of `streams`, for a store with these settings, in which the rules select."""
    return {"streams": [_entry(stream, config, select or Rules()) for stream in streams]}


def offered(access: Mapping[str, Access]) -> list[Stream]:
    """The streams whose lists the store has and the token may read; warnings name the others.

    What does not answer at present stays in: the catalog does not depend on the weather.
    """
    lacking: dict[str, list[str]] = {}
    failing: dict[str, list[str]] = {}
    for name, found in access.items():
        if found.lacks is not None:
            lacking.setdefault(found.lacks, []).append(name)
        elif found.words is not None and not found.absent:
            # Without the list's name, which the words begin with.
            failing.setdefault(found.words.partition(": ")[2], []).append(name)
    absent = [name for name, found in access.items() if found.absent]
    for permission, names in lacking.items():
        LOGGER.warning(
            "Left out of the catalog, for the API account most likely lacks the permission "
            "'%s: read-only': %s. Permissions of an account cannot be changed later: make a new "
            "API account (control panel: Settings, API accounts) that has it.",
            permission,
            ", ".join(names),
        )
    if absent:
        LOGGER.warning(
            "Left out of the catalog, for this store does not have their lists: %s.",
            ", ".join(absent),
        )
    for words, names in failing.items():
        LOGGER.warning(
            "Nobody can tell whether these can be read, so the catalog has them: %s. %s",
            ", ".join(names),
            words,
        )
    return [STREAMS[name] for name, found in access.items() if not (found.lacks or found.absent)]


def _entry(stream: Stream, config: Config | None, select: Rules) -> dict[str, Any]:
    """The stream in the catalog: its schema, and the metadata of it and each of its fields."""
    schema = for_settings(load_schema(stream.name), stream, config)
    key = key_of(stream, schema)
    table: dict[str, Any] = {
        "inclusion": "available",
        "selected-by-default": stream.name in BY_DEFAULT,
        "table-key-properties": list(key),
        "forced-replication-method": INCREMENTAL if stream.replication_key else FULL_TABLE,
    }
    if stream.replication_key:
        table["valid-replication-keys"] = [stream.replication_key]
    if stream.parent is not None:
        table["parent-tap-stream-id"] = stream.parent
    metadata: dict[Breadcrumb, dict[str, Any]] = {(): table}
    notes = load_notes(stream.name)
    references = {path.removesuffix("[]"): key for path, key in stream.references.items()}
    automatic = {*key, *stream.automatic, DELETED_AT}
    for place, _, _ in all_fields(schema):
        path = as_path(place)
        metadata[place] = {
            "inclusion": "automatic" if path in automatic else "available",
            "selected-by-default": path not in notes.off_by_default,
            **({"personal": True} if path in notes.personal else {}),
            **({"references": references[path]} if path in references else {}),
        }
    return {
        "tap_stream_id": stream.name,
        "stream": stream.name,
        "key_properties": list(key),
        "schema": schema,
        "metadata": [
            {"breadcrumb": list(place), "metadata": values}
            for place, values in chosen_by(select, stream.name, schema, metadata).items()
        ],
    }
