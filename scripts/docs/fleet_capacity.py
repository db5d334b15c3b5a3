"""The capacity tables of docs/fleet.md: 10,000 stores an hour, from one store's figures."""

from __future__ import annotations

import math

from bench.results import Result
from scripts.docs.markdown import table

STORES = 10_000
HOUR = 3600
REQUEST_SECONDS = 0.3
"""Time from a request to its response, with the network: an assumption."""

UTILIZATION = 0.7
"""The share of a machine that is used."""

AT_ONCE, STORES_PER_RUN, RUNS = 4, 100, 25
"""As in examples/fleet."""

PROCESSORS, MACHINE_GB = 4, 16
KEPT_DAYS = 7


def capacity_tables(result: Result) -> str:
    """The tables, from the last measurement of the fleet."""
    one = {name: float(figure) for name, figure in result.tables[1].rows}
    processor = one["processor, Dagster (s)"] + one["processor, tap and target (s)"]
    seconds = one["requests"] * REQUEST_SECONDS + processor
    busy = STORES * processor / HOUR
    pairs = STORES * seconds / HOUR
    pair_mb = one["memory, tap (MB)"] + one["memory, target (MB)"]
    run_mb = one["memory, Dagster, of a run (MB)"]
    memory = (RUNS * AT_ONCE * pair_mb + RUNS * run_mb) / 1000
    by_processor = math.ceil(busy / UTILIZATION / PROCESSORS)
    by_memory = math.ceil(memory / UTILIZATION / MACHINE_GB)
    rows = STORES * one["rows in Dagster's event log"]
    text_gb = STORES * one["their text (KB)"] / 1e6
    return "\n".join(
        [
            table(result.tables[1].columns, result.tables[1].rows),
            table(
                ["10,000 stores an hour", "calculation", "result"],
                [
                    [
                        "processors, fully used",
                        f"{STORES:,} × {processor:.2f} s / {HOUR:,} s",
                        f"{busy:.1f}",
                    ],
                    [
                        "duration of a sync, if a response takes 0.3 s",
                        f"{one['requests']:.0f} × {REQUEST_SECONDS} s + {processor:.2f} s",
                        f"{seconds:.1f} s",
                    ],
                    [
                        "pairs of tap and target at the same time",
                        f"{STORES:,} × {seconds:.1f} s / {HOUR:,} s",
                        f"{pairs:.1f}",
                    ],
                    [
                        f"runs at the same time, of {AT_ONCE} pairs each",
                        f"{pairs:.1f} / {AT_ONCE}",
                        f"{math.ceil(pairs / AT_ONCE)}",
                    ],
                    [
                        f"memory at the limit of {RUNS} runs",
                        f"{RUNS * AT_ONCE} × {pair_mb:.0f} MB + {RUNS} × {run_mb:.0f} MB",
                        f"{memory:.0f} GB",
                    ],
                    [
                        f"machines of {PROCESSORS} processors and {MACHINE_GB} GB, "
                        f"used to {UTILIZATION:.0%}",
                        f"{by_processor} for the processors, {by_memory} for the memory; and a "
                        "spare one",
                        f"{max(by_processor, by_memory) + 1}",
                    ],
                    [
                        "requests, each store with its own quota",
                        f"{STORES:,} × {one['requests']:.0f} / {HOUR:,} s",
                        f"{STORES * one['requests'] / HOUR:.0f} a second",
                    ],
                    [
                        "rows into Dagster's database",
                        f"{STORES:,} × {rows / STORES:.0f} / {HOUR:,} s",
                        f"{rows / HOUR:.0f} a second",
                    ],
                    [
                        "their text, before indexes",
                        f"{STORES:,} × {one['their text (KB)']:.0f} KB × 24",
                        f"{text_gb * 24:.1f} GB a day",
                    ],
                    [
                        f"with `keep_days={KEPT_DAYS}`",
                        f"{text_gb * 24:.1f} GB × {KEPT_DAYS}",
                        f"{text_gb * 24 * KEPT_DAYS:.0f} GB",
                    ],
                ],
            ),
            f"One store's figures were measured {result.machine['date']} on "
            f"{result.machine['processors']} processors, Python {result.machine['python']}, four "
            "streams, the demo's target (`python -m bench fleet`).\n",
        ]
    )
