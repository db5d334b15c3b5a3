"""Progress of a run: rates, time left, waits; for bars, log and report."""

import contextlib
import copy
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum
from typing import NamedTuple

from tap_bigcommerce.progress.counters import OUTCOMES, StreamCounts, outcome_of
from tap_bigcommerce.progress.metrics import log_request
from tap_bigcommerce.text import duration, plural

MAX_INTERVALS = 180
"""Intervals of the timeline. At least half of them are used, except in very short runs."""

ALL = ""
"""Stands for all streams together, in place of a stream's name."""

WAITS = {"for-quota": "waiting for the quota", "for-retry": "waiting to retry"}
"""What a request can wait for, each with its text for people."""

MAX_WAITS = 3
"""So many different waits are shown at once."""

RATE_SECONDS = 30.0
"""Rates are averages over this time: a window of the quota, with its burst and its wait."""

SMALLEST_SHARE = 0.05
"""A smaller share of a list is too little for an estimate of the time left."""


@dataclass(frozen=True)
class QuotaStatus:
    """The store's quota as the API last reported it.

    `left` of `quota` requests remain in a window of `window` seconds, which ends in `resets_in`
    seconds. The tap may use `usable` requests of each window.
    """

    quota: int
    left: int
    window: float
    resets_in: float
    usable: float

    def seconds_for(self, requests: float) -> float:
        """The seconds that the quota makes so many requests wait, at least."""
        rest = requests - max(0.0, self.left - (self.quota - self.usable))
        if rest <= 0:
            return 0.0
        return self.resets_in + (math.ceil(rest / self.usable) - 1) * self.window


class WaitReason(Enum):
    """Why a request waits, each with its text for people."""

    QUOTA = "quota: {left} until the window resets"
    RESERVED = "quota: reserved for the store's other apps, next check in {left}"
    RATE_LIMITED = "quota: rate-limited (429), retrying in {left}"
    RETRY = "{stream}: {detail}, in {left}"


class Wait(NamedTuple):
    """A request of `stream` waits until about `until` (by `time.monotonic`).

    `detail` says why a request is retried.
    """

    stream: str
    reason: WaitReason
    until: float
    detail: str


class Snapshot(NamedTuple):
    """The progress of a run at one moment.

    `rates` has by stream: records per second, and seconds left; None where unknown. `totals` is
    "2 of 4 streams done, 3,899 records, 317 requests, 1 min 19 s". `waits` are messages.
    """

    streams: Sequence[StreamCounts]
    rates: Mapping[str, tuple[float | None, float | None]]
    totals: str
    quota: QuotaStatus | None
    waits: list[str]


class Timeline:
    """What happened in a run, in intervals of equal length.

    Attributes:
        began: When the run began, by `time.monotonic`.
        width: The length of an interval in seconds.
        intervals: One counter each. Its keys are pairs of a stream (or ALL) and a kind. For the
            kinds in OUTCOMES it counts requests that ended so. For those in WAITS it counts the
            microseconds in which at least one request waited so.
        quota: By index of an interval, the last quota that was reported in it.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = 0.1  # doubled whenever there are too many intervals
        self.intervals: list[Counter[tuple[str, str]]] = [Counter()]
        self.quota: dict[int, QuotaStatus] = {}

    def add_request(self, end: float, stream: str, status: str, quota: QuotaStatus | None) -> None:
        """Count a request that ended at `end` (by `time.monotonic`)."""
        at = self.extend_to(end)
        self.intervals[at].update((name, outcome_of(status)) for name in (stream, ALL))
        if quota is not None:
            self.quota[at] = quota

    def add_wait(self, stream: str, kind: str, begin: float, end: float) -> None:
        """Add a wait of at least one request of the stream, from `begin` to `end`."""
        last = self.extend_to(end)  # first, because it may change the width
        first = int(max(0.0, begin - self.began) / self.width)
        for at in range(first, last + 1):
            left = max(begin, self.began + at * self.width)
            right = min(end, self.began + (at + 1) * self.width)
            if right > left:
                self.intervals[at][stream, kind] += round((right - left) * 1_000_000)

    def extend_to(self, moment: float) -> int:
        """Extend the timeline up to `moment` and return the index of its interval."""
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
        """The number of the stream's requests in each interval."""
        return [sum(interval[stream, kind] for kind in OUTCOMES) for interval in self.intervals]


class ProgressTracker:
    """Collects requests and waits of a run, and reports its progress. Safe for several threads.

    Attributes:
        streams: The counters of the streams that the run reads, in its order.
        idle: By stream (or ALL): microseconds in which requests waited and none was under way.
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
        self._under_way: Counter[str] = Counter()
        self.idle: Counter[str] = Counter()
        # Of streams under way: how many records were written, and which share of the list.
        self._figures_at: deque[tuple[float, dict[str, tuple[int, float]]]] = deque(
            [(self.began, {})]
        )

    def request_began(self, counts: StreamCounts) -> None:
        """A request of a stream is under way, until `request_ended` is called."""
        with self._lock:
            self._add_waits()
            self._under_way.update((counts.stream, ALL))

    def request_ended(
        self, counts: StreamCounts, took: float, status: str, retry: bool, quota: QuotaStatus | None
    ) -> None:
        """Count a request of a stream that has ended, after `took` seconds.

        `status` is its HTTP status ("503") or the kind of its error ("timeout"). `retry`: it was
        not the first attempt. `quota` is None if the API has not reported it.
        """
        log_request(counts.stream, took, status)
        with self._lock:
            counts.requests += 1
            counts.retries += retry
            counts.statuses[status] += 1
            now = self._add_waits()
            self._under_way.subtract((counts.stream, ALL))
            if quota is not None:
                self._quota, self._resets_at = quota, now + quota.resets_in
            self._timeline.add_request(now, counts.stream, status, quota)

    @contextlib.contextmanager
    def waiting(self, counts: StreamCounts) -> Iterator[Callable[..., None]]:
        """A context in which one thread waits, for one or several reasons.

        Yields a function that sets the reason: `report(reason, until, detail)`, as in Wait. The
        reason None is not shown.
        """
        began, key = self._clock(), object()

        def report(reason: WaitReason | None, until: float = 0.0, detail: str = "") -> None:
            with self._lock:
                self._add_waits()
                self._waits.pop(key, None)
                if reason is not None:
                    self._waits[key] = Wait(counts.stream, reason, until, detail)

        try:
            yield report
        finally:
            report(None)
            with self._lock:
                counts.waited += self._clock() - began

    def _add_waits(self) -> float:
        """Add the current waits to the timeline, up to now, and return the time now."""
        now = self._clock()
        waits = [(name, at.reason) for at in self._waits.values() for name in (at.stream, ALL)]
        for stream, is_retry in {(name, at is WaitReason.RETRY) for name, at in waits}:
            kind = "for-retry" if is_retry else "for-quota"  # also for a 429
            self._timeline.add_wait(stream, kind, self._waits_added_at, now)
        for stream in {name for name, _ in waits}:
            if self._under_way[stream] <= 0:
                self.idle[stream] += round((now - self._waits_added_at) * 1_000_000)
        self._waits_added_at = now
        return now

    def timeline(self) -> Timeline:
        """A copy of the timeline up to now."""
        with self._lock:
            self._timeline.extend_to(self._add_waits())
            return copy.deepcopy(self._timeline)

    def snapshot(self) -> Snapshot:
        """The run's progress now."""
        with self._lock:
            now = self._clock()
            running = [counts for counts in self.streams if counts.stage == "running"]
            figures = {counts.stream: (counts.written, counts.share or 0.0) for counts in running}
            self._figures_at.append((now, figures))
            while len(self._figures_at) > 2 and now - self._figures_at[1][0] >= RATE_SECONDS:
                self._figures_at.popleft()
            done = sum(counts.stage in ("done", "failed") for counts in self.streams)
            quota = self._quota
            if quota is not None and now < self._resets_at:
                quota = replace(quota, resets_in=self._resets_at - now)
            elif quota is not None:
                quota = replace(quota, left=quota.quota, resets_in=0.0)
            return Snapshot(
                streams=self.streams,
                rates={at.stream: self._rate_and_eta(at, now, quota) for at in self.streams},
                totals=f"{done} of {plural(len(self.streams), 'stream')} done, {self.totals()}",
                quota=quota,
                waits=_wait_messages(self._waits.values(), now),
            )

    def totals(self, of_streams: str = "") -> str:
        """ "3,899 records, 317 requests, 1 min 19 s"; without records, if no stream is read."""
        requests = sum(self._timeline.requests(ALL))
        parts = [plural(requests, "request"), duration(self._clock() - self.began)]
        if self.streams:
            records = sum(counts.written for counts in self.streams)
            parts.insert(0, plural(records, "record") + of_streams)
        return ", ".join(parts)

    def _rate_and_eta(
        self, counts: StreamCounts, now: float, quota: QuotaStatus | None
    ) -> tuple[float | None, float | None]:
        took, share = counts.took, counts.share
        if counts.stage != "running" or took <= 0:
            return counts.written / took if took > 0 else None, None
        then, before = self._figures_at[0]
        written, share_before = before.get(counts.stream, (0, 0.0))
        seconds = now - max(then, now - took)
        rate = (counts.written - written) / seconds if seconds > 0 else 0.0
        if share is None or share < SMALLEST_SHARE or share <= share_before:
            return rate, None
        left = seconds * (1 - share) / (share - share_before)
        requests = counts.requests * (1 - share) / share
        return rate, max(left, quota.seconds_for(requests) if quota is not None else 0.0)


def _wait_messages(waits: Iterable[Wait], now: float) -> list[str]:
    """Messages about the waits, without repetitions."""
    found: dict[object, str] = {}
    for wait in waits:
        key = (wait.stream, wait.detail) if wait.reason is WaitReason.RETRY else wait.reason
        found[key] = wait.reason.value.format(
            stream=wait.stream,
            detail=wait.detail or "checking a list again",
            left=duration(max(0.0, wait.until - now)),
        )
    texts = list(found.values())
    more = len(texts) - MAX_WAITS
    return texts[:MAX_WAITS] + ([f"and {more} more waits"] if more > 0 else [])
