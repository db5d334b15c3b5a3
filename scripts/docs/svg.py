"""Elements of SVG pictures, with colours for light and dark mode."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bench.svg import DARK, LIGHT

# The picture has a background, so that its text is readable on any page.
STYLE = """
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}.small{font-size:12px}.soft{fill:#59636e}.bold{font-weight:600}
.ground{fill:#ffffff}.box{fill:#f6f8fa;stroke:#afb8c1}.line{fill:none;stroke-width:1.4}.rule{stroke:#afb8c1;fill:none}
"""
DARK_STYLE = """
text{fill:#e6edf3}.soft{fill:#9da7b3}.ground{fill:#0d1117}.box{fill:#161b22;stroke:#4a5460}
.rule{stroke:#4a5460}
"""


def picture(
    title: str,
    width: float,
    height: float,
    parts: Iterable[str],
    *,
    light: str = "",
    dark: str = "",
) -> str:
    """A complete SVG file with `parts`. `light` and `dark` are additional CSS rules."""
    box = f"{width:.0f} {height:.0f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}{_colours(LIGHT)}{light}",
            f"@media (prefers-color-scheme:dark){{{DARK_STYLE}{_colours(DARK)}{dark}}}</style>",
            f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    """A text with its baseline at (x, y)."""
    kinds = f' class="{kind}"' if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kinds}{anchored}>{escape(content)}</text>'


def rect(x: float, y: float, width: float, height: float, kind: str, radius: float = 5) -> str:
    """A box; (x, y) is its upper left corner."""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="{radius:.0f}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: str, kind: str) -> str:
    """A line along `points`, as SVG writes them."""
    return f'<path class="{kind}" d="{points}"/>'


def _colours(colours: Iterable[str]) -> str:
    return "".join(
        f".s{number}{{stroke:{value}}}.f{number}{{fill:{value}}}"
        for number, value in enumerate(colours)
    )
