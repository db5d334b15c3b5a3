"""The picture of a bookmark and a resume point: two runs of one walk, the first of them stopped."""

from __future__ import annotations

from scripts.docs.svg import line, picture, rect, text

WIDTH, HEIGHT = 820, 452
LEFT, RIGHT = 190, 780
IDS = (1, 9_000)
STOPPED = 5_400
RUNS = (("run 1", 1, STOPPED, 0), ("run 2", STOPPED, 9_000, 1))

LIGHT_STYLE = (
    ".mark{stroke:#cf222e;stroke-width:1.6;stroke-dasharray:5 4}.told{fill:#cf222e}"
    ".pale{fill:#eaeef2}.on{fill:#ffffff;font-weight:600}"
)
DARK_STYLE = (
    ".mark{stroke:#ff7b72}.told{fill:#ff7b72}.pale{fill:#21262d}.on{fill:#0d1117;font-weight:600}"
)


def draw() -> str:
    """The picture, as the text of an SVG file."""
    title = "A walk that is stopped and goes on"
    parts = [text(24, 34, title, "title"), *_walk(), *_dates()]
    return picture(title, WIDTH, HEIGHT, parts, light=LIGHT_STYLE, dark=DARK_STYLE)


def _walk() -> list[str]:
    """The list by rising id, and what each run reads of it."""
    top = 96.0
    parts = [
        text(24, 68, "The list, by rising id", "bold"),
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
        text(stop + 8, top + 31, "stopped: the last STATE holds", "small told"),
        text(stop - 8, top + 76, '"resume": {"after_id": 5400, ...}', "small told", "end"),
        text(
            24, top + 126, "Run 2 goes on after the last id that run 1 has written. The rows of", ""
        ),
        text(24, top + 144, "run 1 have landed already, and are not read a second time.", ""),
    ]
    return parts


def _dates() -> list[str]:
    """The bookmark on the axis of dates of change."""
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
            for x, words in (
                (old, "bookmark before"),
                (began, "run 1 begins"),
                (ended, "run 2 ends"),
            )
            for part in (
                line(x, y - 16, x, y + 16, "mark"),
                text(x, y - 22, words, "small told", "middle"),
            )
        ),
        text((old + began) / 2, y + 30, "changed since: read now", "small", "middle"),
        text(began + 6, y + 30, "changed meanwhile: next sync", "small"),
        text(
            24,
            y + 68,
            "While the walk goes on, the bookmark stays. When it is complete, the bookmark",
        ),
        text(
            24,
            y + 86,
            "becomes the newest date that was written, but never later than the start of",
        ),
        text(24, y + 104, "run 1: what changed behind the reader comes with the next sync."),
    ]


def _at(id_: int) -> float:
    first, last = IDS
    return LEFT + (RIGHT - LEFT) * (id_ - first) / (last - first)
