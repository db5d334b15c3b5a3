"""The picture of how a deletion is found: ids written, ids listed, what is missing asked for."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.docs.svg import line, picture, rect, text

WIDTH, HEIGHT = 820, 372
LEFT, STEP, BOX = 190, 66, 56
IDS = range(101, 110)
WRITTEN = range(101, 109)
DELETED, HIDDEN = 103, 106
LISTED = [id_ for id_ in IDS if id_ not in (DELETED, HIDDEN)]

LIGHT_STYLE = (
    ".gone{fill:#cf222e}.there{fill:#1a7f37}.gap{fill:none;stroke:#afb8c1;stroke-dasharray:4 3}"
    ".ask{stroke:#59636e;stroke-width:1.4}.on{fill:#ffffff;font-weight:600}"
)
DARK_STYLE = (
    ".gone{fill:#ff7b72}.there{fill:#3fb950}.gap{stroke:#4a5460}.ask{stroke:#9da7b3}"
    ".on{fill:#0d1117;font-weight:600}"
)


def draw() -> str:
    """The picture, as the text of an SVG file."""
    title = "How a deletion is found"
    gone, there = _middle(DELETED), _middle(HIDDEN)
    parts = [
        text(24, 34, title, "title"),
        *_row(74, ("written by", "this state's syncs"), WRITTEN, "f0"),
        *_row(142, ("in the list now", "(the sweep)"), LISTED, "f2"),
        text(24, 222, "missing: asked for", "bold"),
        text(24, 238, "by its own id", "small soft"),
        line(gone, 178, gone, 206, "ask"),
        line(there, 178, there, 206, "ask"),
        text(gone, 222, "not found", "bold gone", "middle"),
        text(there, 222, "here it is", "bold there", "middle"),
        text(there, 238, "the list left it out", "small soft", "middle"),
        text(24, 290, "what is written", "bold"),
        line(gone, 234, gone, 274, "ask"),
        line(there, 248, there, 274, "ask"),
        text(gone, 290, f'{{"id": {DELETED}, "_sdc_deleted_at": "..."}}', "small", "middle"),
        text(there, 290, "nothing", "small", "middle"),
        text(24, 336, f"{IDS[-1]} is new: its record comes with the stream, as ever. It is known"),
        text(24, 354, "from then on. What was never written is never missed."),
    ]
    return picture(title, WIDTH, HEIGHT, parts, light=LIGHT_STYLE, dark=DARK_STYLE)


def _row(y: float, name: tuple[str, str], ids: Iterable[int], kind: str) -> list[str]:
    """The ids in boxes, with gaps where one is missing."""
    parts = [text(24, y + 14, name[0], "bold"), text(24, y + 30, name[1], "small soft")]
    there = set(ids)
    for id_ in IDS:
        x = _middle(id_) - BOX / 2
        parts.append(rect(x, y, BOX, 32, kind if id_ in there else "gap", 4))
        if id_ in there:
            parts.append(text(_middle(id_), y + 20.5, str(id_), "on", "middle"))
    return parts


def _middle(id_: int) -> float:
    return LEFT + STEP * (id_ - IDS[0]) + BOX / 2
