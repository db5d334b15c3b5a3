"""What is kept of the measurements, and the command that makes them."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from documents import ROOT, examples

from bench import results
from bench.__main__ import main
from bench.chart import Limit, LineChart, Series
from bench.program import NotMeasured
from bench.results import Result, Table, at_least, at_most

SERIES = [Series("one", [[10, 1.5], [1000, 2.5]]), Series("ideal", [[10, 3]], ideal=True)]
CHART = LineChart("lines", "Lines & <more>", "records", "MB", SERIES, [Limit("bar: 4", 4)], True)
CHECKS = [at_least("ratio", 0.5, 0.45), at_most("time", 2.0, 1, "s")]
RESULT = Result(CHECKS, [Table(["a", "b"], [["1", "2"]])], [CHART], ["A note."])


def test_the_page_shows_commands_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = examples(ROOT / "docs" / "measurements.md")
    with pytest.raises(SystemExit):
        main(["--help"])
    known = re.findall(r"[\w-]+", capsys.readouterr().out)
    for line in shown.text.splitlines():
        assert line.startswith("$ python -m bench ")
        assert {*line.partition("#")[0].split()[4:]} <= {*known}


def test_a_result_is_read_as_it_was_written_next_to_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for name in ("memory", "process"):
        results.save(name, RESULT, path)
    assert results.load("memory", path) == results.load("process", path) == RESULT
    with pytest.raises(ValueError, match="lacks 'quota': python -m bench quota"):
        results.load("quota", path)


def test_a_measurement_is_printed_and_its_status_says_whether_bars_are_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(quick: bool) -> Result:
        raise NotMeasured("no store")

    for status, measure, shown in (
        (1, lambda quick: RESULT, "**missed** time: 2 s, bar: at most 1 s"),
        (0, lambda quick: Result(CHECKS[:1]), "met        ratio: 0.5, bar: at least 0.45"),
        (2, fail, "cannot be measured: no store"),
    ):
        monkeypatch.setitem(sys.modules, "bench.bars.memory", SimpleNamespace(measure=measure))
        assert main(["memory", "--quick"]) == status
        assert shown in "".join(capsys.readouterr())
