"""The tap compared with a plain extractor, in the same run on the same store.

The plain extractor (`bench/plain.py`) works as many taps do: pages of 50 one after another, three
more requests per order, `singer.Transformer` and `singer.write_record`. The store counts the
requests. Time is measured at the Standard quota of 150 requests in 30 s, with responses after 200
ms: the store's clock runs ten times as fast (windows of 3 s, responses after 20 ms), and the
figure is ten times the measured time, so the programs' own work counts ten times, too. Processor
time is measured for each stream without quota and delay, minus that of a run on an empty store.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from bench import stores
from bench.catalogs import STREAMS, selecting
from bench.chart import BarChart, Bars
from bench.program import TAP, Measured, NotMeasured, run, settings
from bench.results import Check, Result, Table

PLAIN = (sys.executable, "-m", "bench.plain")
TIMES_AS_FAST = 10
QUOTA, WINDOW, DELAY_MS = 150, 30.0, 200.0
MANY = {"orders": 2_000, "products": 10_000, "customers": 20_000, "coupons": 20_000}
"""Records for the processor time: enough to make the start negligible."""


@dataclass(frozen=True)
class _Both:
    """A figure of both programs."""

    what: str
    plain: float
    tap: float

    @property
    def ratio(self) -> float:
        return self.plain / self.tap

    def row(self, form: str) -> list[str]:
        return [self.what, format(self.plain, form), format(self.tap, form), f"{self.ratio:.1f}"]


def measure(quick: bool) -> Result:
    """Run both on the same store."""
    size = 150 if quick else 1000
    sizes = {"orders": size, "customers": size, "products": size, "coupons": 60}
    requests, seconds = _at_the_quota(sizes)
    work = [_processor(stream, 500 if quick else MANY[stream]) for stream in STREAMS]
    ratios = {
        "requests": requests.ratio,
        "time at the Standard quota": seconds.ratio,
        **{f"processor: {one.what}": one.ratio for one in work},
    }
    return Result(
        checks=[
            Check(f"{name}: plain / tap", round(ratio, 1), "at least", 1.0)
            for name, ratio in ratios.items()
        ],
        tables=[
            Table(
                ["figure", "plain", "tap", "plain / tap"],
                [
                    requests.row(",.0f"),
                    seconds.row(",.0f"),
                    *[
                        _Both(f"processor µs per record: {one.what}", one.plain, one.tap).row(
                            ",.0f"
                        )
                        for one in work
                    ],
                ],
            )
        ],
        charts=[
            BarChart(
                name="plain",
                title="How many times less the tap needs than a plain extractor",
                y_axis="plain / tap",
                groups=list(ratios),
                bars=[Bars("plain / tap", list(ratios.values()))],
                decimals=1,
            )
        ],
        notes=[", ".join(f"{number:,} {name}" for name, number in sizes.items()) + "."],
    )


def _at_the_quota(sizes: dict[str, int]) -> tuple[_Both, _Both]:
    """Requests and seconds of both programs, for all streams."""
    taken, requests = {}, {}
    for name, command in (("plain", PLAIN), ("tap", TAP)):
        with stores.store(
            **sizes,
            quota=QUOTA,
            window_seconds=WINDOW / TIMES_AS_FAST,
            latency_ms=DELAY_MS / TIMES_AS_FAST,
        ) as running:
            taken[name] = run(settings(running.store), command=command)
            logged = running.store.requests()
        _expect(taken[name], sum(sizes.values()))
        requests[name] = sum(request["status"] != 429 for request in logged)
    return (
        _Both("requests", requests["plain"], requests["tap"]),
        _Both(
            "seconds at the Standard quota",
            taken["plain"].seconds * TIMES_AS_FAST,
            taken["tap"].seconds * TIMES_AS_FAST,
        ),
    )


def _processor(stream: str, size: int) -> _Both:
    """Processor time of both programs, in microseconds per record."""
    with stores.store(**stores.sizes_for(stream, size), variants_per_product=8) as running:
        config, catalog = settings(running.store), selecting(stream)
        plain = run(config, catalog=catalog, command=PLAIN)
        tap = run(config, catalog=catalog)
    for taken in (plain, tap):
        _expect(taken, size)
    return _Both(stream, plain.processor_seconds / size * 1e6, tap.processor_seconds / size * 1e6)


def _expect(taken: Measured, records: int) -> None:
    if taken.records != records:
        raise NotMeasured(f"{taken.records} of {records} records were written")
