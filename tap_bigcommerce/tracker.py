"""How a run stands: the one place that bars, log lines and the report read it from."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum

from tap_bigcommerce.counts import Stage, StreamCounts
from tap_bigcommerce.display import duration
from tap_bigcommerce.progress import log_request
from tap_bigcommerce.timeline import ALL, Allowance, Timeline

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


@dataclass(frozen=True)
class Wait:
    """A request of `stream` waits until about `until` (by `time.monotonic`).

    `detail` says what befell a request that is tried again.
    """

    stream: str
    reason: Reason
    until: float
    detail: str

    @property
    def kind(self) -> str:
        """What it is in the timeline. A 429 is the quota's word, too."""
        return "for-retry" if self.reason is Reason.RETRY else "for-quota"


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
    """A run at one moment; `waits` in words. `quota` is what is left of it, where that is known."""

    streams: tuple[StreamProgress, ...]
    took: float
    request_rate: float
    quota: Allowance | None
    waits: list[str]


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
        self._quota: Allowance | None = None
        self._resets_at = 0.0
        self._waits: dict[object, Wait] = {}
        self._waits_added_at = self.began
        self._figures_at: deque[tuple[float, Mapping[str, int]]] = deque([(self.began, {})])

    def request_ended(
        self,
        counts: StreamCounts,
        seconds: float,
        outcome: str,
        *,
        again: bool,
        quota: Allowance | None,
    ) -> None:
        """A request of this stream has ended after so many seconds.

        `outcome` is its status or what befell it; `quota` is None where the API does not tell it.
        """
        log_request(counts.stream, seconds, outcome)
        with self._lock:
            counts.requests += 1
            counts.retries += again
            counts.statuses[outcome] += 1
            now = self._clock()
            if quota is not None:
                self._quota, self._resets_at = quota, now + quota.resets_in
            self._timeline.add_request(now, counts.stream, outcome, quota)

    @contextlib.contextmanager
    def waiting(self, counts: StreamCounts) -> Iterator[Callable[..., None]]:
        """For a wait of one thread, which may have several reasons and ends here.

        Yields what is told of them: a Reason (None: none that is shown), until about when, and a
        detail.
        """
        began, this = self._clock(), object()

        def now(reason: Reason | None, until: float = 0.0, detail: str = "") -> None:
            with self._lock:
                self._add_waits()
                self._waits.pop(this, None)
                if reason is not None:
                    self._waits[this] = Wait(counts.stream, reason, until, detail)

        try:
            yield now
        finally:
            now(None)
            with self._lock:
                counts.waited += self._clock() - began

    def _add_waits(self) -> float:
        """Add to the timeline what has been waited for up to now, which is returned."""
        now = self._clock()
        waits = self._waits.values()
        for stream, kind in {(name, wait.kind) for wait in waits for name in (wait.stream, ALL)}:
            self._timeline.add_wait(stream, kind, self._waits_added_at, now)
        self._waits_added_at = now
        return now

    def timeline(self) -> Timeline:
        """What has happened up to now."""
        with self._lock:
            self._timeline.reach(self._add_waits())
            return copy.deepcopy(self._timeline)

    def snapshot(self) -> Snapshot:
        """How the run stands now."""
        with self._lock:
            now = self._clock()
            figures = {counts.stream: counts.written for counts in self.streams}
            figures[ALL] = sum(counts.requests for counts in self.streams)
            self._figures_at.append((now, figures))
            while len(self._figures_at) > 2 and now - self._figures_at[1][0] >= RATE_OVER:
                self._figures_at.popleft()
            quota = self._quota
            if quota is not None and now < self._resets_at:
                quota = replace(quota, resets_in=self._resets_at - now)
            elif quota is not None:
                quota = replace(quota, left=quota.quota, resets_in=0.0)
            return Snapshot(
                streams=tuple(self._stream(counts, now, figures) for counts in self.streams),
                took=now - self.began,
                request_rate=self._rate(ALL, self.began, now, figures),
                quota=quota,
                waits=_words(self._waits.values(), now),
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
                    for wait in self._waits.values()
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
