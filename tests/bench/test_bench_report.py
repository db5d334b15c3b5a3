"""What is kept of the measurements: README and pictures say what the results say."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import report, results
from bench.bars import BARS
from bench.chart import BarChart, Bars, Chart, Limit, LineChart, Series
from bench.results import Check, Result, Table
from bench.svg import draw

LINES = LineChart(
    "lines",
    "Lines & <more>",
    "records",
    "MB",
    [Series("one", [(10, 1.5), (1000, 2.5)]), Series("ideal", [(10, 3), (1000, 3)], ideal=True)],
    [Limit("bar: 4", 4)],
    log_x=True,
)
BARS_CHART = BarChart(
    "bars",
    "Bars",
    "ratio",
    ["a", "a longer name of two lines"],
    [Bars("median", [0.5, 0.25], [(0.4, 0.6), (0.2, 0.3)], [0.45, 0.45])],
    decimals=2,
)


def test_the_readme_holds_the_figures_of_the_results() -> None:
    text = report.README.read_text(encoding="utf-8")
    assert report.with_figures(text) == text, "run `python -m bench report`"


def test_the_pictures_are_drawn_from_the_results() -> None:
    kept = [result for name in BARS if (result := results.load(name))]
    drawn = {f"{chart.name}.svg": draw(chart) for result in kept for chart in result.charts}
    there = {path.name: path.read_text(encoding="utf-8") for path in report.PICTURES.glob("*.svg")}
    assert there == drawn, "run `python -m bench report`"


def test_the_readme_names_every_file() -> None:
    _, table = report.README.read_text(encoding="utf-8").split("## How it is made")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall("`([^`]+)`", row)}
    files = {path.name for path in report.README.parent.glob("*.py")}
    assert named == {"bars/", *files} - {"__init__.py", "__main__.py"}


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    result = Result(
        [
            Check("ratio", 0.5, "at least", 0.45, spread=(0.4, 0.6)),
            Check("s", 2.0, "at most", 1, "s"),
        ],
        [Table(["a", "b"], [["1", "2"]])],
        [LINES, BARS_CHART],
        ["A note."],
    )
    results.save("it", result, tmp_path)
    loaded = results.load("it", tmp_path)
    assert loaded is not None
    assert [check.met for check in loaded.checks] == [True, False]
    assert [draw(chart) for chart in loaded.charts] == [draw(LINES), draw(BARS_CHART)]
    assert list(report.lines(loaded)) == list(report.lines(result))


@pytest.mark.parametrize("chart", [LINES, BARS_CHART])
def test_a_picture_is_xml_with_its_title_axes_and_legend(chart: Chart) -> None:
    picture = ElementTree.fromstring(draw(chart))
    words = " ".join("".join(text.itertext()) for text in picture.iter() if "text" in text.tag)
    assert chart.title in words
    assert chart.y_axis in words
    legend = chart.bars if isinstance(chart, BarChart) else chart.series
    assert all(one.label in words for one in legend)
