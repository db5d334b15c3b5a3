"""A fleet on Dagster: its overhead for 300 stores, and whether each store is read.

300 stores of 200 orders each, in runs of 25, as a schedule starts them: each run is a process that
loads the code location, and reads four stores at a time. One store's token is refused, and the
first run is killed in the middle and started again. The target acknowledges states and stores
nothing. The overhead is the processor time of a run's process and all of its children, minus that
of the taps and targets. Dagster's daemon and pages are not included; they run once for all stores.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, History, RunTook, duckdb_target
from bench.program import settings, show
from bench.results import Result, Table, at_least, at_most
from bench.stores import store

ORDERS = 200
STORES_PER_RUN = 25
AT_ONCE = 4
REFUSED = 40
"""The index of the store whose token is refused."""

KILLED_AFTER = 5
"""Stores whose state is saved when the run is killed."""


@dataclass(frozen=True)
class _Pass:
    """Runs that read all stores of a fleet once; `pairs`: processor seconds of taps and targets."""

    runs: list[RunTook]
    pairs: float
    history: History

    @property
    def stores(self) -> int:
        return sum(run.stores for run in self.runs)

    @property
    def overhead(self) -> float:
        """Processor seconds for a store, without its tap and target."""
        return (sum(run.processor_seconds for run in self.runs) - self.pairs) / self.stores

    @property
    def peak_mb(self) -> float:
        return max(run.peak_mb for run in self.runs)


def measure(quick: bool) -> Result:
    """Read all stores twice: first everything, then only changes, of which there are none."""
    names = [f"store{number:03}" for number in range(50 if quick else 300)]
    # First, because it raises an error if it is not installed.
    into_duckdb = duckdb_target()
    with (
        tempfile.TemporaryDirectory(prefix="bench-fleet-") as folder,
        store(orders=ORDERS, coupons=20, any_hash=True) as running,
    ):
        given = settings(running)
        configs = {name: {**given, "store_hash": name} for name in names}
        configs[names[REFUSED]]["access_token"] = "refused"
        fleet = Fleet(Path(folder) / "all", configs, STORES_PER_RUN, AT_ONCE)
        fleet.kill_run(names[0], names[STORES_PER_RUN - 1], KILLED_AFTER)
        left = fleet.left_over()
        # Stores that the killed run has finished are read again, as by the next schedule.
        first, second = _pass(fleet), _pass(fleet)
        one_run = {name: configs[name] for name in names[:STORES_PER_RUN]}
        loaded = Fleet(Path(folder) / "duckdb", one_run, STORES_PER_RUN, AT_ONCE, into_duckdb)
        _pass(loaded)
        third = _pass(loaded)
    good = [name for number, name in enumerate(names) if number != REFUSED]
    unharmed = [name for name in good if name not in one_run]
    read = first.history.syncs
    whole = [name for name in unharmed if read[name][0]["orders"]["rows"] == ORDERS]
    reached, complete = len(set(good) & set(read)) / len(good), len(whole) / len(unharmed)
    failed = sum(not run.succeeded for run in first.runs)
    counted = len(second.history.syncs.get(names[REFUSED], ()))
    overhead = "overhead in processor time per store"
    return Result(
        checks=[
            at_least("stores with a good token that were read", reached, 1),
            at_least(
                "of those outside the killed run: with every order in their first sync", complete, 1
            ),
            at_most("runs that failed: the one with the refused token", failed, 1),
            at_most("syncs of the store with the refused token that count", counted, 0),
            at_most("taps and targets left over from the killed run", left, 0),
            at_most(f"{overhead}, first sync", first.overhead, 1, "s"),
            at_most(f"{overhead}, no changes", second.overhead, 1, "s"),
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
                    _row("everything", first),
                    _row("no changes", second),
                    _row("no changes, into DuckDB", third),
                ],
            ),
            Table(["a store's sync without changes, into DuckDB", "figure"], _of_one(third)),
        ],
        notes=[
            "Peak MB is the largest process of a run, which is Dagster's. The store with the "
            "refused token fails in its run each time, after one request; the 24 others of that "
            "run are read."
        ],
    )


def _pass(fleet: Fleet) -> _Pass:
    before = fleet.history().pairs
    runs = []
    for first in range(0, len(fleet.names), STORES_PER_RUN):
        batch = fleet.names[first : first + STORES_PER_RUN]
        took = fleet.run(batch[0], batch[-1])
        show(f"{batch[0]} to {batch[-1]}: {took.seconds:.0f} s")
        runs.append(took)
    history = fleet.history()
    return _Pass(runs, history.pairs - before, history)


def _row(name: str, taken: _Pass) -> list[str]:
    return [
        name,
        f"{taken.stores}",
        f"{sum(run.seconds for run in taken.runs):.0f}",
        f"{taken.overhead:.2f}",
        f"{taken.pairs / taken.stores:.2f}",
        f"{taken.peak_mb:.0f}",
    ]


def _of_one(taken: _Pass) -> list[list[str]]:
    """The figures of one store's sync, from which docs/fleet.md computes the capacity."""
    syncs = [made[-1] for made in taken.history.syncs.values()]
    orders = [sync["orders"] for sync in syncs]
    logs = taken.history.runs[-len(taken.runs) :]
    number = len(syncs)
    return [
        ["processor, Dagster (s)", f"{taken.overhead:.2f}"],
        ["processor, tap and target (s)", f"{taken.pairs / number:.2f}"],
        ["requests", f"{sum(one['requests'] for s in syncs for one in s.values()) / number:.0f}"],
        ["memory, tap (MB)", f"{max(one['tap_mb'] for one in orders):.0f}"],
        ["memory, target (MB)", f"{max(one['target_mb'] for one in orders):.0f}"],
        ["memory, Dagster, of a run (MB)", f"{taken.peak_mb:.0f}"],
        ["rows in Dagster's event log", f"{sum(one['events'] for one in logs) / number:.0f}"],
        ["their text (KB)", f"{sum(one['bytes'] for one in logs) / number / 1000:.0f}"],
    ]
