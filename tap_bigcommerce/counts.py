"""What is counted of a stream while it is read, for its summary."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class StreamCounts:
    """Figures of one stream in one run. Several workers add to the ones of requests."""

    stream: str
    read: int = 0
    written: int = 0
    duplicates: int = 0
    gone: int = 0
    deleted: int = 0
    bookmark_before: str | None = None
    bookmark_after: str | None = None
    rescued: Counter[str] = field(default_factory=Counter)
    unfit: Counter[str] = field(default_factory=Counter)
    lists_read: Counter[str] = field(default_factory=Counter)
    false_alarms: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    mended_bodies: int = 0
    waited: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count_request(self, outcome: str, *, again: bool) -> None:
        """One request was sent; `outcome` is its status or what befell it."""
        with self._lock:
            self.requests += 1
            self.retries += again
            self.statuses[outcome] += 1

    def count_wait(self, seconds: float) -> None:
        """Some worker waited `seconds` before it could go on."""
        with self._lock:
            self.waited += seconds

    def count_mended_body(self) -> None:
        """A body could be read only after its bad characters were replaced."""
        with self._lock:
            self.mended_bodies += 1
