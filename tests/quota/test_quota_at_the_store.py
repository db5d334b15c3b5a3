"""The store's quota, kept by whole taps at a store whose clock runs thirty times as fast.

Windows of a second instead of 30; the quotas stay as they are, for so does what a tap has under way
at once. How much of a quota is used depends on this machine's other work: that is measured in
`bench`, and in simulated time beside this file. What is refused, and that all arrives, is not.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import tap_runner
from tap_runner import Json, Result

from tap_bigcommerce_sandbox import Options, Sandbox

WINDOW = 1.0
WINDOWS = 5
PAGE = 5
SHARE = 0.9


@dataclass(frozen=True)
class Kept:
    """What the taps wrote, and the requests that the store saw."""

    results: list[Result]
    requests: list[Json]
    customers: int

    @property
    def refused(self) -> int:
        return sum(request["status"] == 429 for request in self.requests)


def read(quota: int, *, taps: int, others: float) -> Kept:
    """Let taps read customers at once, so many that it takes them some windows.

    `others`: the part of the quota that another app takes, evenly.
    """
    customers = int(WINDOWS * quota * (SHARE - others) * PAGE / taps)
    options = Options(
        orders=0,
        products=0,
        coupons=0,
        customers=customers,
        quota=quota,
        window_seconds=WINDOW,
        other_app_rate=others * quota / WINDOW,
        latency_ms=5.0,
    )
    with Sandbox(options) as store, ThreadPoolExecutor(taps) as pool:
        config = tap_runner.settings(store, page_size=PAGE, quota_share=SHARE)
        catalog = tap_runner.select(tap_runner.discover(config), "customers")
        store.clear_requests()
        runs = [pool.submit(tap_runner.run, config, catalog) for _ in range(taps)]
        return Kept([run.result() for run in runs], store.requests(), customers)


@pytest.mark.real_time
@pytest.mark.parametrize("quota", [150, 450])
@pytest.mark.parametrize("taps", [1, 2])
@pytest.mark.parametrize(
    "others",
    [pytest.param(0.0, id="alone"), pytest.param(0.5, id="beside another app")],
)
def test_taps_keep_within_the_quota_and_lose_nothing(quota: int, taps: int, others: float) -> None:
    kept = read(quota, taps=taps, others=others)
    for result in kept.results:
        assert result.status == 0, result.stderr
        ids = result.ids("customers")
        assert len(ids) == len(set(ids)) == kept.customers
    assert kept.refused <= 0.01 * len(kept.requests)
    if taps == 1 and not others:
        assert kept.refused == 0
