"""Charts as data: what a picture shows, without how it is drawn (see `svg`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A bar to reach, or an ideal: a dashed line across the picture."""

    label: str
    value: float


@dataclass(frozen=True)
class Series:
    """One line: its points (x, y) from left to right. `ideal`: no measurement, drawn dashed."""

    label: str
    points: Sequence[Sequence[float]]
    ideal: bool = False


@dataclass(frozen=True)
class LineChart:
    """Lines over a numeric axis; `log_x` and `log_y`: with a logarithmic scale."""

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
    """One value a group, in the order of the chart's groups.

    `spreads`: lowest and highest of each; `limits`: the bar that each has to reach.
    """

    label: str
    values: Sequence[float]
    spreads: Sequence[Sequence[float]] = ()
    limits: Sequence[float] = ()


@dataclass(frozen=True)
class BarChart:
    """Upright bars in groups. `decimals` of the value written on each."""

    name: str
    title: str
    y_axis: str
    groups: Sequence[str]
    bars: Sequence[Bars]
    limits: Sequence[Limit] = ()
    decimals: int = 0


Chart = LineChart | BarChart
