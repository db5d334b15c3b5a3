"""One stream's rows, converted and written a portion at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import BadRecord
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.schemas import DELETED_AT
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.store_column import COLUMN, without_own
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.records import Converter, MissingKey

PORTION = 32 * 1024
"""Bytes of messages, about: what stays in the processor's cache from converting to writing, and
finds the memory of the last portion free instead of asking the system for more."""

FIRST_ROWS = 8
"""Rows of the first portion, before their size is known."""


class RecordWriter:
    """Turns rows into RECORDs. `newest` is the latest replication key value that was written."""

    def __init__(self, selection: Selection, messages: Messages, *, store: str) -> None:
        """`store` is the store's hash, for the column of that name where it is in the schema."""
        stream = selection.stream
        self.newest: str | None = None
        self.version: int | None = None
        """The version of the table that the records are part of, where the stream has versions."""
        self.note: Callable[[Sequence[Any], Sequence[Any]], None] | None = None
        """Told of the ids that are about to be written, and which of them are deleted."""
        self.deleted_at: Callable[[Mapping[str, Any]], str | None] | None = None
        """Says of a row that is still listed since when it is deleted, if it is."""
        self._columns = selection.columns
        """What a record has of itself, in the order of the schema."""
        has_column = COLUMN in selection.schema["properties"]
        nulls = [name for name in self._columns if name != COLUMN]
        if has_column:
            self._columns[COLUMN] = store
        self._stream = stream
        self._key = stream.replication_key
        self._messages = messages
        self._rows_at_once = FIRST_ROWS
        self._converter = Converter(
            without_own(selection.schema),
            without_own(selection.known_at_all),
            keys=stream.automatic,
            json_text=selection.notes.json_text,
            wrap=selection.notes.wrapped,
            protection=selection.protection,
            as_text=selection.as_text,
        )
        self.typed = self._converter.typed((COLUMN, store) if has_column else None, nulls)
        """What reads rows straight into records for `write_typed`; None where nothing can."""

    @property
    def rescued(self) -> Counter[str]:
        """By path: values that went to `_rescued_data`."""
        return self._converter.rescued

    @property
    def unfit(self) -> Counter[str]:
        """By path: values that could go nowhere."""
        return self._converter.dropped

    def write(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        clean: bool,
        sent_at: datetime,
        ours: bool = False,
    ) -> None:
        """Write the rows; `clean` and `ours` as for the `Converter`, `sent_at` for `Messages`.

        Raises BadRecord for a row without a key field.
        """
        for portion in self._portions(rows):
            # Before they are converted, for that may change them.
            deleted = list(map(self.deleted_at, portion)) if self.deleted_at is not None else []
            try:
                records = self._converter.convert_all(portion, clean, ours)
            except MissingKey as error:
                raise _bad_record(self._stream, error) from error
            if self._key is not None:
                self.newest = max(self.newest or "", *[record[self._key] for record in records])
            for record, date in zip(records, deleted, strict=False):
                if date is not None:
                    record[DELETED_AT] = date
            if self.note is not None:
                self.note(*self._ids(records))
            records = [{**self._columns, **record} for record in records]
            self._put(records, sent_at, orjson.dumps)

    def write_typed(self, records: Sequence[Any], *, sent_at: datetime) -> None:
        """Write records that `typed` has read; none of them says that it is deleted."""
        typed = self.typed
        assert typed is not None
        if self._key is not None:
            self.newest = max(self.newest or "", *map(typed.field(self._key), records))
        if self.note is not None:
            self.note(list(map(typed.field(self._stream.keys[0]), records)), [])
        for portion in self._portions(records):
            self._put(portion, sent_at, typed.encode)

    def close(self) -> None:
        """Nothing more comes: the streams that follow need the memory."""
        self._converter.forget()
        if self.typed is not None:
            self.typed.forget()

    def _portions(self, rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
        first = 0
        while first < len(rows):
            portion = rows[first : first + self._rows_at_once]
            yield portion
            first += len(portion)

    def _put(
        self, records: Sequence[Any], sent_at: datetime, encode: Callable[[Any], bytes]
    ) -> None:
        name, version = self._stream.name, self.version
        written = self._messages.records(name, records, sent_at, version, encode)
        self._rows_at_once = max(1, PORTION * len(records) // written)

    def _ids(self, records: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
        """The ids of records, and of those among them that say that they are deleted."""
        key = self._stream.keys[0]
        deleted = [record[key] for record in records if record.get(DELETED_AT) is not None]
        return [record[key] for record in records], deleted


def _bad_record(stream: Stream, error: MissingKey) -> BadRecord:
    keys = {name: error.record.get(name) for name in stream.keys}
    record = quoted(keys["id"] if list(keys) == ["id"] else keys)
    if stream.child is not None:
        parent = PARENTS[stream.child.parent]
        record += f" of {parent.noun} {quoted(error.record.get(parent.id))}"
    return BadRecord(
        f"{stream.name}: record {record} cannot be written: {error}. The stream stops here, and "
        "its bookmark stays where it was, so that nothing is lost."
    )
