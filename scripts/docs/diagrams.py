"""Entity diagrams, from the streams' foreign keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.svg import LIGHT
from scripts.docs import entities
from scripts.docs.entities import Entity, Reference
from scripts.docs.line_routes import Gaps, Point, curve, loop
from scripts.docs.stream_pages import picture_name
from scripts.docs.svg import path, picture, rect, text
from tap_bigcommerce.streams import FAMILIES
from tap_bigcommerce.streams.stream import Stream

MARGIN, TOP, ROW, GAP = 24.0, 56.0, 20.0, 14.0
GUTTER = 110.0
LETTER, BOLD_LETTER = 7.0, 8.3
"""Estimated width of a character, for the widest default font of a system."""


@dataclass(frozen=True)
class Box:
    """An entity with its position in the diagram."""

    entity: Entity
    column: int
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return ROW * (1 + len(self.entity.references)) + 8

    def row(self, number: int) -> float:
        """The height of the middle of a row; row 0 is the name."""
        return self.y + ROW * (number + 0.5) + 4


def family_diagram(family: str, streams: Sequence[Stream]) -> str:
    """All streams of a family with their foreign keys; those to other families as text."""
    drawn = entities.entities_of(streams)
    columns = entities.ordered(drawn, entities.columns(drawn))
    heights = [_height(members) for members in columns]
    inside = {entity.name for entity in drawn}
    boxes: dict[str, Box] = {}
    x = MARGIN
    for number, (members, height) in enumerate(zip(columns, heights, strict=True)):
        width = max(_width(entity, inside) for entity in members)
        y = TOP + (max(heights) - height) / 2
        for entity in members:
            box = Box(entity, number, x, y, width)
            boxes[entity.name] = box
            y += box.height + GAP
        x += width + GUTTER
    title = f"{family.capitalize()}: foreign keys"
    parts = [text(MARGIN, 34, title, "title"), *_lines(boxes), *_boxes(boxes)]
    return picture(title, x - GUTTER + MARGIN + 20, TOP + max(heights) + MARGIN, parts)


def _width(entity: Entity, inside: Collection[str]) -> float:
    rows = [LETTER * len(_label(entity, reference, inside)) for reference in entity.references]
    return max(BOLD_LETTER * len(entity.name), *rows, 60) + 22


def _label(entity: Entity, reference: Reference, inside: Collection[str]) -> str:
    """The text of a foreign key, with its target if no line shows that."""
    if reference.target == entity.name:
        return f"{reference.path} ↺"
    return (
        reference.path if reference.target in inside else f"{reference.path} → {reference.target}"
    )


def _height(members: Sequence[Entity]) -> float:
    return sum(ROW * (1 + len(entity.references)) + 8 + GAP for entity in members) - GAP


def _boxes(boxes: dict[str, Box]) -> Iterator[str]:
    for box in boxes.values():
        yield rect(box.x, box.y, box.width, box.height, "box")
        yield text(box.x + 10, box.row(0) + 4.5, box.entity.name, "bold")
        for number, reference in enumerate(box.entity.references, 1):
            label = _label(box.entity, reference, boxes)
            yield text(box.x + 10, box.row(number) + 4, label, "small soft")


def _lines(boxes: dict[str, Box]) -> Iterator[str]:
    found = [
        (box, box.row(number), boxes[reference.target])
        for box in boxes.values()
        for number, reference in enumerate(box.entity.references, 1)
        if reference.target in boxes and reference.target != box.entity.name
    ]
    kinds = _kinds(target.entity.name for _, _, target in found)
    columns: dict[int, list[Box]] = {}
    for box in boxes.values():
        columns.setdefault(box.column, []).append(box)
    gaps = {
        number: Gaps(((box.y, box.y + box.height) for box in members), GAP)
        for number, members in columns.items()
    }
    for box, y, target in found:
        kind, end = kinds[target.entity.name], target.row(0)
        right, end_right = box.x + box.width, target.x + target.width
        if target.column > box.column:
            points = [(right, y)]
            for number in range(box.column + 1, target.column):
                share = (number - box.column) / (target.column - box.column)
                height = gaps[number].height(y + (end - y) * share, target.entity.name)
                passed = columns[number][0]
                points += [(passed.x, height), (passed.x + passed.width, height)]
            points.append((target.x, end))
            yield from _line(curve(points), points[-1], kind)
        elif target.column < box.column:
            yield from _line(curve([(box.x, y), (end_right, end)]), (end_right, end), kind)
        else:
            out = max(right, end_right) + 36
            yield from _line(loop((right, y), (end_right, end), out), (end_right, end), kind)


def _line(drawn: str, end: Point, kind: str) -> Iterator[str]:
    """A line with a dot at its end, at the target."""
    yield path(drawn, f"line {kind}")
    yield f'<circle class="{kind.replace("s", "f")}" cx="{end[0]:.1f}" cy="{end[1]:.1f}" r="3.5"/>'


# The picture of all streams: the families in three columns, a line for each pair of streams.
COLUMNS = (("customers", "store"), ("orders", "pricing and marketing"), ("catalog", "inventory"))
MIDDLE = 1
"""The column that some lines pass, between its two families."""
WIDE, LINE, BETWEEN = 232.0, 24.0, 170.0
HEAD, APART, PASSAGE = 28.0, 18.0, 56.0


def full_diagram() -> str:
    """All streams. Lines within a column are at its left, others run between the columns."""
    positions: dict[str, tuple[int, float]] = {}
    parts: list[str] = []
    lowest = passage = 0.0
    of_family = FAMILIES
    for number, names in enumerate(COLUMNS):
        y, x = TOP, _left(number)
        for family in names:
            parts.append(text(x, y + 18, family.capitalize(), "bold"))
            y += HEAD
            for stream in of_family[family]:
                positions[stream.name] = (number, y + LINE / 2)
                parts.append(rect(x, y + 2, WIDE, LINE - 4, "box", 4))
                parts.append(text(x + 10, y + LINE / 2 + 4, stream.name, "small"))
                y += LINE
            if number == MIDDLE and family == names[0]:
                passage = y + PASSAGE / 2
                y += PASSAGE
            else:
                y += APART
        lowest = max(lowest, y)
    title = "All streams and what they refer to"
    drawn = [text(MARGIN, 34, title, "title"), *_links(positions, passage), *parts]
    return picture(title, _left(len(COLUMNS) - 1) + WIDE + MARGIN, lowest + 6, drawn)


def _left(column: int) -> float:
    """Where a column of the picture of all streams begins."""
    return MARGIN + BETWEEN / 2 + column * (WIDE + BETWEEN)


def _links(positions: dict[str, tuple[int, float]], passage: float) -> Iterator[str]:
    pairs = list(
        dict.fromkeys(
            (name, reference.target)
            for name in positions
            for reference in entities.references_of(name)
            if reference.target != name
        )
    )
    kinds = _kinds(target for _, target in pairs)
    middle = _left(MIDDLE)
    # The only gap for these lines.
    gaps = Gaps([(passage, passage)], 0)
    for name, target in pairs:
        (from_column, y1), (to_column, y2) = positions[name], positions[target]
        x1, x2 = _left(from_column), _left(to_column)
        end = (x2, y2)
        if from_column == to_column:
            # The longer, the wider.
            drawn = loop((x1, y1), end, x1 - min(72.0, 14 + abs(y2 - y1) * 0.14))
        else:
            if from_column < to_column:
                x1 += WIDE
            else:
                end = (x2 + WIDE, y2)
            passed: list[Point] = []
            if MIDDLE not in (from_column, to_column):
                height = gaps.height(passage, target)
                passed = [(middle, height), (middle + WIDE, height)]
                if from_column > to_column:
                    passed.reverse()
            drawn = curve([(x1, y1), *passed, end])
        yield from _line(drawn, end, kinds[target])


def _kinds(targets: Iterable[str]) -> dict[str, str]:
    """The colour of each target: the most frequent targets have separate colours."""
    by_count = [name for name, _ in Counter(targets).most_common()]
    last = len(LIGHT) - 1
    return {name: f"s{min(rank, last)}" for rank, name in enumerate(by_count)}


def pictures() -> dict[str, str]:
    """Each diagram by its file name."""
    drawn = {picture_name(name): family_diagram(name, s) for name, s in FAMILIES.items()}
    return {"entities.svg": full_diagram(), **drawn}
