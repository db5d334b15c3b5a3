"""Tombstones: RECORDs that say of an id since when it is gone, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tap_bigcommerce.config import Config
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.schemas import DELETED_AT, STORE_HASH
from tap_bigcommerce.selection import Selection, key_of


def write_tombstones(
    messages: Messages, selection: Selection, config: Config, gone: Mapping[int, str]
) -> None:
    """A SCHEMA of the fields that a tombstone has, and a RECORD for each id with its date.

    A target that writes the columns of its SCHEMA leaves what the other columns held last.
    """
    schema, hidden = selection.emitted, selection.protection
    stream, fields = selection.stream, schema["properties"]
    (key,) = stream.keys
    all_keys = key_of(stream, schema)
    always: dict[str, Any] = {STORE_HASH: config.store_hash} if STORE_HASH in all_keys else {}
    flag = stream.presence.archived if stream.presence is not None else None
    if flag in fields:
        # Still listed, an archived record would say so itself.
        name = str(flag)
        always[name] = hidden.cleaned(True, hidden.place((name,))) if hidden is not None else True
    schema = {
        **schema,
        "properties": {name: fields[name] for name in (key, *always, DELETED_AT)},
    }
    messages.schema(stream.name, schema, all_keys, None)
    messages.records(
        stream.name,
        [{key: id_, **always, DELETED_AT: since} for id_, since in sorted(gone.items())],
        datetime.now(timezone.utc),
    )
