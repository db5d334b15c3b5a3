"""The kinds of fields, from which the rows of lists are declared: how each makes its values."""

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
    name_number,
    number,
    rfc2822,
    unique_id,
    zulu,
)
from tap_bigcommerce_sandbox.world import World

CREATED = ("date_created", "created_at", "created", "purchase_date")
MODIFIED = ("date_modified", "updated_at", "last_updated")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
_DAY = 86400
ABSENT = object()
"""In place of a value: the row does not have the field."""


@dataclass(slots=True)
class Cell:
    """What a value is made from: the row that it belongs to, and the name of its field."""

    world: World
    rng: SeededRandom
    number: int
    """The number of the row, which is its id if it has one."""
    created: int
    modified: int
    basis: Any = None
    """What the list's `basis` has for the row."""
    parent: int = 0
    """The number of the parent, in a child list."""
    at: int = 0
    """Which of the parent's rows it is, from 0 on."""
    name: str = ""
    row: Row = dataclasses.field(default_factory=dict)
    """The fields before this one."""

    def some(self, kind: str, among: int | None = None) -> int:
        """The id of a row of another list, one of its first ones; 0 if there is none."""
        rows = self.world.listed(kind)
        ids = rows.base if isinstance(rows, Table) else rows.ids
        return self.rng.pick(ids if among is None else ids[:among]) if ids else 0


@dataclass(frozen=True, slots=True)
class Field:
    """A field: makes its values."""

    make: Callable[[Cell], Any]
    type: str = ""
    """The JSON type, if it is always the same."""
    nullable: bool = False
    free: bool = False
    """Whether it is a text that may say anything."""
    stamp: Callable[[int], str] | None = None
    """How a date is written, if it is written as a text."""
    form: Callable[[int], Any] = int
    """How the number of the row is written, if it is the row's id."""
    absent: bool = False
    """Whether some rows do not have it."""
    value: Any = ABSENT
    """The value that all rows have, if it is always the same."""


Fields = Mapping[str, Any]
"""Fields by their names, several of the same kind by one text with all names. Each is a Field, a
function of the cell, an object or a list of such, or the value that all rows have."""


class Shape(dict[str, Field]):
    """The fields of an object one by one."""

    def __init__(self, declared: Fields) -> None:
        super().__init__(
            {name: read(item) for names, item in declared.items() for name in names.split()}
        )
        self._values = {name: item.value for name, item in self.items()}
        self._makers = [(name, item.make) for name, item in self.items() if item.value is ABSENT]
        self._sometimes = [name for name, item in self.items() if item.absent]

    def fill(self, cell: Cell) -> Row:
        """An object with a value for each of the fields."""
        outer, row = (cell.name, cell.row), self._values.copy()
        cell.row = row
        for name, make in self._makers:
            cell.name = name
            row[name] = make(cell)
        for name in self._sometimes:
            if row[name] is ABSENT:
                del row[name]
        cell.name, cell.row = outer
        return row


def read(item: Any) -> Field:
    """A field from what `Fields` may have in its place."""
    if isinstance(item, Field):
        return item
    if isinstance(item, Mapping) and item:
        return Field(Shape(item).fill, "object")
    if isinstance(item, list) and item:
        makers = [read(part).make for part in item]
        return Field(lambda cell: [make(cell) for make in makers], "array")
    if callable(item):
        return Field(item)
    return Field(lambda cell: item, _TYPES.get(type(item), ""), value=item)


# Ids
def _own_id(form: Callable[[int], Any], kind: str) -> Field:
    return Field(lambda cell: form(cell.number), kind, form=form)


ID = _own_id(int, "integer")
TEXT_ID = _own_id(str, "string")
PARENT = Field(lambda cell: cell.parent, "integer")
"""The id of the parent."""
KEY = Field(lambda cell: cell.parent, "integer")
"""The same, where it is what rows are unique by: a parent has one row at most."""


def unique(purpose: str) -> Field:
    """The row's own UUID, which others name by the same purpose."""
    return _own_id(partial(unique_id, purpose), "string")


def refers_to(kind: str, among: int | None = None) -> Field:
    """The id of a row of another list, or of one of its first ones; 0 if there is none."""
    return Field(lambda cell: cell.some(kind, among), "integer")


BASIS = Field(lambda cell: cell.basis[cell.name])
"""What the list's `basis` has by the name of the field."""


# Choices
def _choice(choose: Callable[[Cell], int], *values: Any) -> Field:
    items = [read(value) for value in values]
    constants, types = [item.value for item in items], {item.type for item in items}
    kind = types.pop() if len(types) == 1 else ""
    if ABSENT not in constants:
        return Field(lambda cell: constants[choose(cell)], kind)

    def make(cell: Cell) -> Any:
        item = items[choose(cell)]
        return item.make(cell) if item.value is ABSENT else item.value

    return Field(make, kind, absent=ABSENT in values or any(item.absent for item in items))


def one_of(*values: Any) -> Field:
    """One of a few values, such as those of an enum, or fields."""
    count = len(values)
    return _choice(lambda cell: int(cell.rng.random() * count), *values)


def in_turn(*values: Any) -> Field:
    """One of a few values by the row's number: the first one where it is 0, then the next."""
    count = len(values)
    return _choice(lambda cell: cell.number % count, *values)


def first(item: Any, others: Any) -> Field:
    """Another value in the first row of each parent than in the others."""
    return _choice(lambda cell: cell.at > 0, item, others)


def mostly(usual: Any, other: Any, share: float = 0.8) -> Field:
    """A value in this share of the rows, another one in the others."""
    return _choice(lambda cell: cell.rng.random() >= share, usual, other)


def together(names: str, *rows: tuple[Any, ...]) -> dict[str, Field]:
    """Fields that agree with each other: their values are one of the rows, in turn."""
    return dict(
        zip(names.split(), (in_turn(*some) for some in zip(*rows, strict=True)), strict=True)
    )


def only_if(name: str, values: Any, item: Any, otherwise: Any = ABSENT) -> Field:
    """A value in rows where another field, before this one, has this value, or one of these."""
    wanted = values if isinstance(values, tuple) else (values,)
    return _choice(lambda cell: cell.row[name] not in wanted, item, otherwise)


# Texts
TEXT = dataclasses.replace(one_of("", "", *texts.SENTENCES), free=True)
NAME = Field(lambda cell: f"{cell.rng.pick(texts.NOUNS)} {cell.number}", "string", free=True)
CODE = Field(lambda cell: f"{cell.name.upper()}-{cell.number}", "string")
URL = Field(lambda cell: f"https://example.com/{cell.name}/{cell.number}", "string")
HTML = Field(
    lambda cell: f"<p>{' '.join(cell.rng.choices(texts.SENTENCES, k=cell.rng.between(1, 12)))}</p>",
    "string",
)
DIGITS = Field(lambda cell: str(cell.rng.between(10**11, 10**12)), "string")
FIRST_NAME = one_of(*texts.FIRST_NAMES)
LAST_NAME = one_of(*texts.LAST_NAMES)
COMPANY = one_of(*texts.COMPANIES)
STREET = Field(lambda cell: f"{cell.rng.between(1, 999)} {cell.rng.pick(texts.STREETS)}", "string")
PHONE = one_of("", DIGITS)
PLACE = together("city state zip country country_code", *texts.PLACES)
"""Parts of an address that agree with each other."""
CURRENCY = Field(lambda cell: cell.world.options.currency, "string")
"""The store's default currency."""


def written(pattern: str) -> Field:
    """A text with numbers in it: that of the row, its parent's, its place below the parent."""

    def make(cell: Cell) -> str:
        return pattern.format(number=cell.number, parent=cell.parent, at=cell.at)

    return Field(make, "string", free=True)


# Numbers
def flag(share: float = 0.6) -> Field:
    """True in this share of the rows."""
    return Field(lambda cell: cell.rng.random() < share, "boolean")


FLAG = flag()


def integer(low: int = 0, high: int = 900) -> Field:
    """A whole number from low to high."""
    return Field(lambda cell: cell.rng.between(low, high), "integer")


def decimal(low: int = 0, high: int = 500, step: int = 1) -> Field:
    """A decimal in v3: a number, without a point if it is whole; `step` is in hundredths."""
    least, most = low * 100 // step, high * 100 // step
    return Field(lambda cell: number(cell.rng.between(least, most) * step), "number")


# Dates
def _moment(cell: Cell) -> int:
    """When the row was created or modified, by the field's name; another date is later."""
    if cell.name in CREATED:
        return cell.created
    if cell.name in MODIFIED:
        return cell.modified
    return cell.created + cell.rng.between(5 * _DAY, 50 * _DAY)


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
def nullable(item: Any) -> Field:
    """The same field, null in a third of the rows."""
    whole = read(item)

    def make(cell: Cell) -> Any:
        absent = (cell.number + name_number(cell.name)) % 3 == 0
        return None if absent else whole.make(cell)

    return dataclasses.replace(whole, make=make, nullable=True, value=ABSENT)


def array(item: Any, most: int = 3) -> Field:
    """A list of up to so many values; some are empty."""
    make = read(item).make
    return Field(lambda cell: [make(cell) for _ in range(cell.rng.between(0, most))], "array")


def some_of(declared: Fields) -> Field:
    """An object that has some of these fields, as a map from any names to values."""
    shape = Shape(declared)

    def make(cell: Cell) -> Row:
        row = shape.fill(cell)
        return {name: value for name, value in row.items() if cell.rng.random() < 0.7}

    return Field(make, "object")
