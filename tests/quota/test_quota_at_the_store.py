"""Complete taps keep the quota of a store with windows of one second instead of 30.

How much of a quota is used depends on the load of this machine: `bench` and the simulation in this
folder measure that. The number of 429s and the completeness of the data do not depend on it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import tap_runner

from tap_bigcommerce_sandbox import Options, Sandbox

WINDOWS, PAGE, SHARE = 5, 5, 0.9


@pytest.mark.real_time
@pytest.mark.parametrize(("quota", "taps", "others"), [(150, 1, 0.0), (450, 2, 0.5)])
def test_taps_keep_within_the_quota_and_lose_nothing(quota: int, taps: int, others: float) -> None:
    """`others` is the share of the quota that another app uses, at a constant rate."""
    # So many that it takes these windows.
    customers = int(WINDOWS * quota * (SHARE - others) * PAGE / taps)
    rows: dict[str, Any] = {"orders": 0, "products": 0, "coupons": 0, "customers": customers}
    limits: dict[str, Any] = {
        "quota": quota,
        "window_seconds": 1.0,
        "other_app_rate": others * quota,
    }
    options = Options(**rows, **limits, latency_ms=5.0)
    with Sandbox(options) as store, ThreadPoolExecutor(taps) as pool:
        config = tap_runner.settings(store, page_size=PAGE, quota_share=SHARE)
        catalog = tap_runner.select(tap_runner.discover(config), "customers")
        store.clear_requests()
        for run in [pool.submit(tap_runner.run, config, catalog) for _ in range(taps)]:
            assert run.result().status == 0, run.result().stderr
            ids = run.result().ids("customers")
            assert len(ids) == len(set(ids)) == customers
        statuses = [request["status"] for request in store.requests()]
    assert statuses.count(429) <= (0.01 * len(statuses) if others else 0)
