"""How many records per second the process writes, including start-up and HTTP.

Without delay and quota, the processor is the limit. Each run reads one stream and is measured from
the start of Python to its end; the figures are medians of several runs. The store computes its
rows in an earlier run that is not measured. Its share of a processor shows that it is not the
bottleneck.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from bench import stores
from bench.catalogs import selecting
from bench.chart import BarChart, Bars
from bench.program import Measured, NotMeasured, run, settings
from bench.progress import show
from bench.results import Result, Table

SIZES = {"orders": 20_000, "products": 20_000, "customers": 50_000, "coupons": 20_000}


@dataclass(frozen=True)
class _Runs:
    stream: str
    size: int
    taken: list[Measured]
    store_share: float

    @property
    def seconds(self) -> float:
        return statistics.median(one.seconds for one in self.taken)

    @property
    def processor_seconds(self) -> float:
        return statistics.median(one.processor_seconds for one in self.taken)

    @property
    def rate(self) -> float:
        """Rate in records per second."""
        return self.size / self.seconds


def measure(quick: bool) -> Result:
    """Read each stream several times."""
    sizes = {stream: size // 10 if quick else size for stream, size in SIZES.items()}
    found = [_read(stream, size, 2 if quick else 5) for stream, size in sizes.items()]
    return Result(
        checks=[],
        tables=[
            Table(
                [
                    "stream",
                    "records",
                    "records/s",
                    "MB/s written",
                    "processor µs per record",
                    "processor share",
                    "store's share",
                ],
                [_row(runs) for runs in found],
            )
        ],
        charts=[
            BarChart(
                name="process",
                title="The complete process, without delay and quota",
                y_axis="records per second",
                groups=[f"{runs.stream} ({runs.size:,})" for runs in found],
                bars=[
                    Bars(
                        "median of the runs, with their spread",
                        [runs.rate for runs in found],
                        [
                            (
                                runs.size / max(one.seconds for one in runs.taken),
                                runs.size / min(one.seconds for one in runs.taken),
                            )
                            for runs in found
                        ],
                    )
                ],
            )
        ],
    )


def _row(runs: _Runs) -> list[str]:
    return [
        runs.stream,
        f"{runs.size:,}",
        f"{runs.rate:,.0f}",
        f"{runs.taken[0].output_mb / runs.seconds:.1f}",
        f"{runs.processor_seconds / runs.size * 1e6:.0f}",
        f"{runs.processor_seconds / runs.seconds:.0%}",
        f"{runs.store_share:.0%}",
    ]


def _read(stream: str, size: int, times: int) -> _Runs:
    with stores.store(**stores.sizes_for(stream, size), variants_per_product=8) as running:
        config, catalog = settings(running.store), selecting(stream)
        run(config, catalog=catalog)
        used = running.processor_seconds()
        taken = [run(config, catalog=catalog) for _ in range(times)]
        used = running.processor_seconds() - used
    if any(one.records != size for one in taken):
        raise NotMeasured(f"{stream}: not all of {size} records were written")
    show(f"{stream}: done")
    return _Runs(stream, size, taken, used / sum(one.seconds for one in taken))
