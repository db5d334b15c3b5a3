"""What Dagster adds to the sync of three hundred stores, and whether each of them is read.

300 stores of 200 orders each, in runs of 25, as a schedule starts them: each run is a process that
loads the code location, and reads four stores at a time. One store's token is refused, and the
first run is killed half-way and started again. The target acknowledges states and keeps nothing.
What the engine adds is the processor time of a run's process and all that it starts, less that of
tap and target. Dagster's daemon and pages come on top, once for all stores.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import stores
from bench.fleet import Fleet, RunTook
from bench.program import settings
from bench.progress import say
from bench.results import Check, Result, Table

ORDERS = 200
STORES_PER_RUN = 25
AT_ONCE = 4
REFUSED = 40
"""The number of the store whose token is refused."""

KILLED_AFTER = 5
"""Stores that the killed run has kept a state of."""


def measure(quick: bool) -> Result:
    """Read all stores, first everything, then what is new, which is nothing."""
    names = [f"store{number:03}" for number in range(50 if quick else 300)]
    with (
        tempfile.TemporaryDirectory(prefix="bench-fleet-") as folder,
        stores.store(orders=ORDERS, coupons=20, any_hash=True) as running,
    ):
        fleet = Fleet(Path(folder), names, STORES_PER_RUN, AT_ONCE)
        for number, name in enumerate(names):
            more = {"access_token": "refused"} if number == REFUSED else {}
            fleet.add(name, {**settings(running.store), "store_hash": name, **more})
        fleet.begin()
        fleet.kill_run(names[0], names[STORES_PER_RUN - 1], KILLED_AFTER)
        # What the killed run had done with is read once more, as the next schedule would.
        before = fleet.materialized()
        first = list(_runs(fleet))
        after_first = fleet.materialized()
        second = list(_runs(fleet))
        after_second = fleet.materialized()
    good = [name for number, name in enumerate(names) if number != REFUSED]
    pairs = [_pairs(before), _pairs(after_first), _pairs(after_second)]
    failed = sum(not run.succeeded for run in first)
    return Result(
        checks=[
            Check(
                "stores with a good token that were read",
                len(set(good) & set(after_first)) / len(good),
                "at least",
                1.0,
            ),
            Check("runs that failed: the one with the refused token", failed, "at most", 1),
            Check(
                "engine's processor time a store, first sync",
                _added(first, pairs[1] - pairs[0]),
                "at most",
                1.0,
                "s",
            ),
            Check(
                "engine's processor time a store, nothing new",
                _added(second, pairs[2] - pairs[1]),
                "at most",
                1.0,
                "s",
            ),
        ],
        tables=[
            Table(
                ["sync", "stores", "s", "engine s a store", "tap and target s a store", "peak MB"],
                [
                    _row("everything", first, pairs[1] - pairs[0]),
                    _row("nothing new", second, pairs[2] - pairs[1]),
                ],
            )
        ],
        notes=[
            "Peak MB is the largest process of a run, which is Dagster's. The store with the "
            "refused token fails in its run each time, after one request; the 24 others of that "
            "run are read."
        ],
    )


def _runs(fleet: Fleet) -> Iterator[RunTook]:
    for first in range(0, len(fleet.names), STORES_PER_RUN):
        portion = fleet.names[first : first + STORES_PER_RUN]
        took = fleet.run(portion[0], portion[-1])
        say(f"{portion[0]} to {portion[-1]}: {took.seconds:.0f} s")
        yield took


def _pairs(found: dict[str, list[dict[str, float]]]) -> float:
    """Processor seconds of tap and target, over all materializations."""
    return sum(one["processor_seconds"] for made in found.values() for one in made)


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
