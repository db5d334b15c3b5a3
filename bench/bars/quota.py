"""How much of a store's quota the tap uses, and how rarely it is refused.

Quotas of 150 (Standard) and 450 (Pro) requests in 30 s. The store's clock runs ten times as fast:
windows of 3 s, responses after 15 ms instead of 150. The quotas are not changed, because the
number of concurrent requests is not changed either. Pages have 10 customers, so that a sync takes
many windows. One tap, two at the same time, and one next to another app that takes half of the
quota, evenly over the window. `quota_share` is 0.9; the figures exclude the first and the last
window.
"""

from __future__ import annotations

import contextlib
import statistics
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass

from bench import stores
from bench.catalogs import selecting
from bench.chart import Limit, LineChart, Series
from bench.program import Running, settings
from bench.progress import show
from bench.results import Check, Result, Table
from bench.stores import Measured

QUOTAS = (150, 450)
TIMES_AS_FAST = 10
REAL_WINDOW = 30.0
WINDOW = REAL_WINDOW / TIMES_AS_FAST
SHARE = 0.9
PAGE = 10
DELAY_MS = 150 / TIMES_AS_FAST


@dataclass(frozen=True)
class _Case:
    """The programs that make requests. `other`: the share of the quota that another app takes."""

    name: str
    taps: int
    other: float = 0.0


CASES = (_Case("one tap", 1), _Case("two taps", 2), _Case("next to another app", 1, 0.5))


@dataclass(frozen=True)
class _Used:
    """Counts of the store: successful responses in each window except the last, and refusals."""

    case: _Case
    quota: int
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
        wanted = self.case.other * self.quota
        used = statistics.mean(self.windows[1:])
        return max(0.0, used + wanted - self.quota) / wanted if wanted else 0.0


def measure(quick: bool) -> Result:
    """Measure each case with each quota."""
    windows = 4 if quick else 8
    found = [_measure(case, quota, windows) for quota in QUOTAS for case in CASES]
    checks = []
    for used in found:
        name = f"{used.case.name}, quota {used.quota}"
        if used.case.taps == 1 and not used.case.other:
            share = round(used.typical, 3)
            checks.append(Check(f"{name}: used of the share", share, "at least", 0.9))
            checks.append(Check(f"{name}: responses 429", used.refused, "at most", 0))
        else:
            refused = round(100 * used.refused / used.requests, 2)
            checks.append(Check(f"{name}: responses 429 (%)", refused, "at most", 1))
    return Result(
        checks,
        tables=[
            Table(
                [
                    "case",
                    "quota",
                    "requests",
                    "used of the share",
                    "429",
                    "other app: share refused",
                ],
                [
                    [
                        used.case.name,
                        f"{used.quota} in {REAL_WINDOW:.0f} s",
                        str(used.requests),
                        f"{used.typical:.0%}",
                        str(used.refused),
                        f"{used.other_goes_without:.0%}" if used.case.other else "",
                    ]
                    for used in found
                ],
            )
        ],
        charts=[_chart(found, quota) for quota in QUOTAS],
    )


def _measure(case: _Case, quota: int, windows: int) -> _Used:
    customers = int(windows * quota * SHARE * (1 - case.other / SHARE) * PAGE / case.taps)
    rate = case.other * quota / WINDOW
    with stores.store(customers=customers, ids="dense", latency_ms=DELAY_MS) as running:
        running.store.set(quota=quota, window_seconds=WINDOW, other_app_rate=rate)
        config = settings(running.store, page_size=PAGE, quota_share=SHARE)
        catalog = selecting("customers")
        with contextlib.ExitStack() as stack:
            taps = [
                stack.enter_context(Running(config, catalog=catalog, timeout=300))
                for _ in range(case.taps)
            ]
            for tap in taps:
                tap.wait()
        requests = running.store.requests()
        edge = _window_ends(running)
    good = Counter(
        int((request["at"] - edge) // WINDOW) for request in requests if request["status"] != 429
    )
    first, last = min(good), max(good)
    show(f"{case.name}, {quota}: {len(requests)} requests")
    return _Used(
        case,
        quota,
        [good[number] for number in range(first, last)],
        len(requests),
        sum(request["status"] == 429 for request in requests),
    )


def _window_ends(running: Measured) -> float:
    """A time at which a window of the store ends, as UNIX time."""
    store = running.store
    asked = urllib.request.Request(
        f"{store.api_url}/stores/{store.store_hash}/v2/time",
        headers={"X-Auth-Token": store.access_token},
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as refused:
        headers = refused.headers
    return time.time() + int(headers["X-Rate-Limit-Time-Reset-Ms"]) / 1000


def _chart(found: list[_Used], quota: int) -> LineChart:
    return LineChart(
        name=f"quota-{quota}",
        title=f"Use of a quota of {quota} requests in {REAL_WINDOW:.0f} s (90% may be used)",
        x_axis="window",
        y_axis="used of the share (%)",
        series=[
            Series(
                used.case.name,
                [(at + 1, round(100 * share, 1)) for at, share in enumerate(used.of_share)],
            )
            for used in found
            if used.quota == quota
        ],
        limits=[Limit("bar from the second window on: 90%", 90)],
    )
