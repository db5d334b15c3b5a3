"""What is counted of a stream while it is read, for its summary."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from tap_bigcommerce.exceptions import IncompleteList, RequestFailed


class Stage(Enum):
    """How far a stream is."""

    TO_COME = "not begun"
    READING = "not ended"
    DONE = "done"
    FAILED = "failed"


@dataclass
class StreamCounts:
    """Figures of one stream in one run. The tracker adds to those of requests and waits.

    `share` of the list has been written (0 to 1; None: nobody knows). `read_with` is the stream
    whose walk this one shares: pages, requests and rows read are counted there. `began` and
    `ended` are by `time.monotonic`; `failure` says in words why the stream failed. `passed_over` is
    how many records, or parents of records, could not be read while others could; `in_trouble`
    since one of them could not. `told` of the records `written` were in METRIC lines by `told_at`.
    """

    stream: str
    read: int = 0
    written: int = 0
    duplicates: int = 0
    gone: int = 0
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
    lists_read: Counter[str] = field(default_factory=Counter)
    false_alarms: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    mended_bodies: int = 0
    passed_over: int = 0
    in_trouble: bool = False
    waited: float = 0.0
    told: int = 0
    told_at: float = field(default_factory=time.monotonic)

    @property
    def stage(self) -> Stage:
        """How far the stream is."""
        if self.failure is not None:
            return Stage.FAILED
        if self.ended is not None:
            return Stage.DONE
        return Stage.TO_COME if self.began is None else Stage.READING

    def took(self, now: float) -> float:
        """The seconds for which it has been read; `now` is by `time.monotonic`."""
        return 0.0 if self.began is None else (self.ended or now) - self.began

    def begin(self) -> None:
        """The stream is being read from now on."""
        self.began = time.monotonic()

    def end(self, failure: str | None) -> None:
        """It is read no more; `failure` says why, where it has not been read to its end."""
        self.ended, self.failure = time.monotonic(), failure

    def note_trouble(self, error: RequestFailed) -> None:
        """Something could not be read: what is asked for after it is given less time."""
        # A list that contradicts itself has been answered.
        self.in_trouble = self.in_trouble or not isinstance(error, IncompleteList)
