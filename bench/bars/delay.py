"""How much of its parallelism the tap uses when every answer takes time.

Products and customers of 50,000 records each, `max_concurrency` 8, answers after 100 ms and more.
The ideal is 8 pages of 250 records in every delay. Measured from the first request that the store
sees to the last RECORD that the tap writes. The same walk without delay shows what the processor
alone allows on this machine at this time; where that is less than the ideal, it is the limit, and
the share is told of it.

The first RECORD should be out within two request times of the first request of its list.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench import stores
from bench.catalogs import selecting
from bench.chart import LineChart, Series
from bench.program import NotMeasured, run, settings
from bench.progress import say
from bench.results import Check, Result, Table
from bench.stores import LARGEST_PAGE, Measured

STREAMS = ("products", "customers")
DELAYS = (100, 200, 400)
BAR_DELAY = 100
BAR = 0.75
AT_ONCE = 8


@dataclass(frozen=True)
class _Walk:
    """Records a second; `processor_rate` is the rate without delay."""

    stream: str
    delay_ms: int
    rate: float
    processor_rate: float
    first_record_delays: float

    @property
    def ideal(self) -> float:
        return AT_ONCE * LARGEST_PAGE * 1000 / self.delay_ms

    @property
    def limit(self) -> str:
        return "processor" if self.processor_rate < self.ideal else "delay"

    @property
    def share(self) -> float:
        return self.rate / min(self.ideal, self.processor_rate)


def measure(quick: bool) -> Result:
    """Read both streams with every delay."""
    size = 10_000 if quick else 50_000
    delays = (BAR_DELAY,) if quick else DELAYS
    walks = [walk for stream in STREAMS for walk in _walks(stream, size, delays)]
    checks = []
    for walk in walks:
        what = f"{walk.stream}, {walk.delay_ms} ms"
        checks.append(
            Check(
                f"{what}: share of what the {walk.limit} allows",
                round(walk.share, 3),
                "at least",
                BAR,
            )
        )
        if walk.delay_ms == BAR_DELAY:
            delays_waited = round(walk.first_record_delays, 2)
            checks.append(Check(f"{what}: first RECORD, in delays", delays_waited, "at most", 2.0))
    return Result(
        checks,
        tables=[
            Table(
                ["stream", "delay ms", "records/s", "ideal", "without delay", "limit"],
                [
                    [
                        walk.stream,
                        str(walk.delay_ms),
                        f"{walk.rate:,.0f}",
                        f"{walk.ideal:,.0f}",
                        f"{walk.processor_rate:,.0f}",
                        walk.limit,
                    ]
                    for walk in walks
                ],
            )
        ],
        charts=[_chart(walks, size)],
    )


def _walks(stream: str, size: int, delays: tuple[int, ...]) -> list[_Walk]:
    """One stream, read with every delay."""
    small = {"variants_per_product": 0, "images_per_product": 1}
    found = []
    with stores.store(**{stream: size}, **small) as running:
        for delay in delays:
            # Before and after, for the machine may have other things to do.
            before, _ = _rate(running, stream, size, 0)
            rate, first = _rate(running, stream, size, delay)
            after, _ = _rate(running, stream, size, 0)
            say(f"{stream}, {delay} ms: {rate:,.0f} records/s")
            found.append(_Walk(stream, delay, rate, (before + after) / 2, first / (delay / 1000)))
    return found


def _rate(running: Measured, stream: str, size: int, delay: int) -> tuple[float, float]:
    """Records a second, and the seconds from the first request to the first RECORD."""
    running.store.set(latency_ms=delay)
    config = settings(running.store, max_concurrency=AT_ONCE)
    catalog = selecting(stream)
    # `set` makes the store forget its rows: a run that does not count, and they are there again.
    run(config, catalog=catalog)
    running.store.clear_requests()
    taken = run(config, catalog=catalog)
    if taken.records != size:
        raise NotMeasured(f"{stream}: {taken.records} of {size} records were written")
    first = min(request["at"] for request in running.store.requests())
    return size / (taken.last_record_at - first), taken.first_record_at - first


def _chart(walks: list[_Walk], size: int) -> LineChart:
    series = [
        Series(
            stream,
            [(walk.delay_ms, round(walk.rate)) for walk in walks if walk.stream == stream],
        )
        for stream in STREAMS
    ]
    ideal = [(walk.delay_ms, walk.ideal) for walk in walks if walk.stream == STREAMS[0]]
    bar = [(delay, BAR * rate) for delay, rate in ideal]
    return LineChart(
        name="delay",
        title=f"Records a second by the store's delay ({size:,} records, {AT_ONCE} at once)",
        x_axis="delay of every answer (ms)",
        y_axis="records a second",
        series=[
            *series,
            Series(f"{AT_ONCE} × {LARGEST_PAGE} a delay", ideal, ideal=True),
            Series("bar: 75% of it", bar, ideal=True),
        ],
    )
