"""Whole processes: the tap compared with a plain extractor, its rates, and its start.

The plain extractor (`bench/plain.py`) works as many taps do: pages of 50 one after another, three
more requests per order, `singer.Transformer` and `singer.write_record`. The store counts the
requests. Time is measured at the Standard quota of 150 requests in 30 s, with responses after 200
ms: the store's clock runs ten times as fast (windows of 3 s, responses after 20 ms), and the
figure is ten times the measured time, so the programs' own work counts ten times, too. Processor
time is measured for each stream without quota and delay, with so many records that the start hardly
counts.

Rates are those of the tap without delay and quota, where the processor is the limit. Each run reads
one stream and is measured from the start of Python to its end; the figures are medians of several
runs. The store computes its rows in an earlier run that is not measured. Its share of a processor
shows that it is not the bottleneck. `--help` and `--version` are run several times, too.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.catalogs import STREAMS, selecting
from bench.program import TAP, run, settings, show
from bench.results import Result, Table, at_least, at_most
from bench.stores import store

PLAIN = (sys.executable, "-m", "bench.plain")
TIMES_AS_FAST = 10
QUOTA, WINDOW, DELAY_MS = 150, 30.0, 200.0
COMPARED = {"orders": 2_000, "products": 10_000, "customers": 20_000, "coupons": 20_000}
READ = {"orders": 20_000, "products": 20_000, "customers": 50_000, "coupons": 20_000}
RATES = (
    *("stream", "records", "records/s", "MB/s written"),
    *("processor µs per record", "processor share", "store's share"),
)
STARTS = {"--help": 0.4, "--version": 0.3}
"""The seconds that each may take."""


def measure(quick: bool) -> Result:
    """Run both programs on the same stores, then the tap alone."""
    size = 150 if quick else 1000
    sizes = {"orders": size, "customers": size, "products": size, "coupons": 60}
    both = _at_the_quota(sizes)
    for stream in STREAMS:
        work = _processor_time(stream, COMPARED[stream] // (10 if quick else 1))
        both[f"processor µs per record: {stream}"] = work
    ratios = {name: plain / tap for name, (plain, tap) in both.items()}
    return Result(
        checks=[
            *(at_least(f"{name}: plain / tap", ratio, 1) for name, ratio in ratios.items()),
            *(at_most(f"`{name}`", _start(name, quick), bar, "s") for name, bar in STARTS.items()),
        ],
        tables=[
            Table(
                ["figure", "plain", "tap", "plain / tap"],
                [
                    [name, f"{plain:,.0f}", f"{tap:,.0f}", f"{ratios[name]:.1f}"]
                    for name, (plain, tap) in both.items()
                ],
            ),
            Table(
                RATES,
                [_rates(stream, READ[stream] // (10 if quick else 1), quick) for stream in STREAMS],
            ),
        ],
        notes=[f"Requests and seconds: {size:,} orders, customers and products, 60 coupons."],
    )


def _at_the_quota(sizes: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Requests and seconds of both programs, for all streams."""
    found = []
    for command in (PLAIN, TAP):
        with store(
            **sizes,
            quota=QUOTA,
            window_seconds=WINDOW / TIMES_AS_FAST,
            latency_ms=DELAY_MS / TIMES_AS_FAST,
        ) as running:
            taken = run(settings(running), command=command, expected=sum(sizes.values()))
            requests = sum(request["status"] != 429 for request in running.requests())
        show(f"{requests:,} requests in {taken.seconds:.0f} s")
        found.append((requests, taken.seconds * TIMES_AS_FAST))
    plain, tap = found
    return {"requests": (plain[0], tap[0]), "seconds at the Standard quota": (plain[1], tap[1])}


def _processor_time(stream: str, size: int) -> tuple[float, float]:
    """Processor time of both programs, in microseconds per record."""
    with store(**_sizes(stream, size), variants_per_product=8) as running:
        config, catalog = settings(running), selecting(stream)
        plain, tap = (
            run(config, catalog=catalog, command=command, expected=size).processor_seconds
            for command in (PLAIN, TAP)
        )
    return plain / size * 1e6, tap / size * 1e6


def _rates(stream: str, size: int, quick: bool) -> list[str]:
    with store(**_sizes(stream, size), variants_per_product=8) as running:
        config, catalog = settings(running), selecting(stream)
        run(config, catalog=catalog)
        before = _processor_seconds(running.pid)
        taken = [run(config, catalog=catalog, expected=size) for _ in range(2 if quick else 5)]
        used = _processor_seconds(running.pid) - before
    show(f"{stream}: done")
    seconds = statistics.median(one.seconds for one in taken)
    work = statistics.median(one.processor_seconds for one in taken)
    return [
        stream,
        f"{size:,}",
        f"{size / seconds:,.0f}",
        f"{taken[0].output.output_mb / seconds:.1f}",
        f"{work / size * 1e6:.0f}",
        f"{work / seconds:.0%}",
        f"{used / sum(one.seconds for one in taken):.0%}",
    ]


def _sizes(stream: str, size: int) -> dict[str, int]:
    """Options of a store for one stream. Orders have coupons only if the store has some."""
    return {stream: size, **({"coupons": 200} if stream == "orders" else {})}


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _start(option: str, quick: bool) -> float:
    """The median seconds of the tap with an option that only prints."""
    taken = []
    for _ in range(4 if quick else 12):
        start = time.monotonic()
        subprocess.run([*TAP, option], check=True, stdout=subprocess.DEVNULL)
        taken.append(time.monotonic() - start)
    # The first run reads the files from disk.
    return statistics.median(taken[1:])
