"""Quota: how much of a store's quota the tap uses, and how rarely it is refused.

Quotas of 150 (Standard) and 450 (Pro) requests in 30 s. The store's clock runs ten times as fast:
windows of 3 s, responses after 15 ms instead of 150. The quotas are not changed, because the
number of concurrent requests is not changed either. Pages have 10 customers, so that a sync takes
many windows. One tap, two at the same time, and one next to another app that takes half of the
quota, evenly over the window. `quota_share` is 0.9; the figures exclude the first and the last
window.
"""

import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from bench.catalogs import selecting
from bench.chart import Limit, LineChart, Series
from bench.program import run, settings, show
from bench.results import Result, Table, at_least, at_most
from bench.stores import store
from tap_bigcommerce_sandbox import Store

QUOTAS = (150, 450)
TIMES_AS_FAST = 10
REAL_WINDOW = 30.0
WINDOW = REAL_WINDOW / TIMES_AS_FAST
SHARE = 0.9
PAGE = 10
DELAY_MS = 150 / TIMES_AS_FAST

SITUATIONS = (("one tap", 1, 0.0), ("two taps", 2, 0.0), ("next to another app", 1, 0.5))
"""The number of taps, and the share of the quota that another app takes."""


@dataclass(frozen=True)
class _Used:
    """Counts of the store: successful responses in each window except the last, and refusals."""

    name: str
    quota: int
    other: float
    windows: list[int]
    requests: int
    refused: int

    @property
    def of_share(self) -> list[float]:
        """How much of their share of the quota the taps used in each window."""
        return [used / (SHARE * self.quota) for used in self.windows]

    @property
    def typical(self) -> float:
        return statistics.mean(self.of_share[1:])

    @property
    def other_goes_without(self) -> float:
        """The share of the other app's requests that no longer fit into the quota."""
        wanted = self.other * self.quota
        used = statistics.mean(self.windows[1:])
        return max(0.0, used + wanted - self.quota) / wanted if wanted else 0.0


def measure(quick: bool) -> Result:
    """Measure each situation with each quota."""
    windows = 4 if quick else 8
    found = [
        _measure(name, quota, windows, taps, other)
        for quota in QUOTAS
        for name, taps, other in SITUATIONS
    ]
    checks = []
    for used in found:
        name = f"{used.name}, quota {used.quota}"
        if used.name == SITUATIONS[0][0]:
            checks.append(at_least(f"{name}: used of the share", used.typical, 0.9))
            checks.append(at_most(f"{name}: responses 429", used.refused, 0))
        else:
            share = 100 * used.refused / used.requests
            checks.append(at_most(f"{name}: responses 429 (%)", share, 1))
    columns = ["case", "quota", "requests", "used of the share", "429", "other app: share refused"]
    rows = []
    for used in found:
        quota = f"{used.quota} in {REAL_WINDOW:.0f} s"
        without = f"{used.other_goes_without:.0%}" if used.other else ""
        counts = [str(used.requests), f"{used.typical:.0%}", str(used.refused)]
        rows.append([used.name, quota, *counts, without])
    return Result(checks, [Table(columns, rows)], [_chart(found, quota) for quota in QUOTAS])


def _measure(name: str, quota: int, windows: int, taps: int, other: float) -> _Used:
    customers = int(windows * quota * SHARE * (1 - other / SHARE) * PAGE / taps)
    with (
        store(customers=customers, ids="dense", latency_ms=DELAY_MS) as running,
        ThreadPoolExecutor(taps) as pool,
    ):
        running.set(quota=quota, window_seconds=WINDOW, other_app_rate=other * quota / WINDOW)
        config = settings(running, page_size=PAGE, quota_share=SHARE)
        catalog = selecting("customers")
        ran = [pool.submit(run, config, catalog=catalog, timeout=300) for _ in range(taps)]
        for tap in ran:
            tap.result()
        made = running.requests()
        edge = _window_ends(running)
    good = Counter(
        int((request["at"] - edge) // WINDOW) for request in made if request["status"] != 429
    )
    refused = sum(request["status"] == 429 for request in made)
    show(f"{name}, {quota}: {len(made)} requests")
    used = [good[number] for number in range(min(good), max(good))]
    return _Used(name, quota, other, used, len(made), refused)


def _window_ends(store: Store) -> float:
    """A time at which a window of the store ends, as UNIX time."""
    path = f"{store.api_url}/stores/{store.store_hash}/v2/time"
    answer = requests.get(path, headers={"X-Auth-Token": store.access_token}, timeout=30)
    return time.time() + int(answer.headers["X-Rate-Limit-Time-Reset-Ms"]) / 1000


def _chart(found: list[_Used], quota: int) -> LineChart:
    series = []
    for used in (used for used in found if used.quota == quota):
        shares = enumerate(used.of_share, start=1)
        series.append(Series(used.name, [(at, round(100 * share, 1)) for at, share in shares]))
    return LineChart(
        name=f"quota-{quota}",
        title=f"Use of a quota of {quota} requests in {REAL_WINDOW:.0f} s (90% may be used)",
        x_axis="window",
        y_axis="used of the share (%)",
        series=series,
        limits=[Limit("bar from the second window on: 90%", 90)],
    )
