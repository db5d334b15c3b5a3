"""What is kept of the measurements, and the command that makes them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from documents import examples

from bench import results
from bench.__main__ import main
from bench.chart import Limit, LineChart, Series
from bench.program import NotMeasured
from bench.results import Result, Table, at_least, at_most

BENCH = Path(results.__file__).parent
CHART = LineChart(
    "lines",
    "Lines & <more>",
    "records",
    "MB",
    [Series("one", [[10, 1.5], [1000, 2.5]]), Series("ideal", [[10, 3], [1000, 3]], ideal=True)],
    [Limit("bar: 4", 4)],
    log_x=True,
)
RESULT = Result(
    [at_least("ratio", 0.5, 0.45), at_most("time", 2.0, 1, "s")],
    [Table(["a", "b"], [["1", "2"]])],
    [CHART],
    ["A note."],
)


def test_the_readme_names_every_file_and_each_measurement_is_a_module() -> None:
    named = set(re.findall("`([a-z]+[./](?:py)?)`", (BENCH / "README.md").read_text("utf-8")))
    assert named == {"bars/", *(path.name for path in BENCH.glob("[a-z]*.py"))}
    assert set(results.MEASURES) == {path.stem for path in BENCH.glob("bars/[a-z]*.py")}


def test_the_page_shows_commands_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = examples(BENCH.parent / "docs" / "measurements.md")
    with pytest.raises(SystemExit):
        main(["--help"])
    usage = capsys.readouterr().out
    commands = re.findall(r"^\$ python -m bench (\w+)( --\w+)?", shown.text, re.MULTILINE)
    assert len(commands) == len(shown.text.splitlines())
    assert [word for command in commands for word in command if word.strip() not in usage] == []


def test_a_result_is_read_as_it_was_written_next_to_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for name in ("memory", "process"):
        results.save(name, RESULT, path)
    assert results.load("memory", path) == results.load("process", path) == RESULT
    with pytest.raises(ValueError, match="lacks 'quota': python -m bench quota"):
        results.load("quota", path)


@pytest.mark.parametrize(
    ("measured", "status", "shown"),
    [
        (RESULT, 1, ["met        ratio: 0.5, bar: at least 0.45", "**missed** time: 2 s, bar: at"]),
        (Result(RESULT.checks[:1]), 0, ["met        ratio"]),
        (NotMeasured("no store"), 2, ["cannot be measured: no store"]),
    ],
)
def test_a_measurement_is_printed_and_its_status_says_whether_bars_are_met(
    measured: Result | NotMeasured,
    status: int,
    shown: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(quick: bool) -> Result:
        assert quick
        if isinstance(measured, NotMeasured):
            raise measured
        return measured

    monkeypatch.setitem(sys.modules, "bench.bars.memory", SimpleNamespace(measure=measure))
    assert main(["memory", "--quick"]) == status
    printed = "".join(capsys.readouterr())
    assert [text for text in shown if text not in printed] == []


def test_each_picture_is_that_of_the_last_results() -> None:
    for chart in (chart for name in results.MEASURES for chart in results.load(name).charts):
        picture = (BENCH.parent / "docs" / "pictures" / f"{chart.name}.svg").read_text("utf-8")
        assert chart.digest in picture, "run `make generate`"
        labels = [*(one.label for one in chart.series), *(one.label for one in chart.limits)]
        assert [text for text in (chart.title, *labels) if f">{text}<" not in picture] == []
