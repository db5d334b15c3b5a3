"""The types of the fields of simple lists: how the API writes a value, and sample values."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tap_bigcommerce_sandbox import texts
from tap_bigcommerce_sandbox.table import Row, Table
from tap_bigcommerce_sandbox.values import (
    SeededRandom,
    iso,
    money,
    name_number,
    number,
    rfc2822,
    unique_id,
    zulu,
)
from tap_bigcommerce_sandbox.world import World

CREATED = ("date_created", "created_at", "created")
MODIFIED = ("date_modified", "updated_at", "last_updated")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_DAY = 86400


@dataclass(frozen=True)
class Cell:
    """What a value is made from: the row that it belongs to, and the name of its field."""

    world: World
    rng: SeededRandom
    number: int
    """The number of the row, which is its id if it has one."""
    created: int
    modified: int
    parent: int = 0
    """The number of the parent, in a child list."""
    name: str = ""
    row: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The fields before this one."""


@dataclass(frozen=True)
class Field:
    """A field: makes its values. Any function of a cell will do for a type that is not below."""

    make: Callable[[Cell], Any]
    type: str
    """The JSON type."""
    nullable: bool = False
    free: bool = False
    """Whether it is a text that may say anything."""
    stamp: Callable[[int], str] | None = None
    """How a date is written, if it is written as a text."""
    form: Callable[[int], Any] = int
    """How the number of the row is written, if it is the row's id."""


def filled(cell: Cell, fields: Mapping[str, Field]) -> Row:
    """An object with a value for each of the fields."""
    row: Row = {}
    for name, item in fields.items():
        row[name] = item.make(dataclasses.replace(cell, name=name, row=row))
    return row


# Ids
def _own_id(form: Callable[[int], Any], kind: str) -> Field:
    return Field(lambda cell: form(cell.number), kind, form=form)


ID = _own_id(int, "integer")
TEXT_ID = _own_id(str, "string")
PARENT = Field(lambda cell: cell.parent, "integer")
"""The id of the parent."""


def unique(purpose: str) -> Field:
    """The row's own UUID, which others name by the same purpose."""
    return _own_id(partial(unique_id, purpose), "string")


def refers_to(kind: str) -> Field:
    """The id of a row of another list; 0 if there is none."""

    def make(cell: Cell) -> int:
        rows = cell.world.listed(kind)
        ids = rows.base if isinstance(rows, Table) else rows.ids
        return cell.rng.pick(ids) if ids else 0

    return Field(make, "integer")


# Texts
TEXT = Field(lambda cell: cell.rng.pick(("", "", *texts.SENTENCES)), "string", free=True)
NAME = Field(lambda cell: f"{cell.rng.pick(texts.NOUNS)} {cell.number}", "string", free=True)
CODE = Field(lambda cell: f"{cell.name.upper()}-{cell.number}", "string")
URL = Field(lambda cell: f"https://example.com/{cell.name}/{cell.number}", "string")


def one_of(*values: str | float) -> Field:
    """One of a few values, such as those of an enum."""
    return Field(lambda cell: cell.rng.pick(values), _TYPES[type(values[0])])


def in_turn(*values: str) -> Field:
    """A text by the row's number: the first one where it is 0, then the next."""
    return Field(lambda cell: values[cell.number % len(values)], "string", free=True)


# Numbers
FLAG = Field(lambda cell: cell.rng.chance(0.6), "boolean")
TEXT_NUMBER = Field(lambda cell: money(cell.rng.between(0, 50_000)), "string")
"""A decimal in v2, written as a text."""
NUMBER = Field(lambda cell: number(cell.rng.between(0, 50_000)), "number")
"""A decimal in v3: a number, without a point if it is whole."""


def integer(low: int = 0, high: int = 900) -> Field:
    """A whole number from low to high."""
    return Field(lambda cell: cell.rng.between(low, high), "integer")


# Dates
def _moment(cell: Cell) -> int:
    """When the row was created or modified, by the field's name; other dates follow each other."""
    if cell.name in CREATED:
        return cell.created
    if cell.name in MODIFIED:
        return cell.modified
    return cell.created + len(cell.row) * 5 * _DAY + cell.rng.between(0, 5 * _DAY)


def _date(stamp: Callable[[int], str]) -> Field:
    return Field(lambda cell: stamp(_moment(cell)), "string", stamp=stamp)


RFC2822 = _date(rfc2822)
"""Mostly in v2: "Thu, 05 Mar 2026 10:00:00 +0000"."""
ISO = _date(iso)
"""Mostly in v3: "2026-03-05T10:00:00+00:00"."""
ZULU = _date(zulu)
"""In some lists of v3: "2026-03-05T10:00:00Z"."""
UNIX_TEXT = _date(str)
"""The seconds since 1970 as a text."""
UNIX = Field(_moment, "integer")
"""The seconds since 1970."""


# Parts
def nullable(item: Field) -> Field:
    """The same field, null in a third of the rows."""

    def make(cell: Cell) -> Any:
        absent = (cell.number + name_number(cell.name)) % 3 == 0
        return None if absent else item.make(cell)

    return dataclasses.replace(item, make=make, nullable=True)


def only_if(name: str, value: object, item: Field, otherwise: object) -> Field:
    """The field in rows where another field, before it, has this value; else a constant."""

    def make(cell: Cell) -> Any:
        return item.make(cell) if cell.row[name] == value else otherwise

    return dataclasses.replace(item, make=make)


def array(item: Field, most: int = 3) -> Field:
    """A list of up to so many values; some are empty."""
    return Field(lambda cell: [item.make(cell) for _ in range(cell.rng.between(0, most))], "array")


def nested(fields: Mapping[str, Field]) -> Field:
    """An object."""
    return Field(lambda cell: filled(cell, fields), "object")


def some_of(fields: Mapping[str, Field]) -> Field:
    """An object that has some of these fields, as a map from any names to values."""

    def make(cell: Cell) -> Row:
        shown = {name: item for name, item in fields.items() if cell.rng.chance(0.7)}
        return filled(cell, shown)

    return Field(make, "object")
