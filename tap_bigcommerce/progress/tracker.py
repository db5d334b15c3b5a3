"""How a run stands: the one place that bars, log lines and the report read it from."""

from __future__ import annotations

import contextlib
import copy
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum

from tap_bigcommerce.progress.counters import OUTCOMES, StreamCounts, outcome_of
from tap_bigcommerce.progress.metrics import log_request
from tap_bigcommerce.text import duration

MAX_INTERVALS = 180
"""Of the timeline, of which at least half are in use, but in very short runs."""

ALL = ""
"""In place of a stream: all of them together."""

WAITS = {"for-quota": "waiting for the quota", "for-retry": "waiting for another attempt"}
"""What a request can wait for, and how a person reads it."""

MAX_WAITS = 3
"""Different waits that are shown at once."""


@dataclass(frozen=True)
class QuotaStatus:
    """What the API said last: `left` of `quota` requests in a window of `window` seconds, which
    ends in `resets_in` seconds."""

    quota: int
    left: int
    window: float
    resets_in: float


class WaitReason(Enum):
    """Why a request waits, in words for a person."""

    QUOTA = "quota: {left} until the window resets"
    RESERVED = "quota: left to the store's other apps, {left} until the next look"
    RATE_LIMITED = "quota: refused with 429, {left} until the tap asks again"
    RETRY = "{stream}: {detail}, in {left}"


@dataclass(frozen=True)
class Wait:
    """A request of `stream` waits until about `until` (by `time.monotonic`).

    `detail` says what befell a request that is tried again. `kind` is one of WAITS.
    """

    stream: str
    reason: WaitReason
    until: float
    detail: str
    kind: str


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `rates`, by stream: records a second and seconds left, where these can
    be told. `quota` is what is left of it, where that is known; `waits` are in words."""

    streams: Sequence[StreamCounts]
    rates: Mapping[str, tuple[float | None, float | None]]
    took: float
    request_rate: float
    quota: QuotaStatus | None
    waits: list[str]


class Timeline:
    """A run from the moment `began` (by `time.monotonic`), in `intervals` of `width` seconds.

    A bin has, by stream (ALL: of any) and kind, how many requests ended so (OUTCOMES), and for how
    many microseconds at least one waited so (WAITS). `quota`: by bin, the last that was known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = 0.1  # seconds; it doubles whenever the bins become too many
        self.intervals: list[Counter[tuple[str, str]]] = [Counter()]
        self.quota: dict[int, QuotaStatus] = {}

    def add_request(
        self, moment: float, stream: str, status: str, quota: QuotaStatus | None
    ) -> None:
        """A request has ended."""
        at = self.reach(moment)
        self.intervals[at].update((name, outcome_of(status)) for name in (stream, ALL))
        if quota is not None:
            self.quota[at] = quota

    def add_wait(self, stream: str, kind: str, begin: float, end: float) -> None:
        """At least one request of the stream has waited from `begin` to `end`."""
        last = self.reach(end)  # first, for it may change the width
        first = int(max(0.0, begin - self.began) / self.width)
        for at in range(first, last + 1):
            left = max(begin, self.began + at * self.width)
            right = min(end, self.began + (at + 1) * self.width)
            if right > left:
                self.intervals[at][stream, kind] += round((right - left) * 1_000_000)

    def reach(self, moment: float) -> int:
        """The bin of this moment, to which the timeline goes on from now on."""
        passed = max(0.0, moment - self.began)
        while passed >= MAX_INTERVALS * self.width:
            self.width *= 2
            pairs = (self.intervals[at : at + 2] for at in range(0, len(self.intervals), 2))
            self.intervals = [sum(pair, Counter()) for pair in pairs]
            self.quota = {at // 2: quota for at, quota in self.quota.items()}
        at = int(passed / self.width)
        self.intervals += [Counter() for _ in range(len(self.intervals), at + 1)]
        return at

    def requests(self, stream: str) -> list[int]:
        """How many of the stream's ended in each bin."""
        return [sum(interval[stream, kind] for kind in OUTCOMES) for interval in self.intervals]


class ProgressTracker:
    """Is told of a run while it goes on, and says how it stands. Threads may do both at once.

    `streams` are those that the run reads, in its order; their figures change while it goes on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.began = clock()
        self.began_at = datetime.now(timezone.utc)
        self.streams: Sequence[StreamCounts] = ()
        self._clock = clock
        self._lock = threading.Lock()
        self._timeline = Timeline(self.began)
        self._quota: QuotaStatus | None = None
        self._resets_at = 0.0
        self._waits: dict[object, Wait] = {}
        self._waits_added_at = self.began
        self._figures_at: deque[tuple[float, Mapping[str, int]]] = deque([(self.began, {})])

    def request_ended(
        self,
        counts: StreamCounts,
        took: float,
        outcome: str,
        is_retry: bool,
        quota: QuotaStatus | None,
    ) -> None:
        """A request of this stream has ended, which took so many seconds.

        `outcome` is its status or what befell it; `quota` is None where the API does not tell it.
        """
        log_request(counts.stream, took, outcome)
        with self._lock:
            counts.requests += 1
            counts.retries += is_retry
            counts.statuses[outcome] += 1
            now = self._clock()
            if quota is not None:
                self._quota, self._resets_at = quota, now + quota.resets_in
            self._timeline.add_request(now, counts.stream, outcome, quota)

    @contextlib.contextmanager
    def waiting(self, counts: StreamCounts) -> Iterator[Callable[..., None]]:
        """For a wait of one thread, which may have several reasons and ends here.

        Yields a function to call with the WaitReason (None: none that is shown), until when, and a
        detail.
        """
        began, this = self._clock(), object()

        def now(reason: WaitReason | None, until: float = 0.0, detail: str = "") -> None:
            with self._lock:
                self._add_waits()
                self._waits.pop(this, None)
                if reason is not None:
                    # A 429 is the quota's word, too.
                    kind = "for-retry" if reason is WaitReason.RETRY else "for-quota"
                    self._waits[this] = Wait(counts.stream, reason, until, detail, kind)

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
            # Rates are those of about the last ten seconds.
            while len(self._figures_at) > 2 and now - self._figures_at[1][0] >= 10.0:
                self._figures_at.popleft()
            quota = self._quota
            if quota is not None and now < self._resets_at:
                quota = replace(quota, resets_in=self._resets_at - now)
            elif quota is not None:
                quota = replace(quota, left=quota.quota, resets_in=0.0)
            return Snapshot(
                streams=self.streams,
                rates={at.stream: self._rate_and_time_left(at, now) for at in self.streams},
                took=now - self.began,
                request_rate=self._rate(ALL, self.began),
                quota=quota,
                waits=_wait_messages(self._waits.values(), now),
            )

    def _rate(self, name: str, began: float) -> float:
        (then, before), (now, figures) = self._figures_at[0], self._figures_at[-1]
        seconds = now - max(then, began)
        return (figures[name] - before.get(name, 0)) / seconds if seconds > 0 else 0.0

    def _rate_and_time_left(
        self, counts: StreamCounts, now: float
    ) -> tuple[float | None, float | None]:
        took, share = counts.took, counts.share
        if counts.stage != "running":
            return counts.written / took if took > 0 else None, None
        rate = self._rate(counts.stream, now - took)
        if share is None or share < 0.02:  # too little to tell the rest from
            return rate, None
        # Nothing will come of it before the quota allows more.
        quota = [
            wait.until - now
            for wait in self._waits.values()
            if wait.stream == counts.stream and wait.kind == "for-quota"
        ]
        return rate, max(took * (1 - share) / share, min(quota, default=0.0))


def _wait_messages(waits: Iterable[Wait], now: float) -> list[str]:
    """What is waited for, each thing once."""
    found: dict[object, str] = {}
    for wait in waits:
        key = (wait.stream, wait.detail) if wait.reason is WaitReason.RETRY else wait.reason
        found[key] = wait.reason.value.format(
            stream=wait.stream,
            detail=wait.detail or "the last answer is in doubt",
            left=duration(max(0.0, wait.until - now)),
        )
    texts = list(found.values())
    more = len(texts) - MAX_WAITS
    return texts[:MAX_WAITS] + ([f"and {more} more waits"] if more > 0 else [])
