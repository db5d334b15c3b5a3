"""Draws charts as SVG, with colours for light and dark mode."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from bench.chart import LineChart, number

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 44, 84, 62
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

# Colours that people with colour blindness can tell apart (Okabe and Ito), for light and dark.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#9a7d00", "#56687a")
DARK = ("#56b4e9", "#ff9e4a", "#2fd6a3", "#e08ad0", "#f0e442", "#aab7c4")

# The picture paints its own ground, so that its text is readable on any page.
STYLE = """
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}.small{font-size:12px}.soft{fill:#59636e}
.ground{fill:#ffffff}.grid{stroke:#d9dee3;stroke-width:1}.axis{stroke:#59636e;stroke-width:1}
.line{fill:none;stroke-width:2.5;stroke-linejoin:round}.ideal{stroke-dasharray:2 5}
.limit{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:7 4}.note{fill:#cf222e}
%(light)s
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.soft{fill:#9da7b3}.ground{fill:#0d1117}.grid{stroke:#2b333d}
.axis{stroke:#9da7b3}.limit{stroke:#ff7b72}.note{fill:#ff7b72}
%(dark)s
}
"""


def draw(chart: LineChart) -> str:
    """The chart as the text of an SVG file."""
    colours = {"light": _colours(LIGHT), "dark": _colours(DARK)}
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(chart.title)}">'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(chart.title)}</title>",
            f"<style>{STYLE % colours}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
            _text(LEFT, 30, chart.title, "title"),
            *_lines(chart),
            "</svg>\n",
        ]
    )


class _Scale:
    """Maps values to positions on an axis between `near` and `far`."""

    def __init__(self, values: Iterable[float], near: float, far: float, *, log: bool) -> None:
        found = list(values)
        self._log = log
        self._near, self._far = near, far
        if log:
            self.low, self.high = min(found), max(found)
            self.ticks = _log_ticks(self.low, self.high)
            self.low = min(self.low, self.ticks[0])
            self.high = max(self.high, self.ticks[-1])
        else:
            self.ticks = _ticks(max(found))
            self.low, self.high = 0.0, self.ticks[-1]

    def __call__(self, value: float) -> float:
        low, high = self._through(self.low), self._through(self.high)
        share = (self._through(value) - low) / ((high - low) or 1.0)
        return self._near + share * (self._far - self._near)

    def _through(self, value: float) -> float:
        return math.log10(max(value, 1e-9)) if self._log else value


def _ticks(highest: float) -> list[float]:
    """Four to eight round values from 0 to at least `highest`."""
    highest = highest or 1.0
    step = 10.0 ** math.floor(math.log10(highest))
    for finer in (1.0, 2.0, 5.0, 10.0):
        if highest / (step / finer) >= 4:
            step /= finer
            break
    count = math.ceil(highest / step * 1.0001)
    return [round(number * step, 10) for number in range(count + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten from `low` to `high`; only powers in a wide range."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1,) if last - first > 4 else (1, 2, 5)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    below = max((tick for tick in ticks if tick <= low), default=ticks[0])
    above = min((tick for tick in ticks if tick >= high), default=ticks[-1])
    return [tick for tick in ticks if below <= tick <= above]


def _lines(chart: LineChart) -> list[str]:
    xs = [x for series in chart.series for x, _ in series.points]
    ys = [y for series in chart.series for _, y in series.points]
    ys += [limit.value for limit in chart.limits]
    x = _Scale(xs, LEFT, LEFT + PLOT_WIDTH, log=chart.log_x)
    y = _Scale(ys, TOP + PLOT_HEIGHT, TOP, log=False)
    parts = _frame(y, chart.y_axis)
    for tick in x.ticks:
        parts.append(_text(x(tick), TOP + PLOT_HEIGHT + 20, number(tick), "small", "middle"))
        parts.append(_line(x(tick), TOP + PLOT_HEIGHT, x(tick), TOP + PLOT_HEIGHT + 5, "axis"))
    parts.append(_text(LEFT + PLOT_WIDTH / 2, HEIGHT - 16, chart.x_axis, "soft", "middle"))
    for index, series in enumerate(chart.series):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in series.points)
        kind = "line ideal" if series.ideal else "line"
        parts.append(f'<polyline class="{kind} s{index}" points="{path}"/>')
        if not series.ideal:
            parts += [
                f'<circle class="f{index}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="4"/>'
                for a, b in series.points
            ]
    for limit in chart.limits:
        parts += _limit(limit.label, y(limit.value))
    dashed = [index for index, series in enumerate(chart.series) if series.ideal]
    return parts + _legend([series.label for series in chart.series], dashed)


def _frame(y: _Scale, label: str) -> list[str]:
    parts = []
    for tick in y.ticks:
        parts.append(_line(LEFT, y(tick), LEFT + PLOT_WIDTH, y(tick), "grid"))
        parts.append(_text(LEFT - 10, y(tick) + 4, number(tick), "small", "end"))
    parts.append(_line(LEFT, TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT, "axis"))
    middle = TOP + PLOT_HEIGHT / 2
    parts.append(
        f'<text class="soft" text-anchor="middle" '
        f'transform="translate(18 {middle:.0f}) rotate(-90)">{escape(label)}</text>'
    )
    return parts


def _limit(label: str, height: float) -> list[str]:
    return [
        _line(LEFT, height, LEFT + PLOT_WIDTH, height, "limit"),
        _text(LEFT + PLOT_WIDTH - 4, height - 5, label, "small note", "end"),
    ]


def _legend(labels: Sequence[str], dashed: Sequence[int]) -> list[str]:
    parts, left = [], float(LEFT)
    for index, label in enumerate(labels):
        if index in dashed:
            parts.append(_line(left, 52, left + 14, 52, f"line ideal s{index}"))
        else:
            square = f'x="{left:.0f}" y="46" width="12" height="12" rx="2"'
            parts.append(f'<rect class="f{index}" {square}/>')
        parts.append(_text(left + 18, 57, label, "small"))
        left += 34 + 6.6 * len(label)
    return parts


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    kinds = f' class="{kind}"' if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kinds}{anchored}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _colours(colours: Sequence[str]) -> str:
    return "".join(
        f".s{index}{{stroke:{colour}}}.f{index}{{fill:{colour}}}"
        for index, colour in enumerate(colours)
    )
