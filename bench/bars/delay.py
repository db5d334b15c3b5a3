"""Delay: how much of its concurrency the tap uses if every response takes time.

Products and customers with 50,000 records each, `max_concurrency` 8, responses after 100 ms and
more. The ideal is 8 pages of 250 records in each delay. The time is measured from the first
request that the store receives to the last RECORD that the tap writes. The same sync without delay
shows the limit of the processor on this machine at this time; if it is lower than the ideal, the
share is that of this limit.

The first RECORD should be written within two response times after the first request of its list.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.catalogs import selecting
from bench.chart import LineChart, Series
from bench.program import run, settings, show
from bench.results import Result, Table, at_least, at_most
from bench.stores import LARGEST_PAGE, store
from tap_bigcommerce_sandbox import Store

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
    delays = DELAYS[:1] if quick else DELAYS
    readings = [reading for stream in STREAMS for reading in _readings(stream, size, delays)]
    checks = []
    for reading in readings:
        what = f"{reading.stream}, {reading.delay_ms} ms"
        share = f"{what}: share of what the {reading.limit} allows"
        checks.append(at_least(share, reading.share, BAR))
        if reading.delay_ms == BAR_DELAY:
            waited = reading.first_record_delays
            checks.append(at_most(f"{what}: first RECORD, in delays", round(waited, 2), 2))
    columns = ["stream", "delay ms", "records/s", "ideal", "without delay", "limit"]
    rows = []
    for one in readings:
        rates = [f"{rate:,.0f}" for rate in (one.rate, one.ideal, one.processor_rate)]
        rows.append([one.stream, str(one.delay_ms), *rates, one.limit])
    return Result(checks, [Table(columns, rows)], [_chart(readings, size)])


def _readings(stream: str, size: int, delays: tuple[int, ...]) -> Iterator[_Reading]:
    """Read one stream with each delay."""
    with store(**{stream: size}, variants_per_product=0, images_per_product=1) as running:
        for delay in delays:
            # Before and after, because the machine's load may change.
            before, _ = _rate(running, stream, size, 0)
            rate, first = _rate(running, stream, size, delay)
            after, _ = _rate(running, stream, size, 0)
            show(f"{stream}, {delay} ms: {rate:,.0f} records/s")
            yield _Reading(stream, delay, rate, (before + after) / 2, first * 1000 / delay)


def _rate(store: Store, stream: str, size: int, delay: int) -> tuple[float, float]:
    """Records per second, and the seconds from the first request to the first RECORD."""
    store.set(latency_ms=delay)
    config, catalog = settings(store, max_concurrency=AT_ONCE), selecting(stream)
    # `set` clears the store's cache; a run that is not measured fills it again.
    run(config, catalog=catalog)
    store.clear_requests()
    output = run(config, catalog=catalog, expected=size).output
    first = min(request["at"] for request in store.requests())
    return size / (output.last_record_at - first), output.first_record_at - first


def _chart(readings: list[_Reading], size: int) -> LineChart:
    rates: dict[str, list[tuple[float, float]]] = {stream: [] for stream in STREAMS}
    for one in readings:
        rates[one.stream].append((one.delay_ms, round(one.rate)))
    ideal = [(one.delay_ms, one.ideal) for one in readings if one.stream == STREAMS[0]]
    bar = [(delay, BAR * rate) for delay, rate in ideal]
    return LineChart(
        name="delay",
        title=f"Records per second by the store's delay ({size:,} records, {AT_ONCE} at once)",
        x_axis="delay of each response (ms)",
        y_axis="records per second",
        series=[
            *(Series(stream, points) for stream, points in rates.items()),
            Series(f"{AT_ONCE} × {LARGEST_PAGE} a delay", ideal, ideal=True),
            Series("bar: 75% of it", bar, ideal=True),
        ],
    )
