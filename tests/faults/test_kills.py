"""Runs that are killed at any moment, and the runs that go on from where they were."""

from __future__ import annotations

import random
import signal
from typing import Any

import pytest
import tap_runner
from all_streams import FOUR
from fault_runs import critical, differences, small, started
from tap_runner import Json, Result
from tiers import some_of

from tap_bigcommerce_sandbox import Sandbox, Store

CHANCE = random.Random(2026)
# Seed, the share of its lines after which a run is killed, faults, latency, and how often.
KILLS = [
    *((seed, CHANCE.random(), 0.0, 0.0, 1) for seed in range(4)),
    *((seed, CHANCE.random(), 0.0, 8.0, 1) for seed in range(4, 8)),
    *((seed, CHANCE.random(), 0.05, 3.0, 1) for seed in range(8, 10)),
    *((seed, CHANCE.random() * 0.5, 0.0, 8.0, 3) for seed in range(10, 12)),
    (12, 0.0, 0.0, 0.0, 1),
    (13, 1.0, 0.0, 0.0, 1),
]
LINES = 146
"""About how many messages a whole run writes: the rows, the schemas and a STATE a page."""


def change_something(store: Store, chance: random.Random) -> None:
    """Records change while the tap reads: at some of the coming requests of each list."""
    for stream in FOUR:
        ids = [row["id"] for row in store.records(stream)]
        for request in range(1, 12):
            if chance.random() < 0.4:
                do: Json = {"op": "change", "list": stream, "ids": chance.sample(ids, 2)}
                store.on(stream, request, do, moment=chance.choice(("before", "after_read")))


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
        fault_kinds=("500", "503", "429", "reset", "cut", "html"),
        window_seconds=0.3,
        latency_ms=latency,
    )
    with Sandbox(options) as store:
        settings = tap_runner.settings(store, page_size=7, lookback_seconds=0, request_timeout=10)
        results: list[Result] = []
        state: Any = None
        for _ in range(times):
            change_something(store, chance)
            with started(settings, state) as tap:
                tap.wait_for(lines=round(share * LINES))
                results.append(tap.end(signal.SIGKILL))
            store.clear_triggers()
            state = [state, *results[-1].states][-1]
        store.set(fault_rate=0.0, latency_ms=0.0)
        change_something(store, chance)
        for _ in range(2):
            results.append(tap_runner.run(settings, state=state))
            assert results[-1].status == 0, critical(results[-1])
            store.clear_triggers()
            state = results[-1].state
        assert differences(store, *results) == []
    assert "resume" not in str(state)
