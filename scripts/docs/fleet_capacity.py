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
    used = f"used to {UTILIZATION:.0%}"
    calculations = f"""
processors, fully used | {STORES:,} × {processor:.2f} s / {HOUR:,} s | {busy:.1f}
duration of a sync, if a response takes 0.3 s | \
{one["requests"]:.0f} × {REQUEST_SECONDS} s + {processor:.2f} s | {seconds:.1f} s
pairs of tap and target at the same time | {STORES:,} × {seconds:.1f} s / {HOUR:,} s | {pairs:.1f}
runs at the same time, of {AT_ONCE} pairs each | {pairs:.1f} / {AT_ONCE} | \
{math.ceil(pairs / AT_ONCE)}
memory at the limit of {RUNS} runs | \
{RUNS * AT_ONCE} × {pair_mb:.0f} MB + {RUNS} × {run_mb:.0f} MB | {memory:.0f} GB
machines of {PROCESSORS} processors and {MACHINE_GB} GB, {used} | \
{by_processor} for the processors, {by_memory} for the memory; and a spare one | \
{max(by_processor, by_memory) + 1}
requests, each store with its own quota | {STORES:,} × {one["requests"]:.0f} / {HOUR:,} s | \
{STORES * one["requests"] / HOUR:.0f} a second
rows into Dagster's database | {STORES:,} × {rows / STORES:.0f} / {HOUR:,} s | \
{rows / HOUR:.0f} a second
their text, before indexes | {STORES:,} × {one["their text (KB)"]:.0f} KB × 24 | \
{text_gb * 24:.1f} GB a day
with `keep_days={KEPT_DAYS}` | {text_gb * 24:.1f} GB × {KEPT_DAYS} | \
{text_gb * 24 * KEPT_DAYS:.0f} GB"""
    columns = ["10,000 stores an hour", "calculation", "result"]
    measured = result.machine
    return "\n".join(
        [
            table(result.tables[1].columns, result.tables[1].rows),
            table(columns, [line.split(" | ") for line in calculations.strip().split("\n")]),
            f"One store's figures were measured {measured['date']} on {measured['processors']} "
            f"processors, Python {measured['python']}, four streams, the demo's target "
            "(`python -m bench fleet`).\n",
        ]
    )
