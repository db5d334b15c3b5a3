"""Complete taps keep the quota of a store with windows of one second instead of 30.

The quotas are the real ones, because the concurrency of a tap is, too. How much of a quota is used
depends on the load of this machine: `bench` and the simulation in this folder measure that. The
number of 429s and the completeness of the data do not depend on it.
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
class Outcome:
    """The results of the taps, and the requests that the store received."""

    results: list[Result]
    requests: list[Json]
    customers: int

    @property
    def refused(self) -> int:
        return sum(request["status"] == 429 for request in self.requests)


def read(quota: int, *, taps: int, others: float) -> Outcome:
    """Run several taps at the same time, with so many customers that it takes WINDOWS windows.

    `others` is the share of the quota that another app uses, at a constant rate.
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
        return Outcome([run.result() for run in runs], store.requests(), customers)


@pytest.mark.real_time
@pytest.mark.parametrize("quota", [150, 450])
@pytest.mark.parametrize("taps", [1, 2])
@pytest.mark.parametrize(
    "others",
    [pytest.param(0.0, id="alone"), pytest.param(0.5, id="beside another app")],
)
def test_taps_keep_within_the_quota_and_lose_nothing(quota: int, taps: int, others: float) -> None:
    outcome = read(quota, taps=taps, others=others)
    for result in outcome.results:
        assert result.status == 0, result.stderr
        ids = result.ids("customers")
        assert len(ids) == len(set(ids)) == outcome.customers
    assert outcome.refused <= 0.01 * len(outcome.requests)
    if taps == 1 and not others:
        assert outcome.refused == 0
