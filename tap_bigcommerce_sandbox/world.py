"""The store's data: a table for each list; rows are computed on demand, and cached."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from tap_bigcommerce_sandbox.cache import BoundedCache
from tap_bigcommerce_sandbox.child_table import Below, ChildTable
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.table import Row, Table
from tap_bigcommerce_sandbox.values import (
    SeededRandom,
    make_ids,
    mix,
    name_number,
    pattern_for,
    read_date,
)

_HISTORY = 1095 * 86400
"""The time in which rows were created, in seconds."""
_SAME_SECOND_SHARE = 0.02
"""How many rows were all modified in one and the same second, by a bulk edit."""


class Clock:
    """The store's time, in seconds since 1970."""

    def __init__(self, skew: float = 0.0, source: Callable[[], float] = time.time) -> None:
        self.skew = skew
        self._source = source

    def now(self) -> float:
        """The store's time with fractions of a second."""
        return self._source() + self.skew

    def second(self) -> int:
        """The store's time as in rows: whole seconds, rounded down."""
        return int(self.now())


Fact = Callable[["World", int], Any]


@dataclass(frozen=True)
class Form:
    """Which parts of a row a request asks for; part of the cache key of rows."""

    includes: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    structure: str = ""


PLAIN = Form()


@dataclass(frozen=True, kw_only=True)
class Rows(Below, ABC):
    """The rows of a list: how many there are, and how they are made."""

    size: int | Callable[[Options], int] | None = None
    """How many rows; with a parent, the most rows that it has. None: as many as the option with
    the list's name says, or small_lists."""
    first_id: int = 1
    pattern: str = ""
    """The pattern of ids if the option `ids` does not apply: short lists that others refer to."""
    ids: Callable[[Options], Sequence[int]] | None = None
    """The ids themselves, where they follow no pattern."""
    soft_delete: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Fields that filters can read without computing the row."""
    shows: str = ""
    """The list whose rows this one returns in another form."""
    foreign: frozenset[str] = frozenset()
    """Fields that only the other form of these rows has."""
    optional: frozenset[str] = frozenset()
    """Fields that rows show only when a request includes them."""
    includes: frozenset[str] = frozenset()
    """All that a request can include."""
    key_types: Mapping[str, str] = field(default_factory=dict)
    """The JSON types of the fields of the key that are no integers."""
    key_within_parent: bool = False
    """Whether the rows of two parents may have the same key, as far as is documented."""
    depends_on: tuple[str, ...] = ()
    """Other lists that rows are computed from."""

    @abstractmethod
    def make(self, world: World, number: int, form: Form) -> Row:
        """The row with this id, as the store started."""

    @abstractmethod
    def make_below(self, world: World, parent: int) -> list[Row]:
        """The rows below a parent, as the store started."""

    def count_rows(self, options: Options) -> int:
        """`size` as a number."""
        if self.size is None:
            return int(getattr(options, self.name, options.small_lists))
        return self.size(options) if callable(self.size) else self.size


class World:
    """All data of the store. Rows are pure functions of seed, id and version."""

    def __init__(self, options: Options, declared: Sequence[Rows]) -> None:
        self.options = options
        self.clock = Clock(options.clock_skew_seconds)
        self.declared = {item.name: item for item in declared}
        self.tables: dict[str, Table] = {}
        self.children: dict[str, ChildTable] = {}
        for item in declared:
            if not item.parent:
                self.tables[item.name] = self._table(item)
        for item in declared:
            if item.parent:
                self.children[item.name] = self._child_table(item)
        self.selections: BoundedCache[Sequence[int]] = BoundedCache(16)
        """The last selections of ids: the pages of one list share them."""
        self.documents: BoundedCache[Any] = BoundedCache(1024)
        self.briefs: BoundedCache[Any] = BoundedCache(20_000)
        self._rows: BoundedCache[bytes] = BoundedCache(options.cache_mb << 20)

    def rng(self, purpose: str, number: int) -> SeededRandom:
        """A random generator for one row and purpose."""
        return SeededRandom(mix(self.options.seed, name_number(purpose), number))

    def draw(self, purpose: str, number: int) -> float:
        """A random number from [0, 1) for one row and purpose; cheaper than a generator."""
        return (mix(self.options.seed, name_number(purpose), number) >> 11) / (1 << 53)

    def some_id(self, kind: str, rng: SeededRandom) -> int:
        """An id the store started with; 0 when there is none, as for a guest or a custom item."""
        base = self.tables[kind].base
        return rng.pick(base) if base else 0

    def listed(self, name: str) -> Table | ChildTable:
        """The table of a kind. Raises KeyError for an unknown name."""
        return self.children[name] if name in self.children else self.tables[name]

    def below(self, name: str, parent: int) -> list[Row]:
        """The child rows of a parent. They are shared: do not change them."""
        return self.children[name].below(parent)

    def row(self, kind: str, number: int, form: Form = PLAIN) -> Row:
        """A row as the API returns it."""
        if kind in self.children:
            row = dict(self.children[kind].row(number))
        else:
            row = self._made(self.declared[kind], number, form)
        hidden = self.declared[kind].optional - form.includes
        if hidden:
            row = {key: value for key, value in row.items() if key not in hidden}
        if form.only:
            # id is always there: include_fields need not name it, exclude_fields cannot drop it.
            shown = form.only | form.includes | {"id"}
            row = {key: value for key, value in row.items() if key in shown}
        if form.without:
            row = {k: value for k, value in row.items() if k not in form.without or k == "id"}
        return row

    def row_bytes(self, kind: str, number: int, form: Form = PLAIN) -> bytes:
        """The same row, serialized."""
        key = (kind, number, self.listed(kind).state(number), form)
        found = self._rows.get(key)
        if found is None:
            found = orjson.dumps(self.row(kind, number, form))
            self._rows.put(key, found, len(found) + 200)
        return found

    def field(self, kind: str, number: int, name: str) -> Any:
        """One field of a row, without computing the row where the kind allows that."""
        declared = self.declared[kind]
        fact = declared.facts.get(name)
        if kind in self.children:
            return fact(self, number) if fact else self.children[kind].row(number).get(name)
        given = self.tables[kind].fields(number)
        if name in given:
            return given[name]
        whole = Form(declared.optional)
        return fact(self, number) if fact else self.row(kind, number, whole).get(name)

    def use(self, options: Options) -> None:
        """Change options of a running store. Sizes and ids do not change."""
        self.options = options
        self.clock.skew = options.clock_skew_seconds
        self.documents.clear()
        self.briefs.clear()
        self._rows = BoundedCache(options.cache_mb << 20)
        for table in self.tables.values():
            table.revision += 1
        for child in self.children.values():
            child.forget()

    def _made(self, kind: Rows, number: int, form: Form) -> Row:
        row = kind.make(self, number, form)
        table = self.tables[kind.name]
        changes, fields = table.changes(number), table.fields(number)
        if kind.shows:
            # The row it shows has the changes already, but for fields that only this form has.
            row.update({name: fields[name] for name in fields.keys() & row.keys()})
            return row
        if changes:
            row[kind.text] = f"changed {changes} times"
        row.update({name: fields[name] for name in fields if name not in kind.foreign})
        return row

    def _child_table(self, declared: Rows) -> ChildTable:
        others = [self.tables[name] for name in declared.depends_on]
        make = partial(declared.make_below, self)
        return ChildTable(declared, self.listed(declared.parent), make, others)

    def _table(self, declared: Rows) -> Table:
        if declared.shows:
            return self.tables[declared.shows]
        options = self.options
        seed = mix(options.seed, name_number(declared.name))
        until = int(read_date(options.data_until))
        first = until - _HISTORY
        if declared.ids is not None:
            ids = array("q", declared.ids(options))
        else:
            pattern = declared.pattern or pattern_for(declared.name, options.ids)
            size = declared.count_rows(options)
            ids = make_ids(pattern, size, declared.first_id, options.id_gaps, seed)
        return Table(ids, seed, first, until, _SAME_SECOND_SHARE)
