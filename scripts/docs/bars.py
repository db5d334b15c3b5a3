"""An animated SVG of the progress bars of a recorded sync."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from scripts.docs.terminal import LETTER, MARGIN, ROW, TOP, window

BARS = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "bars.json"
COMMAND = "tap-bigcommerce --config config.json > messages.jsonl"

REST = 4.0
"""Seconds for which the last frame is shown before the animation restarts."""

COLOURS = {
    "default": "#d1d7e0",
    "cyan": "#56b4e9",
    "green": "#7ee787",
    "brown": "#e3b341",
    "yellow": "#e3b341",
    "red": "#ff7b72",
}

# Without animation, also if the reader prefers none, the frame with the longest wait is shown.
STYLE = """
.f{{visibility:hidden}}.still{{visibility:visible}}
@media (prefers-reduced-motion:no-preference){{
.still{{visibility:hidden}}
{frames}
}}
"""

Frame = tuple[float, list[list[tuple[str, str]]]]
"""Seconds since the start, and the rows of the screen, each as texts with their colours."""


def recorded() -> list[Frame]:
    """The frames that `record_bars` has saved."""
    frames: list[Frame] = json.loads(BARS.read_text("utf-8"))
    return frames


def draw(frames: Sequence[Frame]) -> str:
    """The recording as the text of an SVG file."""
    length = frames[-1][0] + REST
    widest = max(sum(len(text) for text, _ in row) for _, rows in frames for row in rows)
    width = 2 * MARGIN + LETTER * max(widest, len(COMMAND) + 2)
    height = TOP + ROW * (max(len(rows) for _, rows in frames) + 1) + MARGIN / 2
    ends = [at for at, _ in frames[1:]] + [length]
    starts = [0.0, *ends[:-1]]
    still = max(range(len(frames)), key=lambda number: _waits(frames[number]))
    moves = "\n".join(
        _move(number, start / length, end / length, length)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    title = "A sync on a terminal: a bar a stream, the quota, and what it waits for"
    parts = window(width, height, title, COMMAND, STYLE.format(frames=moves))
    for number, (_, rows) in enumerate(frames):
        kind = "f still" if number == still else "f"
        parts.append(f'<g class="{kind} f{number}">')
        for row, pieces in enumerate(rows, 1):
            spans = "".join(
                f'<tspan fill="{_colour(colour)}">{escape(text)}</tspan>' for text, colour in pieces
            )
            if spans:
                parts.append(f'<text x="{MARGIN}" y="{TOP + ROW * row + 6:.1f}">{spans}</text>')
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def _waits(frame: Frame) -> int:
    """The seconds of waiting for the quota that the frame shows."""
    found = re.search(r"waiting: quota: (\d+) s", str(frame[1]))
    return int(found[1]) if found else -1


def _move(number: int, start: float, end: float, length: float) -> str:
    """CSS that shows a frame from `start` to `end`, as shares of the length in seconds."""
    steps = "".join(
        f"{share:.2%}{{visibility:{seen}}}"
        for share, seen in ((0, "hidden"), (start, "visible"), (end, "hidden"))
        if share < 1 and (share, seen) != (start, "hidden")
    )
    return (
        f"@keyframes k{number}{{{steps}}}"
        f".f{number}{{animation:k{number} {length:.2f}s step-end infinite}}"
    )


def _colour(name: str) -> str:
    if name in COLOURS:
        return COLOURS[name]
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else COLOURS["default"]
