"""The picture of how a deletion is found: written ids, listed ids, lookups of missing ids."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.docs.svg import line, picture, rect, text

WIDTH, HEIGHT = 820, 372
LEFT, STEP, BOX = 190, 66, 56
IDS = range(101, 110)
WRITTEN = range(101, 109)
DELETED, NOT_LISTED = 103, 106
LISTED = [id_ for id_ in IDS if id_ not in (DELETED, NOT_LISTED)]

LIGHT_STYLE = (
    ".deleted{fill:#cf222e}.exists{fill:#1a7f37}.gap{fill:none;stroke:#afb8c1;stroke-dasharray:4 3}"
    ".arrow{stroke:#59636e;stroke-width:1.4}.on{fill:#ffffff;font-weight:600}"
)
DARK_STYLE = (
    ".deleted{fill:#ff7b72}.exists{fill:#3fb950}.gap{stroke:#4a5460}.arrow{stroke:#9da7b3}"
    ".on{fill:#0d1117;font-weight:600}"
)


def draw() -> str:
    """The picture, as the text of an SVG file."""
    title = "How a deletion is found"
    deleted, found = _middle(DELETED), _middle(NOT_LISTED)
    parts = [
        text(24, 34, title, "title"),
        *_row(74, ("written by", "this state's syncs"), WRITTEN, "f0"),
        *_row(142, ("in the list now", "(the id scan)"), LISTED, "f2"),
        text(24, 222, "missing: looked up", "bold"),
        text(24, 238, "by their ids", "small soft"),
        line(deleted, 178, deleted, 206, "arrow"),
        line(found, 178, found, 206, "arrow"),
        text(deleted, 222, "not found", "bold deleted", "middle"),
        text(found, 222, "found", "bold exists", "middle"),
        text(found, 238, "missing in the list only", "small soft", "middle"),
        text(24, 290, "what is written", "bold"),
        line(deleted, 234, deleted, 274, "arrow"),
        line(found, 248, found, 274, "arrow"),
        text(deleted, 290, f'{{"id": {DELETED}, "_sdc_deleted_at": "..."}}', "small", "middle"),
        text(found, 290, "nothing", "small", "middle"),
        text(
            24,
            336,
            f"{IDS[-1]} is new: its record is written as usual, and its id is kept from then on.",
        ),
        text(24, 354, "Records that were never written are never reported as deleted."),
    ]
    return picture(title, WIDTH, HEIGHT, parts, light=LIGHT_STYLE, dark=DARK_STYLE)


def _row(y: float, name: tuple[str, str], ids: Iterable[int], kind: str) -> list[str]:
    """The ids in boxes, with an empty box for each missing one."""
    parts = [text(24, y + 14, name[0], "bold"), text(24, y + 30, name[1], "small soft")]
    present = set(ids)
    for id_ in IDS:
        x = _middle(id_) - BOX / 2
        parts.append(rect(x, y, BOX, 32, kind if id_ in present else "gap", 4))
        if id_ in present:
            parts.append(text(_middle(id_), y + 20.5, str(id_), "on", "middle"))
    return parts


def _middle(id_: int) -> float:
    return LEFT + STEP * (id_ - IDS[0]) + BOX / 2
