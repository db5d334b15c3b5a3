"""The overhead of Dagster for 300 stores, and whether each store is read.

300 stores of 200 orders each, in runs of 25, as a schedule starts them: each run is a process that
loads the code location, and reads four stores at a time. One store's token is refused, and the
first run is killed in the middle and started again. The target acknowledges states and stores
nothing. The overhead is the processor time of a run's process and all of its children, minus that
of the taps and targets. Dagster's daemon and pages are not included; they run once for all stores.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import stores
from bench.fleet import Fleet, History, RunTook, duckdb_target
from bench.program import settings
from bench.progress import show
from bench.results import Check, Result, Table

ORDERS = 200
STORES_PER_RUN = 25
AT_ONCE = 4
REFUSED = 40
"""The index of the store whose token is refused."""

KILLED_AFTER = 5
"""Stores whose state is saved when the run is killed."""


def measure(quick: bool) -> Result:
    """Read all stores twice: first everything, then only changes, of which there are none."""
    names = [f"store{number:03}" for number in range(50 if quick else 300)]
    # First, because it raises an error if it is not installed.
    into_duckdb = duckdb_target()
    with (
        tempfile.TemporaryDirectory(prefix="bench-fleet-") as folder,
        stores.store(orders=ORDERS, coupons=20, any_hash=True) as running,
    ):
        given = settings(running.store)
        fleet = Fleet(_made(folder, "all"), names, STORES_PER_RUN, AT_ONCE)
        for number, name in enumerate(names):
            more = {"access_token": "refused"} if number == REFUSED else {}
            fleet.add(name, {**given, "store_hash": name, **more})
        fleet.begin()
        fleet.kill_run(names[0], names[STORES_PER_RUN - 1], KILLED_AFTER)
        left = fleet.left_over()
        # Stores that the killed run has finished are read again, as by the next schedule.
        before = fleet.history()
        first = list(_runs(fleet))
        after_first = fleet.history()
        second = list(_runs(fleet))
        after_second = fleet.history()
        loaded = Fleet(
            _made(folder, "duckdb"),
            names[:STORES_PER_RUN],
            STORES_PER_RUN,
            AT_ONCE,
            into_duckdb,
        )
        for name in loaded.names:
            loaded.add(name, {**given, "store_hash": name})
        loaded.begin()
        list(_runs(loaded))
        before_loaded = loaded.history()
        third = list(_runs(loaded))
        after_loaded = loaded.history()
    good = [name for number, name in enumerate(names) if number != REFUSED]
    unharmed = [name for name in good if name not in names[:STORES_PER_RUN]]
    failed = sum(not run.succeeded for run in first)
    pairs = [
        after_first.pairs - before.pairs,
        after_second.pairs - after_first.pairs,
        after_loaded.pairs - before_loaded.pairs,
    ]
    return Result(
        checks=[
            Check(
                "stores with a good token that were read",
                len(set(good) & set(after_first.syncs)) / len(good),
                "at least",
                1.0,
            ),
            Check(
                "of those outside the killed run: with every order in their first sync",
                sum(_first(after_first, name) == ORDERS for name in unharmed) / len(unharmed),
                "at least",
                1.0,
            ),
            Check("runs that failed: the one with the refused token", failed, "at most", 1),
            Check(
                "syncs of the store with the refused token that count",
                len(after_second.syncs.get(names[REFUSED], ())),
                "at most",
                0,
            ),
            Check("taps and targets left over from the killed run", left, "at most", 0),
            Check(
                "overhead in processor time per store, first sync",
                _added(first, pairs[0]),
                "at most",
                1.0,
                "s",
            ),
            Check(
                "overhead in processor time per store, no changes",
                _added(second, pairs[1]),
                "at most",
                1.0,
                "s",
            ),
        ],
        tables=[
            Table(
                [
                    "sync",
                    "stores",
                    "s",
                    "overhead, s per store",
                    "tap and target, s per store",
                    "peak MB",
                ],
                [
                    _row("everything", first, pairs[0]),
                    _row("no changes", second, pairs[1]),
                    _row("no changes, into DuckDB", third, pairs[2]),
                ],
            ),
            Table(
                ["a store's sync without changes, into DuckDB", "figure"],
                _of_one(third, pairs[2], after_loaded),
            ),
        ],
        notes=[
            "Peak MB is the largest process of a run, which is Dagster's. The store with the "
            "refused token fails in its run each time, after one request; the 24 others of that "
            "run are read."
        ],
    )


def _made(folder: str, name: str) -> Path:
    made = Path(folder) / name
    made.mkdir()
    return made


def _first(history: History, store: str) -> float:
    """The number of orders in the store's first sync."""
    return history.syncs[store][0]["orders"]["rows"]


def _runs(fleet: Fleet) -> Iterator[RunTook]:
    for first in range(0, len(fleet.names), STORES_PER_RUN):
        batch = fleet.names[first : first + STORES_PER_RUN]
        took = fleet.run(batch[0], batch[-1])
        show(f"{batch[0]} to {batch[-1]}: {took.seconds:.0f} s")
        yield took


def _added(runs: list[RunTook], pairs: float) -> float:
    used = sum(run.processor_seconds for run in runs)
    return (used - pairs) / sum(run.stores for run in runs)


def _row(name: str, runs: list[RunTook], pairs: float) -> list[str]:
    number = sum(run.stores for run in runs)
    return [
        name,
        f"{number}",
        f"{sum(run.seconds for run in runs):.0f}",
        f"{_added(runs, pairs):.2f}",
        f"{pairs / number:.2f}",
        f"{max(run.peak_mb for run in runs):.0f}",
    ]


def _of_one(runs: list[RunTook], pairs: float, history: History) -> list[list[str]]:
    """The figures of one store's sync, from which docs/fleet.md computes the capacity."""
    syncs = [made[-1] for made in history.syncs.values()]
    orders = [sync["orders"] for sync in syncs]
    stored = history.runs[-len(runs) :]
    number = len(syncs)
    return [
        ["processor, Dagster (s)", f"{_added(runs, pairs):.2f}"],
        ["processor, tap and target (s)", f"{pairs / number:.2f}"],
        ["requests", f"{sum(one['requests'] for s in syncs for one in s.values()) / number:.0f}"],
        ["memory, tap (MB)", f"{max(one['tap_mb'] for one in orders):.0f}"],
        ["memory, target (MB)", f"{max(one['target_mb'] for one in orders):.0f}"],
        ["memory, Dagster, of a run (MB)", f"{max(run.peak_mb for run in runs):.0f}"],
        ["rows in Dagster's event log", f"{sum(one['events'] for one in stored) / number:.0f}"],
        ["their text (KB)", f"{sum(one['bytes'] for one in stored) / number / 1000:.0f}"],
    ]
