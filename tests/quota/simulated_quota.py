"""A simulation of a store's quota, which taps and another app use."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown

WINDOW = 30.0


def try_acquire(limiter: RateLimiter) -> float:
    """Acquire if a request may be sent now. Returns 0 then, else the seconds to wait."""
    wait, _ = limiter._wait()
    limiter._in_flight += wait <= 0
    return wait


class Timeline:
    """Events in the order of their simulated times."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), event))

    def run_until(self, end: float) -> None:
        while self._events and self._events[0][0] < end:
            self.now, _, event = heapq.heappop(self._events)
            event()


@dataclass
class Served:
    """The numbers of successes and 429s by window."""

    good: dict[int, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)

    @property
    def refused_share(self) -> float:
        refused, good = sum(self.refused.values()), sum(self.good.values())
        return refused / max(1, refused + good)


class Store:
    """Counts requests in fixed windows, and responds with 429 above the quota."""

    def __init__(self, quota: int, timeline: Timeline, begins_at: float) -> None:
        self._quota = quota
        self._timeline = timeline
        self._begins_at = begins_at
        self._used: dict[int, int] = {}

    def window(self) -> int:
        return int((self._timeline.now + self._begins_at) // WINDOW)

    def respond(self, served: Served) -> tuple[int, dict[str, str]]:
        """Returns the status and headers of a response."""
        window = self.window()
        used = self._used.get(window, 0)
        good = used < self._quota
        if good:
            used += 1
            self._used[window] = used
        counts = served.good if good else served.refused
        counts[window] = counts.get(window, 0) + 1
        left = (window + 1) * WINDOW - self._begins_at - self._timeline.now
        return 200 if good else 429, {
            "X-Rate-Limit-Time-Window-Ms": str(int(WINDOW * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(int(left * 1000)),
            "X-Rate-Limit-Requests-Quota": str(self._quota),
            "X-Rate-Limit-Requests-Left": str(self._quota - used),
        }


class Tap:
    """A tap whose workers always have a request to send."""

    def __init__(
        self,
        store: Store,
        timeline: Timeline,
        latency: Callable[[], float],
        *,
        share: float = 0.9,
        concurrency: int = 8,
    ) -> None:
        self.served = Served()
        self._store = store
        self._timeline = timeline
        self._latency = latency
        config = Config("", "", quota_share=share, max_concurrency=concurrency)
        self._limiter = RateLimiter(config, Shutdown(), lambda: timeline.now)
        for _ in range(concurrency):
            self._send()

    def _send(self) -> None:
        wait = try_acquire(self._limiter)
        if wait > 0:
            self._timeline.after(min(wait, POLL_INTERVAL), self._send)
            return
        latency = self._latency()
        self._timeline.after(latency * 0.7, lambda: self._respond(latency))

    def _respond(self, latency: float) -> None:
        status, headers = self._store.respond(self.served)
        self._timeline.after(latency * 0.3, lambda: self._receive(status, headers, latency))

    def _receive(self, status: int, headers: dict[str, str], took: float) -> None:
        self._limiter.release(headers, took)
        if status == 429:
            self._limiter.record_refusal(headers)
        else:
            self._limiter.record_success()
        self._send()


class OtherApp:
    """Sends requests at a constant rate, whatever the responses are."""

    def __init__(self, store: Store, timeline: Timeline, per_window: int) -> None:
        self.served = Served()
        self._store = store
        self._timeline = timeline
        self._every = WINDOW / per_window
        self._send()

    def _send(self) -> None:
        self._store.respond(self.served)
        self._timeline.after(self._every, self._send)


def unequal(chance: random.Random, mean: float = 0.3) -> Callable[[], float]:
    """Random latencies with the given mean; some are several times as long."""
    return lambda: mean * (0.3 + chance.expovariate(1 / 0.7))
