"""The data of charts; `svg` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A bar to meet: a dashed line across the chart."""

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
    """Lines over a numeric axis. `log_x`: a logarithmic scale."""

    name: str
    title: str
    x_axis: str
    y_axis: str
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    log_x: bool = False


def number(value: float) -> str:
    """A number as text, such as 12,500 or 0.45."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3f}".rstrip("0")
