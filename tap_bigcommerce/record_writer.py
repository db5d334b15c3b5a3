"""One stream's rows, converted and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import BadRecord
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.schemas import DELETED_AT
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.store_column import COLUMN, without_own
from tap_bigcommerce.streams.stream import PARENTS, Stream


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
        columns = selection.columns
        if COLUMN in columns:
            columns[COLUMN] = store
        self._stream = stream
        self._key = stream.replication_key
        self._messages = messages
        self._converter = Converter(
            without_own(selection.schema),
            without_own(selection.known_at_all),
            columns=columns,
            keys=stream.automatic,
            json_text=selection.notes.json_text,
            wrap=selection.notes.wrapped,
            protection=selection.protection,
            as_text=selection.as_text,
        )

    @property
    def rescued(self) -> Counter[str]:
        """By path: values that went to `_rescued_data`."""
        return self._converter.rescued

    @property
    def unfit(self) -> Counter[str]:
        """By path: values that could go nowhere."""
        return self._converter.dropped

    def write(self, rows: Sequence[Row], *, sent_at: datetime) -> None:
        """Write the rows, whose request was sent at `sent_at`.

        Raises BadRecord for a row without a key field.
        """
        try:
            records = list(map(self._converter.convert, rows))
        except MissingKey as error:
            raise _bad_record(self._stream, error) from error
        if self._key is not None:
            self.newest = max(self.newest or "", *[record[self._key] for record in records])
        if self.deleted_at is not None:
            for record, date in zip(records, map(self.deleted_at, rows), strict=True):
                if date is not None:
                    record[DELETED_AT] = date
        if self.note is not None:
            self.note(*self._ids(records))
        self._messages.records(self._stream.name, records, sent_at, self.version)

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
