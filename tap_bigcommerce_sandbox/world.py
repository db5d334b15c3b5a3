"""The store's data: a table for each list; rows are computed on demand, and cached."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from tap_bigcommerce_sandbox.cache import BoundedCache
from tap_bigcommerce_sandbox.child_table import ChildTable
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

if TYPE_CHECKING:
    from tap_bigcommerce_sandbox.lists import List


@dataclass(frozen=True)
class Form:
    """Which parts of a row a request asks for; part of the cache key of rows."""

    includes: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    structure: str = ""


PLAIN = Form()


class World:
    """All data of the store. Rows are pure functions of seed, id and version."""

    def __init__(self, options: Options, declared: Sequence[List]) -> None:
        self.options = options
        self.machine_clock: Callable[[], float] = time.time
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

    def now(self) -> float:
        """The store's time, in seconds since 1970."""
        return self.machine_clock() + self.options.clock_skew_seconds

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
        declared = self.declared[kind]
        row = (
            self.children[kind].row(number)
            if declared.parent
            else self._made(declared, number, form)
        )
        # id is always there: include_fields need not name it, exclude_fields cannot drop it.
        hidden = (declared.optional - form.includes) | (form.without - {"id"})
        shown = form.only and form.only | form.includes | {"id"}
        return {
            name: value
            for name, value in row.items()
            if name not in hidden and (not shown or name in shown)
        }

    def row_bytes(self, kind: str, number: int, form: Form = PLAIN) -> bytes:
        """The same row, serialized."""
        key = (kind, number, self.listed(kind).state(number), form)
        found = self._rows.get(key)
        if found is None:
            found = orjson.dumps(self.row(kind, number, form))
            self._rows.put(key, found, len(found) + 200)
        return found

    def field(self, kind: str, number: int, name: str) -> Any:
        """One field of a row, without computing the row where the list allows that."""
        declared = self.declared[kind]
        given = {} if declared.parent else self.tables[kind].fields(number)
        if name in declared.facts and name not in given:
            return declared.facts[name](self, number)
        return self.row(kind, number, Form(declared.optional)).get(name)

    def use(self, options: Options) -> None:
        """Change options of a running store. Sizes and ids do not change."""
        self.options = options
        self.documents.clear()
        self.briefs.clear()
        self._rows = BoundedCache(options.cache_mb << 20)
        for table in self.tables.values():
            table.revision += 1
        for child in self.children.values():
            child.forget()

    def _made(self, declared: List, number: int, form: Form) -> Row:
        row = declared.make(self, number, form)
        table = self.tables[declared.name]
        changes, fields = table.changes(number), table.fields(number)
        if declared.shows:
            # The row it shows has the changes already, but for fields that only this form has.
            return {**row, **{name: fields[name] for name in fields.keys() & row.keys()}}
        if changes:
            row[declared.text] = f"changed {changes} times"
        return {**row, **{name: fields[name] for name in fields if name not in declared.foreign}}

    def _child_table(self, declared: List) -> ChildTable:
        others = [self.tables[name] for name in declared.depends_on]
        make = partial(declared.make_below, self)
        return ChildTable(declared, self.listed(declared.parent), make, others)

    def _table(self, declared: List) -> Table:
        if declared.shows:
            return self.tables[declared.shows]
        options, seed = self.options, mix(self.options.seed, name_number(declared.name))
        if declared.ids is not None:
            ids = array("q", declared.ids(options))
        else:
            pattern = declared.pattern or pattern_for(declared.name, options.ids)
            size = declared.count_rows(options)
            ids = make_ids(pattern, size, declared.first_id, options.id_gaps, seed)
        return Table(ids, seed, int(read_date(options.data_until)))
