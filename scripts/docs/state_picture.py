"""Draws the picture of a bookmark and a resume point: a run is stopped, the next one resumes."""

from __future__ import annotations

from scripts.docs.svg import line, picture, rect, text

WIDTH, HEIGHT = 820, 452
LEFT, RIGHT = 190, 780
IDS = (1, 9_000)
STOPPED = 5_400
RUNS = (("run 1", 1, STOPPED, 0), ("run 2", STOPPED, 9_000, 1))

LIGHT_STYLE = (
    ".mark{stroke:#cf222e;stroke-width:1.6;stroke-dasharray:5 4}.note{fill:#cf222e}"
    ".pale{fill:#eaeef2}.on{fill:#ffffff;font-weight:600}"
)
DARK_STYLE = (
    ".mark{stroke:#ff7b72}.note{fill:#ff7b72}.pale{fill:#21262d}.on{fill:#0d1117;font-weight:600}"
)


def draw() -> str:
    """The picture, as the text of an SVG file."""
    title = "A sync that is stopped and resumed"
    parts = [text(24, 34, title, "title"), *_list(), *_dates()]
    return picture(title, WIDTH, HEIGHT, parts, light=LIGHT_STYLE, dark=DARK_STYLE)


def _list() -> list[str]:
    """The list, in order of ids, and the part that each run reads."""
    top = 96.0
    parts = [
        text(24, 68, "The list, ordered by id", "bold"),
        rect(LEFT, top - 14, RIGHT - LEFT, 12, "pale", 3),
        text(LEFT, 76, "id 1", "small soft"),
        text(RIGHT, 76, "the last id", "small soft", "end"),
    ]
    stop = _at(STOPPED)
    for number, (name, first, last, kind) in enumerate(RUNS):
        y = top + 16 + 44 * number
        parts += [
            text(24, y + 18, name, "bold"),
            rect(_at(first), y, _at(last) - _at(first), 26, f"f{kind * 2}", 4),
            text(_at(first) + 10, y + 17.5, "reads and writes, page by page", "small on"),
        ]
    parts += [
        line(stop, top - 20, stop, top + 104, "mark"),
        text(stop + 8, top + 31, "stopped: the last STATE holds", "small note"),
        text(stop - 8, top + 76, '"resume": {"after_id": 5400, ...}', "small note", "end"),
        text(
            24, top + 126, "Run 2 resumes after the last id that run 1 has written. The rows of", ""
        ),
        text(24, top + 144, "run 1 are in the target already, and are not read a second time.", ""),
    ]
    return parts


def _dates() -> list[str]:
    """The bookmark on a time axis."""
    y = 322.0
    old, began, ended = LEFT + 110, LEFT + 350, LEFT + 520
    return [
        text(24, 278, "The bookmark, a date", "bold"),
        line(LEFT, y, RIGHT, y, "rule"),
        rect(LEFT, y - 6, old - LEFT, 12, "pale", 3),
        rect(old, y - 6, began - old, 12, "f0", 3),
        rect(began, y - 6, ended - began, 12, "f1", 3),
        *(
            part
            for x, label in (
                (old, "bookmark before"),
                (began, "run 1 starts"),
                (ended, "run 2 ends"),
            )
            for part in (
                line(x, y - 16, x, y + 16, "mark"),
                text(x, y - 22, label, "small note", "middle"),
            )
        ),
        text((old + began) / 2, y + 30, "changed since then: read now", "small", "middle"),
        text(began + 6, y + 30, "changed during it: next sync", "small"),
        text(
            24,
            y + 68,
            "While the list is read, the bookmark does not move. When it is complete, the",
        ),
        text(
            24,
            y + 86,
            "bookmark becomes the newest date that was written, but never later than the start",
        ),
        text(24, y + 104, "of run 1: the next sync reads the rows that changed in the meantime."),
    ]


def _at(id_: int) -> float:
    first, last = IDS
    return LEFT + (RIGHT - LEFT) * (id_ - first) / (last - first)
