"""Tables and charts of the measurements, from `bench/results`."""

from __future__ import annotations

from bench import report
from bench.bars import BARS
from bench.results import Result, load
from bench.svg import draw


def measurements() -> str:
    """All measurements, as in the README of `bench/`."""
    return report.figures()


def pictures() -> dict[str, str]:
    """Each chart by its file name."""
    kept = [result for name in BARS if (result := load(name))]
    return {f"{chart.name}.svg": draw(chart) for result in kept for chart in result.charts}


def result_of(name: str) -> Result:
    """The last result of a measurement. Raises ValueError if there is none."""
    result = load(name)
    if result is None:
        raise ValueError(f"bench/results/{name}.json is missing: python -m bench {name}")
    return result
