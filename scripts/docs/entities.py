"""The entities of a diagram, their foreign keys, and their order in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tap_bigcommerce.streams import STREAMS
from tap_bigcommerce.streams.stream import Stream


@dataclass(frozen=True)
class Reference:
    """A foreign key: the path of a field, and the stream that it refers to."""

    path: str
    target: str


@dataclass(frozen=True)
class Entity:
    """A stream in a diagram, with its foreign keys."""

    name: str
    references: tuple[Reference, ...]


def entities_of(streams: Sequence[Stream]) -> list[Entity]:
    """The streams with their foreign keys."""
    return [Entity(stream.name, references_of(stream.name)) for stream in streams]


def references_of(name: str) -> tuple[Reference, ...]:
    """A stream's foreign keys, nested ones too."""
    return tuple(
        Reference(path, key.partition(".")[0]) for path, key in STREAMS[name].references.items()
    )


def columns(entities: Sequence[Entity]) -> dict[str, int]:
    """Each entity's column, to the left of the entities that it refers to.

    References that would close a cycle are ignored.
    """
    by_name = {entity.name: entity for entity in entities}
    depth: dict[str, int] = {}

    def depth_of(name: str, above: tuple[str, ...]) -> int:
        """The number of columns to the right of an entity."""
        if name not in depth:
            below = [
                depth_of(reference.target, (*above, name)) + 1
                for reference in by_name[name].references
                if reference.target in by_name and reference.target not in (*above, name)
            ]
            depth[name] = max(below, default=0)
        return depth[name]

    for name in by_name:
        depth_of(name, ())
    deepest = max(depth.values(), default=0)
    return {name: deepest - value for name, value in depth.items()}


def ordered(entities: Sequence[Entity], column: Mapping[str, int]) -> list[list[Entity]]:
    """The columns from left to right, each sorted so that few lines cross."""
    found: list[list[Entity]] = [
        [entity for entity in entities if column[entity.name] == number]
        for number in range(max(column.values()) + 1)
    ]
    linked: dict[str, set[str]] = {entity.name: set() for entity in entities}
    for entity in entities:
        for reference in entity.references:
            if reference.target != entity.name and reference.target in linked:
                linked[entity.name].add(reference.target)
                linked[reference.target].add(entity.name)
    for _ in range(8):
        positions = {
            entity.name: (row + 0.5) / len(members)
            for members in found
            for row, entity in enumerate(members)
        }
        for members in found:
            members.sort(
                key=lambda e: (
                    sum(positions[other] for other in linked[e.name]) / len(linked[e.name])
                    if linked[e.name]
                    else positions[e.name]
                )
            )
    return [members for members in found if members]
