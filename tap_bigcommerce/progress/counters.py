"""What is counted of a stream while it is read, for its summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["not started", "running", "done", "failed"]
"""How far a stream is."""

OUTCOMES = {
    "good": "good",
    "absent": "nothing there (404)",
    "refused": "refused (429)",
    "failed": "failed",
}
"""What can become of a request, and how a person reads it."""


def outcome_of(status: str) -> str:
    """Which of OUTCOMES a status is, or what befell the request."""
    if status in ("200", "204"):
        return "good"
    return {"404": "absent", "429": "refused"}.get(status, "failed")


@dataclass
class StreamCounts:
    """Figures of one stream in one run. The tracker adds to those of requests and waits.

    `share` of the list has been written (0 to 1; None: nobody knows). `read_with` is the stream
    whose walk this one shares: pages, requests and rows read are counted there. `began` and
    `ended` are by `time.monotonic`; `failure` says in words why the stream failed. `skipped` is
    how many records, or parents of records, could not be read while others could. `short_retries`
    is set from the first of them on: later requests are retried with short waits. `told` of the
    records `written` were in METRIC lines by `told_at`.
    """

    stream: str
    read: int = 0
    written: int = 0
    duplicates: int = 0
    deleted_during_sync: int = 0
    pages: int = 0
    share: float | None = None
    read_with: str | None = None
    began: float | None = None
    ended: float | None = None
    failure: str | None = None
    deleted: int = 0
    bookmark_before: str | None = None
    bookmark_after: str | None = None
    rescued: Counter[str] = field(default_factory=Counter)
    unfit: Counter[str] = field(default_factory=Counter)
    child_lists_read: Counter[str] = field(default_factory=Counter)
    unneeded_reads: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    repaired_responses: int = 0
    skipped: int = 0
    short_retries: bool = False
    waited: float = 0.0
    logged: int = 0
    logged_at: float = field(default_factory=time.monotonic)

    @property
    def stage(self) -> Stage:
        """How far the stream is."""
        if self.failure is not None:
            return "failed"
        if self.ended is not None:
            return "done"
        return "not started" if self.began is None else "running"

    @property
    def took(self) -> float:
        """The seconds for which it has been read."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began

    def failures(self, except_for: Collection[str] = ("good",)) -> Counter[str]:
        """How many requests had which status, or what befell them: but for these outcomes."""
        return Counter(
            {at: n for at, n in self.statuses.items() if outcome_of(at) not in except_for}
        )
