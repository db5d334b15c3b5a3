"""Singer messages onto a byte stream."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from tap_bigcommerce.dates import format_instant
from tap_bigcommerce.exceptions import TapError, TargetGone

BUFFER = 32 * 1024
"""Bytes: what is held at the most before it is written."""

LARGE_STATE = 16 * 1024
"""Bytes. Each STATE repeats the whole state, so a larger one does not go out with every page."""

LARGE_STATE_EVERY = 60.0
"""Seconds between two large STATEs."""


class Messages:
    """Writes messages to a file descriptor, one a line."""

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._buffer: list[bytes] = []
        self._buffered = 0
        self.any_written = False
        self._last_state = b""
        self._last_state_at = float("-inf")

    def schema(
        self, stream: str, schema: Mapping[str, Any], keys: Sequence[str], bookmark: str | None
    ) -> None:
        """A SCHEMA; `bookmark` is the stream's replication key."""
        message: dict[str, Any] = {
            "type": "SCHEMA",
            "stream": stream,
            "schema": schema,
            "key_properties": list(keys),
        }
        if bookmark is not None:
            message["bookmark_properties"] = [bookmark]
        self._put(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))

    def records(self, stream: str, records: Iterable[Mapping[str, Any]], sent_at: datetime) -> int:
        """RECORDs; `sent_at` is when the request was sent that brought them. Returns the bytes."""
        head = b'{"type":"RECORD","stream":%b,"record":' % orjson.dumps(stream)
        tail = b',"time_extracted":"%b"}\n' % format_instant(sent_at).encode()
        written = list(map(orjson.dumps, records))
        if not written:
            return 0
        written[0] = head + written[0]
        written[-1] += tail
        lines = (tail + head).join(written)
        self._put(lines)
        return len(lines)

    def state(self, value: Mapping[str, Any], *, at_once: bool) -> None:
        """A STATE, which covers every record written before; none that repeats the last one.

        A large one waits for its time unless it has to go out `at_once`. Whatever is buffered is
        written.
        """
        body = orjson.dumps(value)
        due = (
            at_once
            or len(body) < LARGE_STATE
            or self._clock() - self._last_state_at >= LARGE_STATE_EVERY
        )
        if due and body != self._last_state:
            self._put(b'{"type":"STATE","value":%b}\n' % body)
            self._last_state, self._last_state_at = body, self._clock()
        self.flush()

    def flush(self) -> None:
        """Write what is buffered.

        Raises TargetGone when nobody reads it any more, TapError when it cannot be written.
        """
        data = memoryview(b"".join(self._buffer))
        self._buffer.clear()
        self._buffered = 0
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Whoever started the tap made the pipe so; it is full for now.
                select.select([], [self._descriptor], [])
            except BrokenPipeError as error:
                raise TargetGone from error
            except OSError as error:
                raise TapError(f"The messages cannot be written: {error.strerror}.") from error

    def _put(self, line: bytes) -> None:
        self.any_written = True
        self._buffer.append(line)
        self._buffered += len(line)
        if self._buffered >= BUFFER:
            self.flush()
