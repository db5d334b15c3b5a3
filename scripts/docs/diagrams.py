"""Entity diagrams, drawn from the streams' declarations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.svg import LIGHT
from scripts.docs import entities
from scripts.docs.entities import Entity, Reference
from scripts.docs.stream_pages import families, picture_name
from scripts.docs.svg import path, picture, rect, text
from tap_bigcommerce.streams.stream import Stream

MARGIN, TOP, ROW, GAP = 24.0, 56.0, 20.0, 14.0
GUTTER = 110.0
LETTER, BOLD_LETTER = 7.0, 8.3
"""The width of a letter, about: enough for the widest font that a system shows."""


@dataclass(frozen=True)
class Box:
    """An entity with its place."""

    entity: Entity
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return ROW * (1 + len(self.entity.references)) + 8

    def row(self, number: int) -> float:
        """The middle of a row; 0 is the name."""
        return self.y + ROW * (number + 0.5) + 4


def family_diagram(family: str, streams: Sequence[Stream]) -> str:
    """All streams of a family with every foreign key; streams of other families are named."""
    drawn = entities.entities_of(streams)
    columns = entities.ordered(drawn, entities.columns(drawn))
    heights = [_height(members) for members in columns]
    inside = {entity.name for entity in drawn}
    boxes: dict[str, Box] = {}
    x = MARGIN
    for members, height in zip(columns, heights, strict=True):
        width = max(_width(entity, inside) for entity in members)
        y = TOP + (max(heights) - height) / 2
        for entity in members:
            box = Box(entity, x, y, width)
            boxes[entity.name] = box
            y += box.height + GAP
        x += width + GUTTER
    title = f"{family.capitalize()}: foreign keys"
    parts = [text(MARGIN, 34, title, "title"), *_lines(boxes), *_boxes(boxes)]
    return picture(title, x - GUTTER + MARGIN + 20, TOP + max(heights) + MARGIN, parts)


def _width(entity: Entity, inside: Collection[str]) -> float:
    rows = [LETTER * len(_words(entity, reference, inside)) for reference in entity.references]
    return max(BOLD_LETTER * len(entity.name), *rows, 60) + 22


def _words(entity: Entity, reference: Reference, inside: Collection[str]) -> str:
    """A foreign key; where no line shows what it names, with its name."""
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
            words = _words(box.entity, reference, boxes)
            yield text(box.x + 10, box.row(number) + 4, words, "small soft")


def _lines(boxes: dict[str, Box]) -> Iterator[str]:
    kinds = _kinds(
        reference.target
        for box in boxes.values()
        for reference in box.entity.references
        if reference.target in boxes
    )
    for box in boxes.values():
        for number, reference in enumerate(box.entity.references, 1):
            target = boxes.get(reference.target)
            if target is not None and target is not box:
                yield from _line(box, box.row(number), target, kinds[reference.target])


def _line(box: Box, y: float, target: Box, kind: str) -> Iterator[str]:
    """From a row to the name of what it refers to, which has a dot where lines end."""
    end = target.row(0)
    right = box.x + box.width
    if target.x > right:
        x1, x2, bend = right, target.x, (target.x - right) / 2
        bends = (x1 + bend, x2 - bend)
    elif target.x + target.width < box.x:
        x1, x2 = box.x, target.x + target.width
        bend = (x1 - x2) / 2
        bends = (x1 - bend, x2 + bend)
    else:
        x1, x2 = right, target.x + target.width
        bends = (max(x1, x2) + 36, max(x1, x2) + 36)
    yield path(
        f"M{x1:.1f} {y:.1f}C{bends[0]:.1f} {y:.1f} {bends[1]:.1f} {end:.1f} {x2:.1f} {end:.1f}",
        f"line {kind}",
    )
    yield f'<circle class="{kind.replace("s", "f")}" cx="{x2:.1f}" cy="{end:.1f}" r="3.5"/>'


# The picture of all streams: the families in three columns, a line a pair of streams.
COLUMNS = (("customers", "store"), ("orders", "pricing and marketing"), ("catalog", "inventory"))
WIDE, LINE, BETWEEN = 232.0, 24.0, 170.0


def whole_diagram() -> str:
    """All streams. Within a family the lines run at its left, between families in the gaps."""
    places: dict[str, tuple[int, float]] = {}
    parts: list[str] = []
    lowest = 0.0
    of_family = families()
    for number, names in enumerate(COLUMNS):
        y, x = TOP, _left(number)
        for family in names:
            parts.append(text(x, y + 18, family.capitalize(), "bold"))
            y += 28
            for stream in of_family[family]:
                places[stream.name] = (number, y + LINE / 2)
                parts.append(rect(x, y + 2, WIDE, LINE - 4, "box", 4))
                parts.append(text(x + 10, y + LINE / 2 + 4, stream.name, "small"))
                y += LINE
            y += 18
        lowest = max(lowest, y)
    title = "All streams and what they refer to"
    drawn = [text(MARGIN, 34, title, "title"), *_links(places), *parts]
    return picture(title, _left(len(COLUMNS) - 1) + WIDE + MARGIN, lowest + 6, drawn)


def _left(column: int) -> float:
    """Where a column of the picture of all streams begins."""
    return MARGIN + BETWEEN / 2 + column * (WIDE + BETWEEN)


def _links(places: dict[str, tuple[int, float]]) -> Iterator[str]:
    pairs = list(
        dict.fromkeys(
            (name, reference.target)
            for name in places
            for reference in entities.references_of(name)
            if reference.target != name
        )
    )
    kinds = _kinds(target for _, target in pairs)
    for name, target in pairs:
        (from_column, y1), (to_column, y2) = places[name], places[target]
        kind = kinds[target]
        x1, x2 = _left(from_column), _left(to_column)
        if from_column == to_column:
            # The farther, the wider.
            bow = x1 - min(72.0, 14 + abs(y2 - y1) * 0.14)
            bends = (bow, bow)
        elif from_column < to_column:
            x1 += WIDE
            bends = (x1 + BETWEEN / 2, x2 - BETWEEN / 2)
        else:
            x2 += WIDE
            bends = (x1 - BETWEEN / 2, x2 + BETWEEN / 2)
        yield path(
            f"M{x1:.1f} {y1:.1f}C{bends[0]:.1f} {y1:.1f} {bends[1]:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
            f"line {kind}",
        )
        yield f'<circle class="{kind.replace("s", "f")}" cx="{x2:.1f}" cy="{y2:.1f}" r="3.5"/>'


def _kinds(targets: Iterable[str]) -> dict[str, str]:
    """Each target's colour: those that are named most have one of their own."""
    by_count = [name for name, _ in Counter(targets).most_common()]
    last = len(LIGHT) - 1
    return {name: f"s{min(place, last)}" for place, name in enumerate(by_count)}


def pictures() -> dict[str, str]:
    """Each diagram by its file name."""
    drawn = {picture_name(name): family_diagram(name, s) for name, s in families().items()}
    return {"entities.svg": whole_diagram(), **drawn}
