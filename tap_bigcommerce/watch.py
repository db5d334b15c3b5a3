"""How a run stands at a moment, for whoever shows it while it goes on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.observer import Reason, RequestEnd, Standing, Wait

RATE_OVER = 10.0
"""Seconds: rates are those of about this last time."""

SHARE_TO_TELL_FROM = 0.02
"""The share of a list from which on the time left can be told."""

MOST_WAITS = 3
"""Different waits that are shown at once."""


class Stage(Enum):
    """How far a stream is."""

    TO_COME = "to come"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class StreamView:
    """One stream: what it has come to, what it makes a second, and how long it has taken.

    `share` (0 to 1), `rate` and `left` (seconds) are None where nobody can tell. Pages are None
    where they are those of another stream, with which it is read.
    """

    name: str
    stage: Stage
    records: int
    pages: int | None
    share: float | None
    rate: float | None
    took: float
    left: float | None


@dataclass(frozen=True)
class View:
    """A run at one moment. `quota_used` of `quota` (None: unknown); `waits` in words."""

    streams: tuple[StreamView, ...]
    took: float
    request_rate: float
    quota: int | None
    quota_used: int
    window_left: float
    waits: tuple[str, ...]


class Watch:
    """An observer that knows how the run stands. Threads may tell and ask it at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._streams: tuple[StreamCounts, ...] = ()
        self._requests = 0
        self._request_rate = _Rate(self._began)
        self._rates: dict[str, _Rate] = {}
        self._standing: Standing | None = None
        self._waits: dict[Wait, None] = {}

    def planned(self, streams: Sequence[StreamCounts]) -> None:
        """See `Observer`."""
        self._streams = tuple(streams)

    def request_ended(self, request: RequestEnd) -> None:
        """See `Observer`."""
        with self._lock:
            self._requests += 1
            self._standing = request.quota or self._standing

    def wait_began(self, wait: Wait) -> None:
        """See `Observer`."""
        with self._lock:
            self._waits[wait] = None

    def wait_ended(self, wait: Wait, ended: float) -> None:
        """See `Observer`."""
        with self._lock:
            self._waits.pop(wait, None)

    def view(self) -> View:
        """How the run stands now."""
        now = self._clock()
        with self._lock:
            requests, standing, waits = self._requests, self._standing, list(self._waits)
            running = standing is not None and now < standing.resets_at
            return View(
                streams=tuple(
                    self._stream(counts, now, _for_the_quota(counts.stream, waits, now))
                    for counts in self._streams
                ),
                took=now - self._began,
                request_rate=self._request_rate.at(now, requests),
                quota=standing.size if standing is not None else None,
                quota_used=standing.size - standing.left if standing and running else 0,
                window_left=standing.resets_at - now if standing and running else 0.0,
                waits=tuple(_words(waits, now)),
            )

    def _stream(self, counts: StreamCounts, now: float, waits: float) -> StreamView:
        records, share = counts.written, counts.share
        if counts.failure is not None:
            stage = Stage.FAILED
        elif counts.ended is not None:
            stage, share = Stage.DONE, 1.0
        else:
            stage = Stage.TO_COME if counts.began is None else Stage.READING
        took = 0.0 if counts.began is None else (counts.ended or now) - counts.began
        rate, left = None, None
        if stage is Stage.READING:
            rate = self._rates.setdefault(counts.stream, _Rate(now - took)).at(now, records)
            if share is not None and share >= SHARE_TO_TELL_FROM:
                left = max(took * (1 - share) / share, waits)
        elif counts.began is not None and took > 0:
            rate = records / took
        pages = counts.pages if counts.read_with is None else None
        return StreamView(counts.stream, stage, records, pages, share, rate, took, left)


class _Rate:
    """How fast a figure grows, as it was looked at over the last seconds."""

    def __init__(self, began: float) -> None:
        self._seen: deque[tuple[float, int]] = deque([(began, 0)])

    def at(self, now: float, figure: int) -> float:
        """Per second; `figure` is what it has come to by `now`."""
        self._seen.append((now, figure))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_OVER:
            self._seen.popleft()
        then, before = self._seen[0]
        return (figure - before) / (now - then) if now > then else 0.0


def _for_the_quota(stream: str, waits: Sequence[Wait], now: float) -> float:
    """The seconds in which nothing will come of a stream, because the quota is used up."""
    ends = [w.until for w in waits if w.stream == stream and w.reason is not Reason.RETRY]
    return max(0.0, min(ends, default=now) - now)


def _words(waits: Sequence[Wait], now: float) -> list[str]:
    """What is waited for, each thing once."""
    found: dict[object, str] = {}
    for wait in waits:
        seconds = clock_words(max(0.0, wait.until - now))
        if wait.reason is Reason.RETRY:
            detail = f"{wait.stream}: {wait.detail or 'the last answer is in doubt'}"
            found[(wait.stream, wait.detail)] = f"{detail}, in {seconds}"
        elif wait.reason is Reason.OTHERS:
            found[wait.reason] = (
                f"quota: left to the store's other apps, {seconds} until the next look"
            )
        elif wait.reason is Reason.REFUSED:
            found[wait.reason] = f"quota: refused with 429, {seconds} until the tap asks again"
        else:
            found[wait.reason] = f"quota: {seconds} until the window resets"
    words = list(found.values())
    more = len(words) - MOST_WAITS
    return words[:MOST_WAITS] + ([f"and {more} more waits"] if more > 0 else [])


def clock_words(seconds: float) -> str:
    """A time as a person reads it: 12 s, 3 min 05 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
