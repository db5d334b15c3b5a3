"""The columns that are the tap's own, and among them store_hash: whose record it is, where tables
hold several stores."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.schemas import DELETED_AT
from tap_bigcommerce.streams.stream import Stream

COLUMN = "store_hash"
"""No stream of the API has a field of this name."""

SCHEMA = {"type": "string", "description": "The store whose record this is: its hash."}


def key_of(stream: Stream, config: Config | None) -> tuple[str, ...]:
    """The fields that tell the records of a stream apart, that of the store first."""
    return (COLUMN, *stream.keys) if _is_wanted(config) else stream.keys


def set_column(properties: dict[str, Any], config: Config | None) -> None:
    """Put the column into the fields of a schema where the settings want it; else take it out."""
    rest = {name: field for name, field in properties.items() if name != COLUMN}
    properties.clear()
    if _is_wanted(config):
        properties[COLUMN] = dict(SCHEMA)
    properties.update(rest)


def without_own(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what the API sends: what it calls like a column of the tap is new to it."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [without_own(branch) for branch in schema["anyOf"]]}
    own = (COLUMN, DELETED_AT)
    fields = {name: field for name, field in schema["properties"].items() if name not in own}
    return {**schema, "properties": fields}


def _is_wanted(config: Config | None) -> bool:
    return config is not None and config.store_hash_column
