"""An animated SVG of a recorded terminal session."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

CAST = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "demo.cast"
COLUMNS = 100

LETTER, ROW, MARGIN, TOP = 7.85, 18.5, 18, 52
"""In pixels: the width of a character, the height of a line, and the margins."""

# The terminal is dark on all pages. Without animation, all lines are shown.
WINDOW_STYLE = """
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:#d1d7e0;white-space:pre}
.ground{fill:#0d1117;stroke:#3d444d}.command{fill:#7ee787}
"""
STYLE = """
.heading{fill:#ffffff;font-weight:700}.good{fill:#56b4e9}.soft{fill:#9da7b3}
@keyframes appear{from{opacity:0}to{opacity:1}}
@media (prefers-reduced-motion:no-preference){
.l{animation:appear .05s both}}
"""


@dataclass(frozen=True)
class Line:
    """A line of the screen. `at`: seconds until it was complete."""

    at: float
    text: str
    bold: bool


def read_cast(text: str) -> tuple[str, list[Line]]:
    """The recorded command, and the lines that it printed."""
    head, *events = (json.loads(line) for line in text.splitlines())
    lines: list[Line] = []
    rest = ""
    for at, _, output in events:
        *complete, rest = (rest + output).split("\n")
        lines += [_line(at, line) for line in complete]
    while lines and not lines[0].text:
        lines.pop(0)
    return str(head["command"]), lines


def draw(cast: str) -> str:
    """The session as the text of an SVG file."""
    command, lines = read_cast(cast)
    width = max(2 * MARGIN + LETTER * max(len(line.text) for line in lines), 600)
    height = TOP + ROW * (len(lines) + 2) + MARGIN
    parts = window(width, height, f"{command}: what it prints", command, STYLE)
    # Below the command and an empty line.
    for row, line in enumerate(lines, 2):
        if line.text:
            parts.append(
                f'<text class="l {_kind(line)}" style="animation-delay:{line.at:.2f}s" '
                f'x="{MARGIN}" y="{TOP + ROW * row:.1f}">{escape(line.text)}</text>'
            )
    return "\n".join([*parts, "</svg>\n"])


def window(width: float, height: float, title: str, command: str, style: str) -> list[str]:
    """The first lines of an SVG file: a terminal window with a command at its top."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>{WINDOW_STYLE}{style}</style>",
        f'<rect class="ground" x=".5" y=".5" width="{width - 1:.0f}" '
        f'height="{height - 1:.0f}" rx="9"/>',
        *(
            f'<circle cx="{MARGIN + 6 + 20 * place}" cy="20" r="6" fill="{colour}"/>'
            for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        ),
        f'<text class="command" x="{MARGIN}" y="{TOP}">$ {escape(command)}</text>',
    ]


def _line(at: float, text: str) -> Line:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip()
    return Line(float(at), plain, bold="\x1b[1m" in text)


def _kind(line: Line) -> str:
    if line.bold:
        return "heading"
    if re.match(r" +(\$|\|) ", line.text):
        return "command"
    return "good" if "all are here" in line.text else ""
