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

MOST_BINS = 180
"""Of the timeline, of which at least half are in use, but in very short runs."""

ALL = ""
"""In place of a stream: all of them together."""

WAITS = {"for-quota": "waiting for the quota", "for-retry": "waiting for another attempt"}
"""What a request can wait for, and how a person reads it."""

MOST_WAITS = 3
"""Different waits that are shown at once."""


@dataclass(frozen=True)
class Allowance:
    """What the API said last: `left` of `quota` requests in a window of `window` seconds, which
    ends in `resets_in` seconds."""

    quota: int
    left: int
    window: float
    resets_in: float


class Reason(Enum):
    """Why a request waits, in words for a person."""

    QUOTA = "quota: {left} until the window resets"
    OTHERS = "quota: left to the store's other apps, {left} until the next look"
    REFUSED = "quota: refused with 429, {left} until the tap asks again"
    RETRY = "{stream}: {detail}, in {left}"


@dataclass(frozen=True)
class Wait:
    """A request of `stream` waits until about `until` (by `time.monotonic`).

    `detail` says what befell a request that is tried again. `kind` is one of WAITS.
    """

    stream: str
    reason: Reason
    until: float
    detail: str
    kind: str


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `paces`, by stream: records a second and seconds left, where these can
    be told. `quota` is what is left of it, where that is known; `waits` are in words."""

    streams: Sequence[StreamCounts]
    paces: Mapping[str, tuple[float | None, float | None]]
    took: float
    request_rate: float
    quota: Allowance | None
    waits: list[str]


class Timeline:
    """A run from the moment `began` (by `time.monotonic`), in `bins` of `width` seconds.

    A bin has, by stream (ALL: of any) and kind, how many requests ended so (OUTCOMES), and for how
    many microseconds at least one waited so (WAITS). `quota`: by bin, the last that was known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.width = 0.1  # seconds; it doubles whenever the bins become too many
        self.bins: list[Counter[tuple[str, str]]] = [Counter()]
        self.quota: dict[int, Allowance] = {}

    def add_request(self, moment: float, stream: str, status: str, quota: Allowance | None) -> None:
        """A request has ended."""
        at = self.reach(moment)
        self.bins[at].update((name, outcome_of(status)) for name in (stream, ALL))
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
                self.bins[at][stream, kind] += round((right - left) * 1_000_000)

    def reach(self, moment: float) -> int:
        """The bin of this moment, to which the timeline goes on from now on."""
        passed = max(0.0, moment - self.began)
        while passed >= MOST_BINS * self.width:
            self.width *= 2
            pairs = (self.bins[at : at + 2] for at in range(0, len(self.bins), 2))
            self.bins = [sum(pair, Counter()) for pair in pairs]
            self.quota = {at // 2: quota for at, quota in self.quota.items()}
        at = int(passed / self.width)
        self.bins += [Counter() for _ in range(len(self.bins), at + 1)]
        return at

    def requests(self, stream: str) -> list[int]:
        """How many of the stream's ended in each bin."""
        return [sum(bin_[stream, kind] for kind in OUTCOMES) for bin_ in self.bins]


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
        self._quota: Allowance | None = None
        self._resets_at = 0.0
        self._waits: dict[object, Wait] = {}
        self._waits_added_at = self.began
        self._figures_at: deque[tuple[float, Mapping[str, int]]] = deque([(self.began, {})])

    def request_ended(
        self, counts: StreamCounts, took: float, outcome: str, again: bool, quota: Allowance | None
    ) -> None:
        """A request of this stream has ended, which took so many seconds.

        `outcome` is its status or what befell it; `quota` is None where the API does not tell it.
        """
        log_request(counts.stream, took, outcome)
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
                    # A 429 is the quota's word, too.
                    kind = "for-retry" if reason is Reason.RETRY else "for-quota"
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
                paces={at.stream: self._pace(at, now) for at in self.streams},
                took=now - self.began,
                request_rate=self._rate(ALL, self.began),
                quota=quota,
                waits=_texts(self._waits.values(), now),
            )

    def _rate(self, name: str, began: float) -> float:
        (then, before), (now, figures) = self._figures_at[0], self._figures_at[-1]
        seconds = now - max(then, began)
        return (figures[name] - before.get(name, 0)) / seconds if seconds > 0 else 0.0

    def _pace(self, counts: StreamCounts, now: float) -> tuple[float | None, float | None]:
        took, share = counts.took, counts.share
        if counts.stage != "not ended":
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


def _texts(waits: Iterable[Wait], now: float) -> list[str]:
    """What is waited for, each thing once."""
    found: dict[object, str] = {}
    for wait in waits:
        key = (wait.stream, wait.detail) if wait.reason is Reason.RETRY else wait.reason
        found[key] = wait.reason.value.format(
            stream=wait.stream,
            detail=wait.detail or "the last answer is in doubt",
            left=duration(max(0.0, wait.until - now)),
        )
    texts = list(found.values())
    more = len(texts) - MOST_WAITS
    return texts[:MOST_WAITS] + ([f"and {more} more waits"] if more > 0 else [])
