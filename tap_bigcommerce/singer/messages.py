"""Singer messages onto a byte stream."""

from __future__ import annotations

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

BUFFER = 32 * 1024
"""Bytes: what is held at the most before it is written."""

STATE_EVERY = 1.0
"""Seconds between two STATEs, while no list ends."""

LARGE_STATE = 16 * 1024
"""Bytes. Each STATE repeats the whole state, so a larger one goes out less often."""

LARGE_STATE_EVERY = 60.0
"""Seconds between two large STATEs."""


def standard_output() -> int:
    """Its file descriptor. Raises WriteFailed where it is closed."""
    if sys.stdout is None:
        raise WriteFailed("Standard output is closed. Let it lead to a file or a program.")
    return sys.stdout.fileno()


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write `data` to a file descriptor.

    Raises TargetGone when nobody reads it any more, WriteFailed when it cannot be written.
    """
    rest = memoryview(data)
    try:
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                # Whoever started the tap made the pipe so; it is full for now.
                select.select([], [descriptor], [])
    except BrokenPipeError as error:
        raise TargetClosed("The target stopped reading; nothing more can be written.") from error
    except OSError as error:
        raise WriteFailed(
            f"Standard output cannot be written: {error.strerror}. What has come out may end in "
            "the middle of a line: see to the disk or the program that takes it, and run the same "
            "command again."
        ) from error


class Messages:
    """Writes messages to a file descriptor, one a line.

    After a write that failed nothing more is written: a STATE would cover what is missing.
    """

    def __init__(
        self, descriptor: int, state: State | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`state` is what the STATEs say; None where nobody is to go on from here."""
        self._descriptor = descriptor
        self._state = state
        self._clock = clock
        self._buffer = bytearray()
        self._failure: WriteFailed | None = None
        self.any_written = False
        self._last_state = b""
        self._last_state_at = float("-inf")

    def schema(
        self, stream: str, schema: Mapping[str, Any], keys: Sequence[str], bookmark: str | None
    ) -> None:
        """A SCHEMA; `bookmark` is the stream's replication key."""
        message = {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}
        if bookmark is not None:
            message["bookmark_properties"] = [bookmark]
        self._put(orjson.dumps(message) + b"\n")

    def records(
        self,
        stream: str,
        records: Iterable[Mapping[str, Any]],
        sent_at: datetime,
        version: int | None = None,
    ) -> None:
        """RECORDs; `sent_at` is when the request was sent that brought them.

        `version` is that of the table they are part of, where the stream has versions.
        """
        head = b'{"type":"RECORD","stream":%b,"record":' % orjson.dumps(stream)
        tail = b',"time_extracted":"%b"}\n' % format_instant(sent_at).encode()
        if version is not None:
            tail = b',"version":%d%b' % (version, tail)
        for record in records:
            self._put(b"%b%b%b" % (head, orjson.dumps(record), tail))

    def activate_version(self, stream: str, version: int) -> None:
        """An ACTIVATE_VERSION: the table is whole in this version, and rows of older ones end."""
        message = {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}
        self._put(orjson.dumps(message) + b"\n")

    def page_ends(self) -> None:
        """A STATE, if it is time for one. Whatever is buffered is written."""
        # A new file for a set takes as long as a large STATE.
        names_files = self._state is not None and self._state.names_files
        large = names_files or len(self._last_state) >= LARGE_STATE
        if self._clock() - self._last_state_at < (LARGE_STATE_EVERY if large else STATE_EVERY):
            self.flush()
        else:
            self.state()

    def state(self) -> None:
        """A STATE, which covers every record written before; none that repeats the last one.

        Whatever is buffered is written.
        """
        if self._state is not None:
            body = orjson.dumps(self._state.value())
            if body != self._last_state:
                self._put(b'{"type":"STATE","value":%b}\n' % body)
                self._last_state, self._last_state_at = body, self._clock()
        self.flush()

    def flush(self) -> None:
        """Write what is buffered.

        Raises WriteFailed when that is not possible, and ever after.
        """
        if self._failure is not None:
            raise self._failure
        data, self._buffer = self._buffer, bytearray()
        try:
            write_all(self._descriptor, data)
        except WriteFailed as error:
            self._failure = error
            raise

    def _put(self, line: bytes) -> None:
        self.any_written = True
        self._buffer += line
        if len(self._buffer) >= BUFFER:
            self.flush()
