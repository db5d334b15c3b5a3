"""Lists that change while they are read, and runs that are killed: nothing is lost."""

import random
import signal
from typing import Any

import pytest
import tap_runner
from all_streams import FOUR
from fault_runs import (
    INCREMENTAL,
    critical,
    differences,
    disturb,
    listed,
    row_differences,
    small,
    started,
)
from tap_runner import Json, Result, some_of

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.faults import BROKEN_BODIES, BROKEN_CONNECTIONS

ROWS = 40
WALKS: list[tuple[Json, Json]] = [
    ({}, {"page_size": 1}),
    ({"page_cap": 1}, {}),
    ({"inclusive_bounds": False, "page_cap": 1}, {}),
    ({"inclusive_bounds": False, "page_cap": 2}, {"max_concurrency": 1}),
    ({"page_cap": 5}, {}),
    ({"limit_max": 4, "v3_over_limit": "413"}, {}),
    ({"inclusive_bounds": False, "limit_max": 3, "v3_over_limit": "422"}, {"page_size": 250}),
    ({"inclusive_bounds": False}, {"max_concurrency": 1, "page_size": 3}),
    ({"ids": "dense"}, {"page_size": 4}),
    ({"ids": "sparse"}, {"page_size": 4}),
    ({"ids": "clusters", "inclusive_bounds": False}, {"page_size": 5}),
    ({"ids": "huge_gaps"}, {"page_size": 5}),
]
"""How the store gives its lists, and how the tap asks."""


def options(seed: int, **more: Any) -> Options:
    sizes = dict.fromkeys(FOUR, ROWS)
    few = {"couponed_share": 0.02, "variants_per_product": 1, "images_per_product": 1}
    return small(seed=seed, **{"ids": "holes", "id_gaps": 0.3, **sizes, **few, **more})


@pytest.mark.parametrize("seed", some_of(range(len(WALKS)), 2, pytest.mark.histories))
def test_while_records_come_go_and_change_none_that_stayed_is_missed(seed: int) -> None:
    """A sync during which the store changed, one of only the changes, and a quiet one."""
    chance = random.Random(seed)
    state, results = None, list[Result]()
    of_store, of_tap = WALKS[seed]
    with Sandbox(options(seed, **of_store)) as store:
        more: Json = {"page_size": 6, "lookback_seconds": 0, "request_timeout": 10, **of_tap}
        settings = tap_runner.settings(store, **more)
        for turn in range(3):
            before = {stream: listed(store, stream) for stream in FOUR}
            # All but a third of each list shall not be deleted.
            kept = {s: [id_ for id_ in before[s] if chance.random() < 0.67] for s in FOUR}
            modified: dict[str, list[int]] = {}
            if turn < 2:
                disturb(store, chance, kept)
            if turn == 1:
                modified = {stream: chance.sample(kept[stream], 9) for stream in INCREMENTAL}
                for stream, ids in modified.items():
                    store.change(stream, ids=ids)
            result = tap_runner.run(settings, state=state)
            store.clear_triggers()
            assert result.status == 0, critical(result)
            assert_in_order(result)
            results.append(result)
            state = result.state
            for stream in FOUR if turn == 0 else ():
                stayed = {*before[stream]} & {*listed(store, stream)}
                assert len(stayed) > ROWS / 3
                assert stayed <= set(result.ids(stream))
            for stream, ids in modified.items():
                assert {*ids} <= set(result.ids(stream))
        found = differences(store, *results)
        # What was deleted has been written before.
        assert [line for line in found if ": the store has no " not in line] == []


def assert_in_order(result: Result) -> None:
    """Each id once and in order, but for what a filter by id seems to hide: it is read later."""
    again = [line for line in result.logged("WARNING") if "read again by page number" in line]
    for stream in FOUR:
        ids = result.ids(stream)
        assert len(ids) == len(set(ids)), f"{stream}: twice"
        read_again = any(line.startswith(f"WARNING {stream}: ") for line in again)
        assert ids == sorted(ids) or read_again, f"{stream}: out of order"


@pytest.mark.parametrize("skew", some_of([0, 3600, -3600], 1, pytest.mark.histories))
@pytest.mark.parametrize("inclusive", some_of([True, False], 1, pytest.mark.histories))
def test_a_change_made_while_the_first_answer_is_on_its_way_comes_with_the_next_sync(
    skew: int, inclusive: bool
) -> None:
    # Long enough for the change and the answer's Date to fall into different seconds.
    slow = small(clock_skew_seconds=float(skew), inclusive_bounds=inclusive, latency_ms=250.0)
    with Sandbox(slow) as store:
        settings = tap_runner.settings(store, lookback_seconds=0)
        changed = {stream: listed(store, stream)[3:6] for stream in INCREMENTAL}
        for stream, ids in changed.items():
            # What is written last in the first sync is as new as can be.
            store.on(stream, 1, {"op": "change", "list": stream, "ids": [ids[0]]})
            behind = {"op": "change", "list": stream, "ids": ids[1:]}
            store.on(stream, 1, behind, moment="after_read")
        first = tap_runner.succeed(settings)
        store.set(latency_ms=0.0)
        second = tap_runner.succeed(settings, state=first.state)
        quiet = tap_runner.succeed(settings, state=second.state)
        assert differences(store, first, second) == []
        for stream, ids in changed.items():
            now = {row["id"]: row for row in store.records(stream, full=True)}
            for id_ in ids[1:]:
                assert row_differences(stream, now[id_], first.record(stream, id_), first)
                assert id_ in second.ids(stream), f"{stream} {id_} never came again"
            # And yet this was not bought by reading everything again.
            assert len(second.ids(stream)) <= 4
            assert len(quiet.ids(stream)) <= 4


# Kills

CHANCE = random.Random(2026)
# Seed, the share of its lines after which a run is killed, faults, latency, and how often.
KILLS = [
    *((seed, CHANCE.random(), 0.0, seed % 2 * 8.0, 1) for seed in range(8)),
    *((seed, CHANCE.random(), 0.05, 3.0, 1) for seed in range(8, 10)),
    *((seed, CHANCE.random() * 0.5, 0.0, 8.0, 3) for seed in range(10, 12)),
    (12, 0.0, 0.0, 0.0, 1),
    (13, 1.0, 0.0, 0.0, 1),
    (14, 1.0, 0.1, 2.0, 1),
    (15, 0.5, 0.1, 0.0, 2),
]
LINES = 190
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
    more: Json = {"fault_rate": faults, "fault_kinds": EVERY_KIND, "gzip": seed % 2 == 0}
    of_store = options(seed, latency_ms=latency, window_seconds=0.3, **more)
    with Sandbox(of_store) as store:
        more = {"lookback_seconds": 0, "request_timeout": 1, "max_retry_seconds": 0}
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
