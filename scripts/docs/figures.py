"""Tables and charts of the measurements, from `bench/results.json`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from bench.results import MEASURES, load
from bench.svg import draw
from scripts.docs.markdown import table


def measurements() -> str:
    """All measurements: what each is, its checks, tables and charts."""
    parts = []
    for name in MEASURES:
        result, about = load(name), importlib.import_module(f"bench.bars.{name}").__doc__ or ""
        title, _, rest = about.partition(": ")
        where = result.machine
        parts += [
            f"## {title}\n",
            f"`python -m bench {name}`\n",
            f"{rest[0].upper()}{rest[1:].strip()}\n",
            _numbers(["figure", "measured", "bar", ""], [check.cells for check in result.checks]),
            *(_numbers(each.columns, each.rows) for each in result.tables),
            *(f"{note}\n" for note in result.notes),
            *(f"![{chart.title}](pictures/{chart.name}.svg)\n" for chart in result.charts),
            f"Measured {where['date']}: Python {where['python']}, {where['platform']}, "
            f"{where['processors']} processors.\n",
        ]
    return "\n".join(parts)


def process_table(number: int) -> str:
    """Of whole processes: table 0 compares the tap with a plain extractor, table 1 has rates."""
    found = load("process").tables[number]
    return _numbers(found.columns, found.rows)


def pictures() -> dict[str, str]:
    """Each chart by its file name."""
    charts = [chart for name in MEASURES for chart in load(name).charts]
    return {f"{chart.name}.svg": draw(chart) for chart in charts}


def _numbers(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return table(head, rows, rest="---:")
