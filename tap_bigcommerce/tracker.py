"""How a run stands: the one place that bars, log lines and the report read it from."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

from tap_bigcommerce.counts import Stage, StreamCounts
from tap_bigcommerce.display import duration
from tap_bigcommerce.progress import log_request
from tap_bigcommerce.timeline import ALL, Standing, Timeline

RATE_OVER = 10.0
"""Seconds: rates are those of about this last time."""

SHARE_TO_TELL_FROM = 0.02
"""The share of a list from which on the time left can be told."""

MOST_WAITS = 3
"""Different waits that are shown at once."""


class Reason(Enum):
    """Why a request waits, in words for a person."""

    QUOTA = "quota: {left} until the window resets"
    OTHERS = "quota: left to the store's other apps, {left} until the next look"
    REFUSED = "quota: refused with 429, {left} until the tap asks again"
    RETRY = "{stream}: {detail}, in {left}"


@dataclass(frozen=True, eq=False)
class Wait:
    """A request of `stream` waits until about `until` (by `time.monotonic`).

    `detail` says what befell a request that is tried again.
    """

    stream: str
    reason: Reason
    until: float
    detail: str

    @property
    def keys(self) -> set[tuple[str, str]]:
        """What it counts for in the timeline. A 429 is the quota's word, too."""
        kind = "for-retry" if self.reason is Reason.RETRY else "for-quota"
        return {(self.stream, kind), (ALL, kind)}


@dataclass(frozen=True)
class StreamProgress:
    """A stream at one moment: seconds that it took, records a second, and seconds left.

    `rate` and `left` are None where nobody can tell.
    """

    counts: StreamCounts
    took: float
    rate: float | None
    left: float | None


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `quota_used` of `quota` (None: unknown); `waits` in words."""

    streams: tuple[StreamProgress, ...]
    took: float
    request_rate: float
    quota: int | None
    quota_used: int
    resets_in: float
    waits: tuple[str, ...]


class ProgressTracker:
    """Is told of a run while it goes on, and says how it stands. Threads may do both at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.began = clock()
        self.began_at = datetime.now(timezone.utc)
        self.streams: Sequence[StreamCounts] = ()
        """Those that the run reads, in its order; their figures change while it goes on."""
        self._clock = clock
        self._lock = threading.Lock()
        self._timeline = Timeline(self.began)
        self._standing: Standing | None = None
        self._waits: dict[Wait, None] = {}
        self._waiting_since: dict[tuple[str, str], float] = {}
        self._figures_at: deque[tuple[float, Mapping[str, int]]] = deque([(self.began, {})])

    def request_ended(
        self,
        counts: StreamCounts,
        seconds: float,
        outcome: str,
        *,
        again: bool,
        quota: Standing | None,
    ) -> None:
        """A request of this stream has ended after so many seconds.

        `outcome` is its status or what befell it; `quota` is None where the API does not tell it.
        """
        counts.count_request(outcome, again=again)
        log_request(counts.stream, seconds, outcome)
        with self._lock:
            self._standing = quota or self._standing
            self._timeline.add_request(self._clock(), counts.stream, outcome, quota)

    @contextlib.contextmanager
    def waiting(self, stream: str) -> Iterator[Callable[..., None]]:
        """For the waits of one thread, one after another, of which the last one ends here.

        Yields what is told of each: its Reason (None: no more), until about when, and a detail.
        """
        current: Wait | None = None

        def now(reason: Reason | None, until: float = 0.0, detail: str = "") -> None:
            nonlocal current
            following = Wait(stream, reason, until, detail) if reason is not None else None
            self._waits_change(current, following)
            current = following

        try:
            yield now
        finally:
            now(None)

    def _waits_change(self, ended: Wait | None, begun: Wait | None) -> None:
        with self._lock:
            now = self._clock()
            if ended is not None:
                del self._waits[ended]
                for key in ended.keys.difference(*(wait.keys for wait in self._waits)):
                    self._timeline.add_wait(*key, self._waiting_since.pop(key), now)
            if begun is not None:
                self._waits[begun] = None
                for key in begun.keys:
                    self._waiting_since.setdefault(key, now)

    def timeline(self) -> Timeline:
        """What has happened up to now."""
        with self._lock:
            found, now = copy.deepcopy(self._timeline), self._clock()
            for key, since in self._waiting_since.items():
                found.add_wait(*key, since, now)
            found.reach(now)
            return found

    def snapshot(self) -> Snapshot:
        """How the run stands now."""
        with self._lock:
            now = self._clock()
            figures = {counts.stream: counts.written for counts in self.streams}
            figures[ALL] = sum(counts.requests for counts in self.streams)
            self._figures_at.append((now, figures))
            while len(self._figures_at) > 2 and now - self._figures_at[1][0] >= RATE_OVER:
                self._figures_at.popleft()
            standing = self._standing
            running = standing is not None and now < standing.resets_at
            return Snapshot(
                streams=tuple(self._stream(counts, now, figures) for counts in self.streams),
                took=now - self.began,
                request_rate=self._rate(ALL, self.began, now, figures),
                quota=standing.size if standing else None,
                quota_used=standing.size - standing.left if standing and running else 0,
                resets_in=standing.resets_at - now if standing and running else 0.0,
                waits=tuple(_words(self._waits, now)),
            )

    def _rate(self, name: str, began: float, now: float, figures: Mapping[str, int]) -> float:
        then, before = self._figures_at[0]
        seconds = now - max(then, began)
        return (figures[name] - before.get(name, 0)) / seconds if seconds > 0 else 0.0

    def _stream(
        self, counts: StreamCounts, now: float, figures: Mapping[str, int]
    ) -> StreamProgress:
        took, share = counts.took(now), counts.share
        rate, left = None, None
        if counts.stage is Stage.READING:
            rate = self._rate(counts.stream, now - took, now, figures)
            if share is not None and share >= SHARE_TO_TELL_FROM:
                # Nothing will come of it before the quota allows more.
                quota = [
                    wait.until - now
                    for wait in self._waits
                    if wait.stream == counts.stream and wait.reason is not Reason.RETRY
                ]
                left = max(took * (1 - share) / share, min(quota, default=0.0))
        elif took > 0:
            rate = counts.written / took
        return StreamProgress(counts, took, rate, left)


def _words(waits: Iterable[Wait], now: float) -> list[str]:
    """What is waited for, each thing once."""
    found: dict[object, str] = {}
    for wait in waits:
        key = (wait.stream, wait.detail) if wait.reason is Reason.RETRY else wait.reason
        found[key] = wait.reason.value.format(
            stream=wait.stream,
            detail=wait.detail or "the last answer is in doubt",
            left=duration(max(0.0, wait.until - now)),
        )
    words = list(found.values())
    more = len(words) - MOST_WAITS
    return words[:MOST_WAITS] + ([f"and {more} more waits"] if more > 0 else [])
