"""Counters of one stream in one run, for its summary, metrics and report."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["not started", "running", "done", "failed"]
"""How far the reading of a stream is."""

OUTCOMES = {
    "good": "successful",
    "absent": "not found (404)",
    "refused": "rate-limited (429)",
    "failed": "failed",
}
"""The possible outcomes of a request, each with its text for people."""


def outcome_of(status: str) -> str:
    """The key in OUTCOMES for an HTTP status ("503") or a kind of error ("timeout")."""
    if status in ("200", "204"):
        return "good"
    return {"404": "absent", "429": "refused"}.get(status, "failed")


@dataclass
class StreamCounts:
    """Counters of one stream in one run. ProgressTracker counts requests and waits.

    Attributes:
        read: Rows that the API sent.
        written: RECORD messages.
        duplicates: Rows that were read before, and skipped.
        deleted_during_sync: Rows that were deleted between the request for their list and the
            requests for their details.
        share: How much of the list has been written, from 0 to 1; None: unknown.
        read_with: The stream whose list also has the rows of this one. Pages, requests and rows
            read are counted for that stream.
        began, ended: By `time.monotonic`; None: not yet.
        read_from: The bookmark, or the start date, from which rows are read; None: all are.
        failure: Why the stream failed, as a message.
        deleted: Records reported as deleted.
        rescued, unfit: Values moved to _rescued_data, and values dropped, by their path.
        child_lists_read: Lists of a single row that were requested, by name and reason.
        unneeded_reads: Those of them that had nothing new, by reason.
        statuses: Requests by HTTP status or kind of error.
        repaired_bodies: Responses in which invalid characters were replaced.
        skipped: Records, or parents of records, that could not be read while others could.
        short_retries: A record could not be read: later requests are retried with short waits.
        waited: Seconds, summed over all requests.
        repeated: By kind of log message: its level, the first one, and a count; see `log_first`.
        logged, logged_at: How many of the `written` records were in METRIC lines, and up to when.
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
    read_from: str | None = None
    bookmark_before: str | None = None
    bookmark_after: str | None = None
    rescued: Counter[str] = field(default_factory=Counter)
    unfit: Counter[str] = field(default_factory=Counter)
    child_lists_read: Counter[str] = field(default_factory=Counter)
    unneeded_reads: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    repaired_bodies: int = 0
    skipped: int = 0
    short_retries: bool = False
    waited: float = 0.0
    repeated: dict[object, tuple[int, str, Iterator[int]]] = field(default_factory=dict)
    logged: int = 0
    logged_at: float = field(default_factory=time.monotonic)

    @property
    def stage(self) -> Stage:
        """How far the reading of the stream is."""
        if self.failure is not None:
            return "failed"
        if self.ended is not None:
            return "done"
        return "not started" if self.began is None else "running"

    @property
    def took(self) -> float:
        """For how many seconds the stream has been read."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began

    def failures(self, except_for: Collection[str] = ("good",)) -> Counter[str]:
        """Requests by status or kind of error, without those of the outcomes `except_for`."""
        failed = {at: n for at, n in self.statuses.items() if outcome_of(at) not in except_for}
        return Counter(failed)
