"""Memory: the peak of the tap's process, as the operating system measures it.

Peak resident memory (`ru_maxrss` of `wait4`) of one process that reads a complete store: four
streams with 5,000 to 100,000 records each (orders of 5 to 10 KB, products with 8 variants); only
products, up to 1,000,000; and 20,000 products with 40 variants and 5 images. `max_concurrency` is
8, other settings have their defaults. Short runs are repeated, and the highest peak counts,
because peaks are more likely in long runs.
"""

from bench.catalogs import STREAMS, selecting
from bench.chart import Limit, LineChart, Series
from bench.program import Measured, run, settings, show
from bench.results import Result, Table, at_most
from bench.stores import store

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


def measure(quick: bool) -> Result:
    """Read stores of increasing sizes."""
    steps = (1_000, 5_000) if quick else STEPS
    many = (5_000, 20_000) if quick else MANY
    large = 1_000 if quick else LARGE
    found = {
        "all four streams": {size: _read(size, STREAMS, ALL_STREAMS) for size in steps},
        "only products": {size: _read(size, ("products",), FEW_VARIANTS) for size in many},
        "products of 40 variants": {large: _read(large, ("products",), LARGE_PRODUCTS)},
    }
    peaks = {store: [one.peak_mb for one in runs.values()] for store, runs in found.items()}
    four, products, heavy = peaks.values()
    rows = []
    for name, runs in found.items():
        for size, one in runs.items():
            figures = (size, one.peak_mb, one.output.output_mb, one.seconds)
            rows.append([name, *(f"{figure:,.0f}" for figure in figures)])
    return Result(
        checks=[
            at_most(
                f"all streams, {steps[0]:,} to {steps[-1]:,} records: highest / lowest peak",
                max(four) / min(four),
                1.10,
            ),
            at_most(
                f"products, {many[-1]:,} records / {many[0]:,} records: peak memory",
                products[-1] / products[0],
                1.10,
            ),
            at_most("all streams, highest peak", round(max(four), 1), 120, "MB"),
            at_most(f"{many[-1]:,} products", round(max(products), 1), 150, "MB"),
            at_most(
                f"{large:,} products of 40 variants and 5 images", round(heavy[0], 1), 200, "MB"
            ),
        ],
        tables=[Table(["store", "records of each", "peak MB", "written MB", "seconds"], rows)],
        charts=[
            LineChart(
                name="memory",
                title="Peak memory of the tap by the size of the store",
                x_axis="records of each stream (logarithmic)",
                y_axis="peak resident memory (MB)",
                series=[
                    Series(store, [(size, round(one.peak_mb, 1)) for size, one in runs.items()])
                    for store, runs in found.items()
                ],
                limits=[
                    Limit("bar for all four streams: 120", 120),
                    Limit("bar for only products: 150", 150),
                    Limit("bar for 40 variants: 200", 200),
                ],
                log_x=True,
            )
        ],
    )


def _read(size: int, streams: tuple[str, ...], options: dict[str, int]) -> Measured:
    """The run with the highest peak."""
    # Rows are requested only once, so the store need not cache them.
    with store(**dict.fromkeys(streams, size), **options, cache_mb=64) as running:
        config, catalog = settings(running, max_concurrency=8), selecting(*streams)
        runs = [
            run(config, catalog=catalog, timeout=1800, expected=size * len(streams))
            for _ in range(3 if size <= SHORT else 1)
        ]
    taken = max(runs, key=lambda one: one.peak_mb)
    show(f"{', '.join(streams)}, {size:,}: {taken.peak_mb:.0f} MB in {taken.seconds:.0f} s")
    return taken
