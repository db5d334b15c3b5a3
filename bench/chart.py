"""The data of charts; `svg` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A bar to meet, or an ideal: a dashed line across the chart."""

    label: str
    value: float


@dataclass(frozen=True)
class Series:
    """A line: its points (x, y) from left to right. `ideal`: not measured, drawn dashed."""

    label: str
    points: Sequence[Sequence[float]]
    ideal: bool = False


@dataclass(frozen=True)
class LineChart:
    """Lines over a numeric axis. `log_x` and `log_y`: logarithmic scales."""

    name: str
    title: str
    x_axis: str
    y_axis: str
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Bars:
    """A value for each of the chart's groups.

    `spreads`: the lowest and highest of each value; `limits`: the bar that each has to meet.
    """

    label: str
    values: Sequence[float]
    spreads: Sequence[Sequence[float]] = ()
    limits: Sequence[float] = ()


@dataclass(frozen=True)
class BarChart:
    """Vertical bars in groups. `decimals`: those of the value above each bar."""

    name: str
    title: str
    y_axis: str
    groups: Sequence[str]
    bars: Sequence[Bars]
    limits: Sequence[Limit] = ()
    decimals: int = 0


Chart = LineChart | BarChart
