"""Results of measurements: checks against bars, tables and charts, kept in one JSON file.

The pages and pictures are made from this file only.
"""

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from bench.chart import Limit, LineChart, Series, number

RESULTS = Path(__file__).with_name("results.json")

MEASURES = ("process", "requests", "quota", "delay", "memory", "deletes", "fleet")
"""The measurements: a module of `bench.bars` for each, with the function `measure`."""


@dataclass(frozen=True)
class Check:
    """A measured figure, compared with its bar.

    A figure without a unit is a ratio or a count, which should be the same on another machine.
    """

    what: str
    value: float
    relation: Literal["at least", "at most"]
    bar: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure meets the bar."""
        if self.relation == "at least":
            return self.value >= self.bar
        return self.value <= self.bar

    @property
    def cells(self) -> list[str]:
        """What is checked, the figure, its bar, and whether that is met."""
        figure = f"{number(self.value)} {self.unit}".strip()
        bar = f"{self.relation} {number(self.bar)} {self.unit}".strip()
        return [self.what, figure, bar, "met" if self.met else "**missed**"]


def at_least(what: str, value: float, bar: float, unit: str = "") -> Check:
    """A figure that has to reach its bar."""
    return Check(what, round(value, 3), "at least", bar, unit)


def at_most(what: str, value: float, bar: float, unit: str = "") -> Check:
    """A figure that must not exceed its bar."""
    return Check(what, round(value, 3), "at most", bar, unit)


@dataclass(frozen=True)
class Table:
    """A table; cells are texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def _machine() -> dict[str, str]:
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
    }


@dataclass(frozen=True)
class Result:
    """The result of one measurement, with its machine and date."""

    checks: Sequence[Check]
    tables: Sequence[Table] = ()
    charts: Sequence[LineChart] = ()
    notes: Sequence[str] = ()
    machine: dict[str, str] = field(default_factory=_machine)


def save(name: str, result: Result, path: Path = RESULTS) -> None:
    """Keep the result of a measurement, next to those of the others."""
    kept = _kept(path)
    kept[name] = dataclasses.asdict(result)
    ordered = {name: kept[name] for name in MEASURES if name in kept}
    path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(name: str, path: Path = RESULTS) -> Result:
    """The last result of a measurement. Raises ValueError if there is none."""
    raw = _kept(path).get(name)
    if raw is None:
        raise ValueError(f"{path.name} lacks {name!r}: python -m bench {name}")
    charts = []
    for chart in raw["charts"]:
        series = [Series(**one) for one in chart["series"]]
        limits = [Limit(**limit) for limit in chart["limits"]]
        charts.append(LineChart(**{**chart, "series": series, "limits": limits}))
    checks = [Check(**check) for check in raw["checks"]]
    tables = [Table(**table) for table in raw["tables"]]
    return Result(checks, tables, charts, raw["notes"], raw["machine"])


def _kept(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
