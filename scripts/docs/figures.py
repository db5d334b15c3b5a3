"""Tables and charts of the measurements, from `bench/results.json`."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from bench.chart import LineChart, draw
from bench.results import MEASURES, load
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


def fleet_table() -> str:
    """The figures of one store in a fleet, for the page's calculations."""
    found = load("fleet").tables[1]
    return table(found.columns, found.rows)


def pictures(folder: Path) -> dict[Path, str]:
    """The pictures of all charts in `folder`. Those of the last results are not drawn again."""
    charts = [chart for name in MEASURES for chart in load(name).charts]
    return {(path := folder / f"{chart.name}.svg"): _picture(path, chart) for chart in charts}


def _picture(path: Path, chart: LineChart) -> str:
    text = path.read_text("utf-8") if path.exists() else ""
    if chart.digest in text:
        return text
    try:
        return draw(chart)
    except ImportError:
        raise ValueError(f"{path.name} is outdated; `make generate` updates it.") from None


def _numbers(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return table(head, rows, rest="---:")
