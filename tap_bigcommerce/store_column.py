"""The columns that are the tap's own, and among them store_hash: whose record it is, where tables
hold several stores."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.schemas import DELETED_AT, DELETED_AT_SCHEMA
from tap_bigcommerce.streams.stream import Stream

COLUMN = "store_hash"
"""No stream of the API has a field of this name."""

SCHEMA = {"type": "string", "description": "The store whose record this is: its hash."}


def key_of(stream: Stream, config: Config | None) -> tuple[str, ...]:
    """The fields that tell the records of a stream apart, that of the store first."""
    return (COLUMN, *stream.keys) if _is_wanted(config) else stream.keys


def set_columns(properties: dict[str, Any], stream: Stream, config: Config | None) -> None:
    """Put the tap's columns into the fields of a schema where the settings want them; else take
    them out."""
    rest = {n: field for n, field in properties.items() if n not in (COLUMN, DELETED_AT)}
    properties.clear()
    if _is_wanted(config):
        properties[COLUMN] = dict(SCHEMA)
    properties.update(rest)
    if config is not None and config.detect_deletes and stream.presence is not None:
        properties[DELETED_AT] = dict(DELETED_AT_SCHEMA)


def without_own(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what the API sends: what it calls like a column of the tap is new to it."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [without_own(branch) for branch in schema["anyOf"]]}
    own = (COLUMN, DELETED_AT)
    fields = {name: field for name, field in schema["properties"].items() if name not in own}
    return {**schema, "properties": fields}


def _is_wanted(config: Config | None) -> bool:
    return config is not None and config.store_hash_column
