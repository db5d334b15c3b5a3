"""The rate limiter in simulated time, and complete taps: one or two, and another app of the store.

How much of a quota complete taps use depends on the load of this machine: `bench` and the
simulation measure that. The number of 429s and the completeness of the data do not depend on it.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
import tap_runner

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.config import Config
from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown
from tap_bigcommerce_sandbox import Options, Sandbox

WINDOWS = 12
SHARE = 0.9
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

    def __init__(self, store: "Store") -> None:
        self.good: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._store = store
        self._timeline = store.timeline

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

    def __init__(self, store: Store, latency: Callable[[], float], share: float) -> None:
        super().__init__(store)
        self._latency = latency
        config = Config("", "", quota_share=share, max_concurrency=8)
        self._limiter = RateLimiter(config, Shutdown(), lambda: store.timeline.now)
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

    def __init__(self, store: Store, per_window: int) -> None:
        super().__init__(store)
        self._every = WINDOW / per_window
        self._send()

    def _send(self) -> None:
        self._store.respond(self)
        self._timeline.after(self._every, self._send)


class Scene:
    """A store, taps and optionally another app, after WINDOWS windows of 30 seconds.

    `used`: the requests of all taps in each complete window, from the second one on.
    """

    def __init__(
        self, quota: int, seed: int, *, taps: int, others: int = 0, share: float = SHARE
    ) -> None:
        chance, timeline = random.Random(seed), Timeline()
        store = Store(quota, timeline, begins_at=chance.uniform(0, WINDOW))

        def latency() -> float:  # Some are several times as long as others.
            return 0.3 * (0.3 + chance.expovariate(1 / 0.7))

        self.taps = [Tap(store, latency, share) for _ in range(taps)]
        self.other = OtherApp(store, others) if others else None
        timeline.run_until(WINDOWS * WINDOW)
        self.used = [sum(tap.good[window] for tap in self.taps) for window in range(2, WINDOWS)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("quota", [150, 450])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "beside another app"])
@pytest.mark.parametrize("taps", [1, 2])
def test_taps_leave_what_others_need(taps: int, others: bool, quota: int, seed: int) -> None:
    needed = quota // 2 if others else 0
    scene = Scene(quota, seed, taps=taps, others=needed)
    assert min(scene.used) >= 0.9 * (SHARE * quota - needed)
    assert all(tap.refused_share <= 0.01 for tap in scene.taps)
    if scene.other is not None:
        # If a tap only kept its share, the app would get 429 for most of each window.
        assert scene.other.refused_share <= (0.2 if taps == 1 else 0.25)
    elif taps == 1:
        assert max(scene.used) <= SHARE * quota
        assert not scene.taps[0].refused
    else:
        shares = sorted(tap.good.total() for tap in scene.taps)
        assert shares[0] >= 0.3 * sum(shares), "one tap gets too little"


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_quota_share_is_kept(share: float) -> None:
    scene = Scene(150, 1, taps=1, share=share)
    assert max(scene.used) <= max(1, share * 150)
    assert min(scene.used) >= 0.9 * int(share * 150)
    assert not scene.taps[0].refused


def test_a_limit_on_concurrent_requests_is_found_with_few_429s() -> None:
    at_once, seconds, latency = 3, 120, 0.1
    timeline = Timeline()
    tap = Tap(Store(90000, timeline, 0.0, at_once), lambda: latency, SHARE)
    timeline.run_until(seconds)
    assert tap.good.total() > 0.85 * at_once * seconds / latency
    assert tap.refused_share < 0.01


class Limiter(RateLimiter):
    """A rate limiter of four requests at once. Its methods are the steps of a script."""

    def __init__(self, quota: int, share: float = 1) -> None:
        self.now = 0.0
        self.quota = quota
        config = Config("", "", quota_share=share, max_concurrency=4)
        super().__init__(config, Shutdown(), lambda: self.now)

    def sends(self, times: float) -> None:
        for _ in range(int(times)):
            assert try_acquire(self) == 0

    def waits(self, least: float = 0.001, most: float = 3600) -> None:
        """No request may be sent now, nor in the next seconds."""
        assert least <= try_acquire(self) <= most

    def only(self, times: float) -> None:
        """So many requests may be sent now."""
        self.sends(times)
        self.waits()

    def gets(self, left: float, reset: float, took: float = 0.1) -> None:
        """A request that is in flight ends: so much of the quota is left in this window."""
        self.release(quota_headers(self.quota, int(left), reset), took)

    def asks(self, left: float, reset: float) -> None:
        self.sends(1)
        self.gets(left, reset)

    def uses_up(self, left: float, reset: float) -> None:
        for now_left in range(int(left), -1, -1):
            self.asks(now_left, reset)

    def ends(self, times: float, took: float = 0.1) -> None:
        """Without headers."""
        for _ in range(int(times)):
            self.release(None, took)

    def is_refused(self, pause: float, named: float = 0, took: float = 0) -> None:
        """A 429 comes, which names a pause or none; now all requests pause for so many seconds."""
        headers = {"X-Retry-After": str(named), "X-Rate-Limit-Time-Reset-Ms": "500"}
        found = self.record_refusal(headers if named else {}, took)
        assert found == pytest.approx(pause, abs=0.1)

    def succeeds(self, times: float) -> None:
        for _ in range(int(times)):
            self.record_success()

    def knows(self, left: float, resets_in: float) -> None:
        assert self.quota_status is not None
        assert self.quota_status.left == left
        assert self.quota_status.resets_in == pytest.approx(resets_in, abs=0.1)


SCRIPTS = """
without headers only the concurrency is limited [150 0.9]
    0: only 4, ends 2, only 2

a share that is used up waits for the reset [150 0.9]
    0: asks 15 10, waits 0 10.1
    10.1: only 4

requests in flight count [150 0.9]
    0: asks 17 0.5, only 2  # 17 are left, of which 15 are kept for others

of responses out of order the smallest number left counts [150 0.9]
    0: only 4, gets 15 0.5, gets 140 0.5, waits

a probe now and then shows whether other apps still need the rest [150 0.9]
    0: asks 69 20, waits 0 3  # others have used 80 in 10 s: they need all of the other 70
    3: only 1
    12: gets 66 8, only 4  # at the average pace, they need 29 of 66 in the last 8 s

after a slow response the next window is not mistaken for its window [150 0.9]
    0: sends 1
    26: gets 149 29 26  # its window ends at 29, or at 55
    31: sends 1
    32: gets 15 28 1  # it was at 29
    58: waits
    61: only 4

a slow response counts for the window in which it may have been sent [5 1]
    0: sends 1
    21.6: gets 4 20 21.6, sends 1  # its window ends at 20 to 41.6
    25.6: gets 4 26.4 4  # this one was sent in the next, which ends at 50
    25.6: only 4, gets 3 24.4, gets 2 24.4, gets 1 24.4, gets 0 24.4
    41.7: waits
    50.1: sends 1

a slow response of the last window is not taken for one of this [150 1]
    0: only 4, gets 30 5, gets 29 5
    5.1: sends 1
    10: gets 1 0.1 9.9, only 2

a response from an earlier window is ignored [5 1]
    0: sends 4
    40: gets 4 20, gets 0 0.5 30, only 2

an inexact clock does not start new windows [30 1]
    0: asks 29 20, asks 28 18, asks 27 22, asks 26 20
    0: knows 26 18, uses_up 25 20, waits  # nothing has to be left to others

a window that ends in an hour is soon corrected [150 1]
    0: asks 0 3600, waits 0 30.1
    31: asks 149 20, knows 149 20

a later response may correct the end of the window [150 1]
    0: asks 140 30
    1: asks 139 4, knows 139 4

a window may begin with the first request after a pause [5 1]
    0: asks 4 30
    33: uses_up 4 30  # as derived from the window before, this one ends at 60
    62.9: waits
    63.1: sends 1

responses without headers use up a window [5 1]
    0: asks 4 10
    10.1: sends 4, ends 4, sends 1, ends 1, waits 29.9 30.1  # no response has said its end
    40.2: asks 4 25, only 4  # they may all have been counted in this window

and so after a long pause [5 1]
    0: asks 4 10
    310.1: sends 4, ends 4, sends 1, ends 1, waits 29.9 30.1
    340.2: asks 4 25, only 4

requests that the next window may have counted count there [5 1]
    0: asks 4 1  # the window ends at 0.9 to 1.05
    1: sends 3, ends 3 0.05
    1.1: only 2

requests without headers are not attributed to other apps [20 1]
    0: asks 19 1
    1.1: sends 4, ends 4 0.01, sends 4, ends 4 0.01, uses_up 11 30

a 429 with a time pauses all requests for that time [150 1]
    0: is_refused 5 5
    4.9: waits
    5.1: only 4

429s without a time wait longer each time and halve the concurrency [150 1]
    0: is_refused 1, is_refused 2, is_refused 4
    10: only 1

429s of requests that were in flight together count once [150 1]
    0: only 4
    0.1: ends 4, is_refused 1 0 0.1, is_refused 1 0 0.1, is_refused 1 0 0.1
    1.2: only 2

after a second 429 one request at a time tests whether they continue [150 1]
    0: is_refused 1 1
    1.1: only 4, ends 4
    2: is_refused 1 1
    3.1: only 1, ends 1
    4: is_refused 1 1
    5.1: only 1, ends 1, succeeds 1, only 4

the concurrency grows again after successes [150 1]
    0: record_overload, record_overload, only 1, succeeds 1, only 1, succeeds 20, only 2
"""
"""By the quota and the share of it that may be used: the seconds, and what happens then."""


@pytest.mark.parametrize(
    "script", SCRIPTS.strip().split("\n\n"), ids=lambda s: s.partition(" [")[0]
)
def test_when_requests_are_sent_follows_from_what_responses_say(script: str) -> None:
    head, *lines = script.splitlines()
    quota, share = head.rstrip("]").partition(" [")[2].split()
    limiter = Limiter(int(quota), float(share))
    for line in lines:
        now, steps = line.partition("  #")[0].split(": ")
        limiter.now = float(now)
        for step in steps.split(", "):
            print(now, step)  # Shown after a failure.
            method, *values = step.split()
            getattr(limiter, method)(*map(float, values))


@pytest.mark.parametrize("value", ["", "-1", "nan", "9" * 400])
@pytest.mark.parametrize("name", ["Time-Reset-Ms", "Requests-Quota", "Requests-Left"])
def test_headers_that_are_not_numbers_are_ignored(name: str, value: str) -> None:
    limiter = Limiter(150)
    limiter.sends(1)
    limiter.release({**quota_headers(150, 0, 30), f"X-Rate-Limit-{name}": value}, took=0.1)
    limiter.only(4)


@pytest.mark.parametrize("value", ["", "-1", "nan", "1e12", "1e-320"])
def test_instead_of_an_invalid_length_a_window_has_30_seconds(value: str) -> None:
    limiter = Limiter(150)
    limiter.sends(1)
    named = {**quota_headers(150, 0, 3600), "X-Rate-Limit-Time-Window-Ms": value}
    limiter.release(named, took=0.1)
    limiter.waits(29.9, 30.1)


@pytest.mark.real_time
@pytest.mark.parametrize(("quota", "taps", "others"), [(150, 1, 0.0), (450, 2, 0.5)])
def test_taps_keep_within_the_quota_and_lose_nothing(quota: int, taps: int, others: float) -> None:
    """In windows of a second; another app uses a share of `others`, at a constant rate."""
    # So many that it takes five windows.
    customers = int(5 * quota * (SHARE - others) * 5 / taps)
    options = Options(orders=0, products=0, coupons=0, customers=customers, latency_ms=5.0)
    options = replace(options, quota=quota, window_seconds=1.0, other_app_rate=others * quota)
    with Sandbox(options) as store, ThreadPoolExecutor(taps) as pool:
        config = tap_runner.settings(store, page_size=5, quota_share=SHARE)
        catalog = tap_runner.select(tap_runner.discover(config), "customers")
        store.clear_requests()
        for run in [pool.submit(tap_runner.run, config, catalog) for _ in range(taps)]:
            assert run.result().status == 0, run.result().stderr
            ids = run.result().ids("customers")
            assert len(ids) == len(set(ids)) == customers
        statuses = [request["status"] for request in store.requests()]
    assert statuses.count(429) <= (0.01 * len(statuses) if others else 0)
