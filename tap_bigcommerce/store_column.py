"""The columns that are the tap's own, and among them store_hash: whose record it is, where tables
hold several stores."""

from __future__ import annotations

from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.schemas import DELETED_AT, DELETED_AT_SCHEMA, STORE_HASH, STORE_HASH_SCHEMA
from tap_bigcommerce.streams.stream import Stream


def key_of(stream: Stream, config: Config | None) -> tuple[str, ...]:
    """The fields that tell the records of a stream apart, that of the store first."""
    return (STORE_HASH, *stream.keys) if _is_wanted(config) else stream.keys


def set_columns(properties: dict[str, Any], stream: Stream, config: Config | None) -> None:
    """Put the tap's columns into the fields of a schema where the settings want them; else take
    them out."""
    rest = {n: field for n, field in properties.items() if n not in (STORE_HASH, DELETED_AT)}
    properties.clear()
    if _is_wanted(config):
        properties[STORE_HASH] = dict(STORE_HASH_SCHEMA)
    properties.update(rest)
    if config is not None and config.detect_deletes and stream.presence is not None:
        properties[DELETED_AT] = dict(DELETED_AT_SCHEMA)


def _is_wanted(config: Config | None) -> bool:
    return config is not None and config.store_hash_column
