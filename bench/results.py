"""Results of measurements: checks against bars, tables and charts, saved as JSON.

The README and the pictures are generated from the JSON files only.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from bench.chart import BarChart, Bars, Chart, Limit, LineChart, Series

RESULTS = Path(__file__).resolve().parent / "results"

Relation = Literal["at least", "at most"]


@dataclass(frozen=True)
class Check:
    """A measured figure, compared with its bar.

    A figure without a unit is a ratio or a count, which should be the same on another machine.
    `spread`: the lowest and highest value of the rounds.
    """

    what: str
    value: float
    relation: Relation
    bar: float
    unit: str = ""
    spread: tuple[float, float] | None = None

    @property
    def met(self) -> bool:
        """Whether the figure meets the bar."""
        if self.relation == "at least":
            return self.value >= self.bar
        return self.value <= self.bar


@dataclass(frozen=True)
class Table:
    """A table; cells are texts."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Result:
    """The result of one measurement."""

    checks: Sequence[Check]
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    notes: Sequence[str] = ()
    machine: dict[str, str] = field(default_factory=lambda: machine())

    def in_order(self) -> Result:
        """The same result, with the checks that do not depend on the machine first."""
        ordered = sorted(self.checks, key=lambda check: bool(check.unit))
        return dataclasses.replace(self, checks=ordered)


def machine() -> dict[str, str]:
    """The machine and the date of a measurement."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
    }


def save(name: str, result: Result, folder: Path = RESULTS) -> None:
    """Save the result of a measurement."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(dataclasses.asdict(result.in_order()), indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def load(name: str, folder: Path = RESULTS) -> Result | None:
    """The saved result of a measurement, or None."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Result(
        checks=[Check(**_spread(check)) for check in raw["checks"]],
        tables=[Table(**table) for table in raw["tables"]],
        charts=[_chart(chart) for chart in raw["charts"]],
        notes=raw["notes"],
        machine=raw["machine"],
    )


def _spread(raw: dict[str, Any]) -> dict[str, Any]:
    spread = raw["spread"]
    return {**raw, "spread": (spread[0], spread[1]) if spread else None}


def _chart(raw: dict[str, Any]) -> Chart:
    limits = [Limit(**limit) for limit in raw["limits"]]
    if "groups" in raw:
        return BarChart(**{**raw, "limits": limits, "bars": [Bars(**bars) for bars in raw["bars"]]})
    series = [Series(**one) for one in raw["series"]]
    return LineChart(**{**raw, "limits": limits, "series": series})
