"""A simulation of a store's quota, which taps and another app use."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown

WINDOW = 30.0


def quota_headers(quota: int, left: int, reset: float) -> dict[str, str]:
    return {
        "X-Rate-Limit-Time-Window-Ms": str(int(WINDOW * 1000)),
        "X-Rate-Limit-Time-Reset-Ms": str(int(reset * 1000)),
        "X-Rate-Limit-Requests-Quota": str(quota),
        "X-Rate-Limit-Requests-Left": str(left),
    }


def try_acquire(limiter: RateLimiter) -> float:
    """Acquire if a request may be sent now. Returns 0 then, else the seconds to wait."""
    wait, _ = limiter._wait()
    limiter._in_flight += wait <= 0
    return max(0.0, wait)


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


class App:
    """An app of the store, and the numbers of its successes and 429s by window."""

    def __init__(self, store: Store, timeline: Timeline) -> None:
        self.good: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._store = store
        self._timeline = timeline

    @property
    def refused_share(self) -> float:
        return self.refused.total() / max(1, self.refused.total() + self.good.total())


@dataclass
class Store:
    """Responds with 429 above its quota, or while more than `at_once` requests are under way."""

    quota: int
    timeline: Timeline
    begins_at: float
    at_once: float = float("inf")
    under_way: int = 0
    used: Counter[int] = field(default_factory=Counter)

    def respond(self, app: App) -> tuple[int, dict[str, str]]:
        """Returns the status and headers of a response."""
        now = self.timeline.now + self.begins_at
        window = int(now // WINDOW)
        good = self.used[window] < self.quota and self.under_way <= self.at_once
        self.used[window] += good
        (app.good if good else app.refused)[window] += 1
        left = self.quota - self.used[window]
        headers = quota_headers(self.quota, left, (window + 1) * WINDOW - now)
        return 200 if good else 429, headers


class Tap(App):
    """A tap whose workers always have a request to send."""

    def __init__(
        self, store: Store, timeline: Timeline, latency: Callable[[], float], share: float
    ) -> None:
        super().__init__(store, timeline)
        self._latency = latency
        config = Config("", "", quota_share=share, max_concurrency=8)
        self._limiter = RateLimiter(config, Shutdown(), lambda: timeline.now)
        for _ in range(8):
            self._send()

    def _send(self) -> None:
        wait = try_acquire(self._limiter)
        if wait > 0:
            self._timeline.after(min(wait, POLL_INTERVAL), self._send)
            return
        self._store.under_way += 1
        latency = self._latency()
        self._timeline.after(latency * 0.7, lambda: self._respond(latency))

    def _respond(self, latency: float) -> None:
        status, headers = self._store.respond(self)
        self._timeline.after(latency * 0.3, lambda: self._receive(status, headers, latency))

    def _receive(self, status: int, headers: dict[str, str], took: float) -> None:
        self._store.under_way -= 1
        self._limiter.release(headers, took)
        if status == 429:
            self._limiter.record_refusal(headers, took)
        else:
            self._limiter.record_success()
        self._send()


class OtherApp(App):
    """Sends requests at a constant rate, whatever the responses are."""

    def __init__(self, store: Store, timeline: Timeline, per_window: int) -> None:
        super().__init__(store, timeline)
        self._every = WINDOW / per_window
        self._send()

    def _send(self) -> None:
        self._store.respond(self)
        self._timeline.after(self._every, self._send)


def unequal(chance: random.Random, mean: float = 0.3) -> Callable[[], float]:
    """Random latencies with the given mean; some are several times as long."""
    return lambda: mean * (0.3 + chance.expovariate(1 / 0.7))
