"""The questions that a check asks the store, and how long the answers take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.streams.stream import Permission

Value = TypeVar("Value")


class Asking:
    """Asks, and keeps the time. Several threads may use it at once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._seconds = 0.0
        self.requests = 0

    @property
    def seconds_an_answer(self) -> float:
        """How long an answer took on average, without waits for the quota."""
        with self._lock:
            return self._seconds / self.requests if self.requests else 0.0

    def ask(
        self, stream: str, permission: Permission, question: Callable[[Client, Purpose], Value]
    ) -> Value:
        """What `question` brings, asked on behalf of `stream`."""
        counts = StreamCounts(stream)
        began = time.monotonic()
        try:
            return question(self._client, Purpose(stream, str(permission), counts))
        finally:
            taken = max(0.0, time.monotonic() - began - counts.waited)
            with self._lock:
                self._seconds += taken
                self.requests += counts.requests
