"""Charts: their data, and their pictures, which matplotlib draws."""

import dataclasses
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Colours that people with colour blindness can tell apart (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#56687a")
LIMIT_COLOUR = "#cf222e"

# The picture follows the dark mode of the system, as the site does.
DARK = (
    "<style>@media(prefers-color-scheme:dark){svg{filter:invert(0.93) hue-rotate(180deg)}}</style>"
)


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

    @property
    def digest(self) -> str:
        """A text for these data, which is kept in the picture."""
        data = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(data.encode()).hexdigest()


def draw(chart: LineChart) -> str:
    """The chart as the text of an SVG file. Needs the extra `docs`."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": chart.name,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(7.6, 4.2), layout="constrained")
        axes: Any = figure.subplots()
        axes.set_title(chart.title, fontsize=11, fontweight="bold", loc="left", pad=34)
        axes.set_xlabel(chart.x_axis)
        axes.set_ylabel(chart.y_axis)
        for series, colour in zip(chart.series, COLOURS, strict=False):
            style = ":" if series.ideal else "o-"
            axes.plot(*zip(*series.points, strict=True), style, color=colour, label=series.label)
        for limit in chart.limits:
            axes.axhline(limit.value, color=LIMIT_COLOUR, linestyle="--", linewidth=1.2)
            axes.annotate(
                limit.label,
                (1, limit.value),
                (0, 4),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                ha="right",
                color=LIMIT_COLOUR,
                fontsize=9,
            )
        if chart.log_x:
            axes.set_xscale("log")
        axes.set_ylim(0, 1.06 * axes.get_ylim()[1])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.grid(axis="y", alpha=0.4)
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4, "frameon": False}
        axes.legend(**place, fontsize=9, borderaxespad=0)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Description": chart.digest})
    # Measured with the font that comes with matplotlib, shown with that of the reader.
    text = (
        file.getvalue()
        .replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")
        .replace(" <defs>", f" {DARK}\n <defs>", 1)
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def number(value: float) -> str:
    """A number as text, such as 12,500 or 0.45."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3f}".rstrip("0")
