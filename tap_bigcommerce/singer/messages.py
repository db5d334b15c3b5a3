"""Writes Singer messages (SCHEMA, RECORD, STATE) to standard output."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.exceptions import TargetClosed, WriteFailed
from tap_bigcommerce.singer.state import State

BUFFER_BYTES = 32 * 1024
"""The buffer is written when it has reached this size."""

STATE_INTERVAL = 1.0
"""Minimum seconds between two STATEs while a list is read."""

LARGE_STATE_BYTES = 16 * 1024
"""A STATE of this size is written less often, because each STATE repeats the complete state."""

LARGE_STATE_INTERVAL = 60.0
"""Minimum seconds between two large STATEs while a list is read."""


def standard_output() -> int:
    """Return the file descriptor of standard output. Raises WriteFailed if it is closed."""
    if sys.stdout is None:
        raise WriteFailed("Standard output is closed. Redirect it to a file or a program.")
    return sys.stdout.fileno()


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write all of `data` to a file descriptor.

    Raises TargetClosed if the reader has closed the pipe, WriteFailed if it cannot be written.
    """
    rest = memoryview(data)
    try:
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                # The parent process has made the pipe non-blocking, and it is full.
                select.select([], [descriptor], [])
    except BrokenPipeError as error:
        raise TargetClosed("The target stopped reading. Nothing more can be written.") from error
    except OSError as error:
        raise WriteFailed(
            f"Standard output cannot be written: {error.strerror}. The output may end in the "
            "middle of a line. Check the disk, or the program that reads the output, and run the "
            "same command again."
        ) from error


class MessageWriter:
    """Writes Singer messages to a file descriptor, one JSON object per line.

    Messages are buffered. After a failed write nothing more is written, because a later STATE
    would cover records that are missing.
    """

    def __init__(
        self, descriptor: int, state: State | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`state` is the value of the STATEs; with None, no STATE is written."""
        self._descriptor = descriptor
        self._state = state
        self._clock = clock
        self._buffer = bytearray()
        self._failure: WriteFailed | None = None
        self.any_written = False
        self._last_state = b""
        self._last_state_at = float("-inf")

    def write_schema(
        self, stream: str, schema: Mapping[str, Any], keys: Sequence[str], bookmark: str | None
    ) -> None:
        """Write a SCHEMA.

        `keys` are its key_properties. `bookmark`, the replication key, is its bookmark_properties.
        """
        message = {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}
        if bookmark is not None:
            message["bookmark_properties"] = [bookmark]
        self._append(orjson.dumps(message) + b"\n")

    def write_records(
        self,
        stream: str,
        records: Iterable[Mapping[str, Any]],
        sent_at: datetime,
        version: int | None = None,
    ) -> None:
        """Write a RECORD for each of `records`.

        `sent_at`, when the request for them was sent, is their time_extracted. `version` is the
        version of the table that they belong to; None if the stream has no versions.
        """
        head = b'{"type":"RECORD","stream":%b,"record":' % orjson.dumps(stream)
        tail = b',"time_extracted":"%b"}\n' % format_instant(sent_at).encode()
        if version is not None:
            tail = b',"version":%d%b' % (version, tail)
        for record in records:
            self._append(b"%b%b%b" % (head, orjson.dumps(record), tail))

    def write_activate_version(self, stream: str, version: int) -> None:
        """Write an ACTIVATE_VERSION: the target deletes the rows of all other versions."""
        message = {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}
        self._append(orjson.dumps(message) + b"\n")

    def end_page(self) -> None:
        """Write a STATE if the last one is old enough, and flush the buffer."""
        # Writing a new file with a set of ids takes as long as writing a large STATE.
        uses_files = self._state is not None and self._state.uses_files
        is_large = uses_files or len(self._last_state) >= LARGE_STATE_BYTES
        interval = LARGE_STATE_INTERVAL if is_large else STATE_INTERVAL
        if self._clock() - self._last_state_at < interval:
            self.flush()
        else:
            self.write_state()

    def write_state(self) -> None:
        """Write a STATE, unless it is equal to the last one, and flush the buffer.

        It covers all records written before it.
        """
        if self._state is not None:
            body = orjson.dumps(self._state.value())
            if body != self._last_state:
                self._append(b'{"type":"STATE","value":%b}\n' % body)
                self._last_state, self._last_state_at = body, self._clock()
        self.flush()

    def flush(self) -> None:
        """Write the buffer. Raises WriteFailed if that fails, and at every later call."""
        if self._failure is not None:
            raise self._failure
        data, self._buffer = self._buffer, bytearray()
        try:
            write_all(self._descriptor, data)
        except WriteFailed as error:
            self._failure = error
            raise

    def _append(self, line: bytes) -> None:
        self.any_written = True
        self._buffer += line
        if len(self._buffer) >= BUFFER_BYTES:
            self.flush()
