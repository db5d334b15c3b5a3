"""How much of its concurrency the tap uses if every response takes time.

Products and customers with 50,000 records each, `max_concurrency` 8, responses after 100 ms and
more. The ideal is 8 pages of 250 records in each delay. The time is measured from the first
request that the store receives to the last RECORD that the tap writes. The same sync without delay
shows the limit of the processor on this machine at this time; if it is lower than the ideal, the
share is that of this limit.

The first RECORD should be written within two response times after the first request of its list.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench import stores
from bench.catalogs import selecting
from bench.chart import LineChart, Series
from bench.program import NotMeasured, run, settings
from bench.progress import show
from bench.results import Check, Result, Table
from bench.stores import LARGEST_PAGE, Measured

STREAMS = ("products", "customers")
DELAYS = (100, 200, 400)
BAR_DELAY = 100
BAR = 0.75
AT_ONCE = 8


@dataclass(frozen=True)
class _Reading:
    """Rates in records per second; `processor_rate` is the rate without delay."""

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
    """Read both streams with each delay."""
    size = 10_000 if quick else 50_000
    delays = (BAR_DELAY,) if quick else DELAYS
    readings = [reading for stream in STREAMS for reading in _readings(stream, size, delays)]
    checks = []
    for reading in readings:
        what = f"{reading.stream}, {reading.delay_ms} ms"
        checks.append(
            Check(
                f"{what}: share of what the {reading.limit} allows",
                round(reading.share, 3),
                "at least",
                BAR,
            )
        )
        if reading.delay_ms == BAR_DELAY:
            delays_waited = round(reading.first_record_delays, 2)
            checks.append(Check(f"{what}: first RECORD, in delays", delays_waited, "at most", 2.0))
    return Result(
        checks,
        tables=[
            Table(
                ["stream", "delay ms", "records/s", "ideal", "without delay", "limit"],
                [
                    [
                        reading.stream,
                        str(reading.delay_ms),
                        f"{reading.rate:,.0f}",
                        f"{reading.ideal:,.0f}",
                        f"{reading.processor_rate:,.0f}",
                        reading.limit,
                    ]
                    for reading in readings
                ],
            )
        ],
        charts=[_chart(readings, size)],
    )


def _readings(stream: str, size: int, delays: tuple[int, ...]) -> list[_Reading]:
    """Read one stream with each delay."""
    small = {"variants_per_product": 0, "images_per_product": 1}
    found = []
    with stores.store(**{stream: size}, **small) as running:
        for delay in delays:
            # Before and after, because the machine's load may change.
            before, _ = _rate(running, stream, size, 0)
            rate, first = _rate(running, stream, size, delay)
            after, _ = _rate(running, stream, size, 0)
            show(f"{stream}, {delay} ms: {rate:,.0f} records/s")
            found.append(
                _Reading(stream, delay, rate, (before + after) / 2, first / (delay / 1000))
            )
    return found


def _rate(running: Measured, stream: str, size: int, delay: int) -> tuple[float, float]:
    """Records per second, and the seconds from the first request to the first RECORD."""
    running.store.set(latency_ms=delay)
    config = settings(running.store, max_concurrency=AT_ONCE)
    catalog = selecting(stream)
    # `set` clears the store's cache; a run that is not measured fills it again.
    run(config, catalog=catalog)
    running.store.clear_requests()
    taken = run(config, catalog=catalog)
    if taken.records != size:
        raise NotMeasured(f"{stream}: {taken.records} of {size} records were written")
    first = min(request["at"] for request in running.store.requests())
    return size / (taken.last_record_at - first), taken.first_record_at - first


def _chart(readings: list[_Reading], size: int) -> LineChart:
    series = [
        Series(
            stream,
            [
                (reading.delay_ms, round(reading.rate))
                for reading in readings
                if reading.stream == stream
            ],
        )
        for stream in STREAMS
    ]
    ideal = [
        (reading.delay_ms, reading.ideal) for reading in readings if reading.stream == STREAMS[0]
    ]
    bar = [(delay, BAR * rate) for delay, rate in ideal]
    return LineChart(
        name="delay",
        title=f"Records per second by the store's delay ({size:,} records, {AT_ONCE} at once)",
        x_axis="delay of each response (ms)",
        y_axis="records per second",
        series=[
            *series,
            Series(f"{AT_ONCE} × {LARGEST_PAGE} a delay", ideal, ideal=True),
            Series("bar: 75% of it", bar, ideal=True),
        ],
    )
