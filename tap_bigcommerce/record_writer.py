"""One stream's rows, converted and written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tap_bigcommerce.deletes.ledger import Ledger
from tap_bigcommerce.display import quoted
from tap_bigcommerce.exceptions import BadRecord
from tap_bigcommerce.pages.page import Row
from tap_bigcommerce.records.converter import Converter, MissingKey
from tap_bigcommerce.schemas import STORE_HASH
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.streams.stream import PARENTS, Stream
from tap_bigcommerce.tools import Tools


class RecordWriter:
    """Turns rows into RECORDs. `newest` is the latest replication key value that was written."""

    def __init__(self, selection: Selection, ledger: Ledger, tools: Tools) -> None:
        stream = selection.stream
        self.newest: str | None = None
        self.version: int | None = None
        """The version of the table that the records are part of, where the stream has versions."""
        columns = selection.columns
        if STORE_HASH in columns:
            columns[STORE_HASH] = tools.config.store_hash
        self._stream = stream
        self._key = stream.replication_key
        self._ledger = ledger
        self._messages = tools.messages
        self.converter = Converter(
            selection.schema,
            selection.known_at_all,
            columns=columns,
            keys=stream.automatic,
            json_text=selection.notes.json_text,
            wrap=selection.notes.wrapped,
            protection=selection.protection,
            as_text=selection.as_text,
        )

    def write(self, rows: Sequence[Row], *, sent_at: datetime) -> None:
        """Write the rows, whose request was sent at `sent_at`.

        Raises BadRecord for a row without a key field.
        """
        try:
            records = list(map(self.converter.convert, rows))
        except MissingKey as error:
            raise _bad_record(self._stream, error) from error
        if self._key is not None:
            self.newest = max(self.newest or "", *[record[self._key] for record in records])
        self._ledger.note(rows, records)
        self._messages.records(self._stream.name, records, sent_at, self.version)


def _bad_record(stream: Stream, error: MissingKey) -> BadRecord:
    keys = {name: error.record.get(name) for name in stream.keys}
    record = quoted(keys["id"] if list(keys) == ["id"] else keys)
    if stream.parent is not None:
        parent = PARENTS[stream.parent]
        record += f" of {parent.noun} {quoted(error.record.get(parent.id))}"
    return BadRecord(
        f"{stream.name}: record {record} cannot be written: {error}. The stream stops here, and "
        "its bookmark stays where it was, so that nothing is lost."
    )
