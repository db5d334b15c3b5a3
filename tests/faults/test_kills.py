"""Runs that are killed at any moment, and the runs that go on from where they were."""

from __future__ import annotations

import random
import signal
from typing import Any

import pytest
import tap_runner
from all_streams import FOUR
from fault_runs import critical, differences, disturb, listed, small, started
from tap_runner import Json, Result
from tiers import some_of

from tap_bigcommerce_sandbox import Sandbox
from tap_bigcommerce_sandbox.faults import BROKEN_BODIES, BROKEN_CONNECTIONS

CHANCE = random.Random(2026)
# Seed, the share of its lines after which a run is killed, faults, latency, and how often.
KILLS = [
    *((seed, CHANCE.random(), 0.0, 0.0, 1) for seed in range(4)),
    *((seed, CHANCE.random(), 0.0, 8.0, 1) for seed in range(4, 8)),
    *((seed, CHANCE.random(), 0.05, 3.0, 1) for seed in range(8, 10)),
    *((seed, CHANCE.random() * 0.5, 0.0, 8.0, 3) for seed in range(10, 12)),
    (12, 0.0, 0.0, 0.0, 1),
    (13, 1.0, 0.0, 0.0, 1),
    (14, 1.0, 0.1, 2.0, 1),
    (15, 0.5, 0.1, 0.0, 2),
]
LINES = 146
"""About how many messages a whole run writes: the rows, the schemas and a STATE a page."""


# Odd characters may come twice, and are the store's own then.
EVERY_KIND = (
    *("304", "408", "499", "500", "502", "503", "504", "509", "520", "429", "429-bare"),
    *sorted((BROKEN_CONNECTIONS | BROKEN_BODIES) - {"invalid-byte", "lone-surrogate"}),
)


@pytest.mark.parametrize("kill", some_of(KILLS, 4, pytest.mark.kills), ids=str)
def test_after_a_kill_a_resumed_sync_and_a_quiet_one_make_all_as_the_store_holds_it(
    kill: tuple[int, float, float, float, int],
) -> None:
    seed, share, faults, latency, times = kill
    chance = random.Random(seed)
    options = small(
        seed=seed,
        orders=40,
        customers=40,
        products=30,
        coupons=20,
        variants_per_product=1,
        fault_rate=faults,
        fault_kinds=EVERY_KIND,
        window_seconds=0.3,
        latency_ms=latency,
        gzip=seed % 2 == 0,
    )
    with Sandbox(options) as store:
        more: Json = {"lookback_seconds": 0, "request_timeout": 1, "max_retry_seconds": 0}
        settings = tap_runner.settings(store, page_size=7, **more)
        results: list[Result] = []
        state: Any = None
        for _ in range(times):
            disturb(store, chance, {stream: listed(store, stream) for stream in FOUR})
            with started(settings, state) as tap:
                tap.wait_for(lines=round(share * LINES))
                results.append(tap.end(signal.SIGKILL))
            store.clear_triggers()
            state = [state, *results[-1].states][-1]
        store.set(fault_rate=0.0, latency_ms=0.0)
        disturb(store, chance, {stream: listed(store, stream) for stream in FOUR})
        for _ in range(2):
            results.append(tap_runner.run(settings, state=state))
            assert results[-1].status == 0, critical(results[-1])
            store.clear_triggers()
            state = results[-1].state
        assert differences(store, *results) == []
    assert "resume" not in str(state)
