"""The peak memory of the tap's process, as the operating system measures it.

Peak resident memory (`ru_maxrss` of `wait4`) of one process that reads a complete store: four
streams with 5,000 to 100,000 records each (orders of 5 to 10 KB, products with 8 variants); only
products, up to 1,000,000; and 20,000 products with 40 variants and 5 images. `max_concurrency` is
8, other settings have their defaults. Short runs are repeated, and the highest peak counts,
because peaks are more likely in long runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench import stores
from bench.catalogs import STREAMS, selecting
from bench.chart import Limit, LineChart, Series
from bench.program import Measured, NotMeasured, run, settings
from bench.progress import show
from bench.results import Check, Result, Table

STEPS = (5_000, 20_000, 50_000, 100_000)
MANY = (100_000, 1_000_000)
LARGE = 20_000
SHORT = 20_000
"""Stores with up to this number of records are read three times."""

ALL_STREAMS = {"variants_per_product": 8, "fewest_variants": 8}
FEW_VARIANTS = {"variants_per_product": 2, "images_per_product": 1}
LARGE_PRODUCTS = {
    "variants_per_product": 40,
    "fewest_variants": 40,
    "images_per_product": 5,
    "fewest_images": 5,
}


@dataclass(frozen=True)
class _Peak:
    what: str
    size: int
    taken: Measured

    @property
    def row(self) -> list[str]:
        taken = self.taken
        return [
            self.what,
            f"{self.size:,}",
            f"{taken.peak_mb:.0f}",
            f"{taken.output_mb:,.0f}",
            f"{taken.seconds:.0f}",
        ]


def measure(quick: bool) -> Result:
    """Read stores of increasing sizes."""
    steps = (1_000, 5_000) if quick else STEPS
    many = (5_000, 20_000) if quick else MANY
    large = 1_000 if quick else LARGE
    all_four = [_read("all four streams", size, STREAMS, ALL_STREAMS) for size in steps]
    products = [_read("only products", size, ("products",), FEW_VARIANTS) for size in many]
    heavy = _read("products of 40 variants", large, ("products",), LARGE_PRODUCTS)
    peaks = [peak.taken.peak_mb for peak in all_four]
    most = max(peak.taken.peak_mb for peak in products)
    return Result(
        checks=[
            Check(
                f"all streams, {steps[0]:,} to {steps[-1]:,} records: highest / lowest peak",
                round(max(peaks) / min(peaks), 3),
                "at most",
                1.10,
            ),
            Check(
                f"products, {many[-1]:,} records / {many[0]:,} records: peak memory",
                round(products[-1].taken.peak_mb / products[0].taken.peak_mb, 3),
                "at most",
                1.10,
            ),
            Check("all streams, highest peak", round(max(peaks), 1), "at most", 120, "MB"),
            Check(f"{many[-1]:,} products", round(most, 1), "at most", 150, "MB"),
            Check(
                f"{large:,} products of 40 variants and 5 images",
                round(heavy.taken.peak_mb, 1),
                "at most",
                200,
                "MB",
            ),
        ],
        tables=[
            Table(
                ["store", "records of each", "peak MB", "written MB", "seconds"],
                [peak.row for peak in (*all_four, *products, heavy)],
            )
        ],
        charts=[_chart(all_four, products, heavy)],
    )


def _read(what: str, size: int, streams: tuple[str, ...], options: dict[str, Any]) -> _Peak:
    sizes = dict.fromkeys(streams, size)
    # Rows are requested only once, so the store need not cache them.
    with stores.store(**sizes, **options, cache_mb=64) as running:
        config, catalog = settings(running.store, max_concurrency=8), selecting(*streams)
        times = 3 if size <= SHORT else 1
        runs = [run(config, catalog=catalog, timeout=1800) for _ in range(times)]
    if any(taken.records != size * len(streams) for taken in runs):
        raise NotMeasured(f"{what}, {size}: not every record was written")
    taken = max(runs, key=lambda one: one.peak_mb)
    show(f"{what}, {size:,}: {taken.peak_mb:.0f} MB in {taken.seconds:.0f} s")
    return _Peak(what, size, taken)


def _chart(all_four: list[_Peak], products: list[_Peak], heavy: _Peak) -> LineChart:
    return LineChart(
        name="memory",
        title="Peak memory of the tap by the size of the store",
        x_axis="records of each stream (logarithmic)",
        y_axis="peak resident memory (MB)",
        series=[
            Series("all four streams", _points(all_four)),
            Series("only products", _points(products)),
            Series("products of 40 variants", _points([heavy])),
        ],
        limits=[
            Limit("bar for all four streams: 120", 120),
            Limit("bar for only products: 150", 150),
            Limit("bar for 40 variants: 200", 200),
        ],
        log_x=True,
    )


def _points(peaks: list[_Peak]) -> list[tuple[float, float]]:
    return [(peak.size, round(peak.taken.peak_mb, 1)) for peak in peaks]
