"""The store's data: a table for each kind of row; rows are computed on demand."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from tap_bigcommerce_sandbox.cache import BoundedCache
from tap_bigcommerce_sandbox.child_table import ChildTable
from tap_bigcommerce_sandbox.clock import Clock
from tap_bigcommerce_sandbox.dates import read_date
from tap_bigcommerce_sandbox.ids import make_ids, pattern_for
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.randomness import SeededRandom, mix, name_number
from tap_bigcommerce_sandbox.table import Row, Table

Fact = Callable[["World", int], Any]
Stamp = tuple[str, Callable[[int], str]]
"""A date field of a row and how it is written."""


@dataclass(frozen=True)
class Form:
    """Which parts of a row a request asks for; part of the cache key of rows."""

    includes: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    structure: str = ""


PLAIN = Form()


@dataclass(frozen=True)
class Kind:
    """Declares a kind of row: how many there are, and how one is made."""

    name: str
    size: Callable[[Options], int]
    make: Callable[[World, int, Form], Row]
    changes: str
    """The text field that changes if a change gives no fields."""
    first_id: int = 1
    soft_delete: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """Fields that filters can read without computing the row."""
    pattern: str = ""
    """The pattern of ids if the option `ids` does not apply: short lists that others refer to."""
    numbers: Callable[[Options], Sequence[int]] | None = None
    """The ids themselves, where they follow no pattern."""
    shows: str = ""
    """The kind whose rows this one returns in another form."""
    foreign: frozenset[str] = frozenset()
    """Fields that only the other form of these rows has."""
    optional: frozenset[str] = frozenset()
    """Fields that rows show only when a request includes them."""
    includes: frozenset[str] = frozenset()
    """All that a request can include."""
    key: tuple[str, ...] = ("id",)
    key_types: Mapping[str, str] = field(default_factory=dict)
    """The JSON types of the fields of the key that are no integers."""


@dataclass(frozen=True)
class Child:
    """Declares child rows, which are computed from their parent."""

    name: str
    parent: str
    rows: Callable[[World, int], list[Row]]
    """The rows below a parent, in the order of their ids."""
    changes: str = ""
    id: str = "id"
    """The field with the row's number; "": rows have none and are numbered in order."""
    id_form: Callable[[int], Any] = int
    """How the number of an added row is written there."""
    number: Callable[[Row], int] | None = None
    """Computes the number if no field of the row has it."""
    parent_field: str = ""
    key: tuple[str, ...] = ("id",)
    """The fields that identify a row of a parent."""
    key_types: Mapping[str, str] = field(default_factory=dict)
    """The JSON types of the fields of the key that are no integers."""
    key_within_parent: bool = False
    """Whether the rows of two parents may have the same key, as far as is documented."""
    stride: int = 1000
    """Room for numbers below each parent: a number's parent is number // stride."""
    created: Stamp | None = None
    modified: Stamp | None = None
    touches_parent: bool = False
    """Whether a change of the row sets its parent's date_modified."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    derived_from: str = ""
    """The lists that these rows are computed from; they change only when those do."""
    depends_on: tuple[str, ...] = ()
    """Other kinds that rows are computed from."""


class World:
    """All data of the store. Rows are pure functions of seed, id and version."""

    def __init__(
        self, options: Options, kinds: Sequence[Kind], children: Sequence[Child] = ()
    ) -> None:
        self.options = options
        self.clock = Clock(options.clock_skew_seconds)
        self.kinds = {kind.name: kind for kind in kinds}
        self.tables = {kind.name: self._table(kind) for kind in kinds if not kind.shows}
        self.tables.update({k.name: self.tables[k.shows] for k in kinds if k.shows})
        self.child_kinds = {child.name: child for child in children}
        self.children: dict[str, ChildTable] = {}
        for child in children:  # Parents come before their children.
            self.children[child.name] = self._child_table(child)
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

    def declared(self, name: str) -> Kind | Child:
        """The declaration of a kind, by its name."""
        return self.child_kinds[name] if name in self.child_kinds else self.kinds[name]

    def below(self, name: str, parent: int) -> list[Row]:
        """The child rows of a parent. They are shared: do not change them."""
        return self.children[name].below(parent)

    def row(self, kind: str, number: int, form: Form = PLAIN) -> Row:
        """A row as the API returns it."""
        if kind in self.children:
            row = dict(self.children[kind].row(number))
        else:
            row = self._made(self.kinds[kind], number, form)
        hidden = self.declared(kind).optional - form.includes
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
        key = (kind, number, self._state(kind, number), form)
        found = self._rows.get(key)
        if found is None:
            found = orjson.dumps(self.row(kind, number, form))
            self._rows.put(key, found, len(found) + 200)
        return found

    def field(self, kind: str, number: int, name: str) -> Any:
        """One field of a row, without computing the row where the kind allows that."""
        declared = self.declared(kind)
        fact = declared.facts.get(name)
        if isinstance(declared, Child):
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

    def _made(self, kind: Kind, number: int, form: Form) -> Row:
        row = kind.make(self, number, form)
        table = self.tables[kind.name]
        changes, fields = table.changes(number), table.fields(number)
        if kind.shows:
            # The row it shows has the changes already, but for fields that only this form has.
            row.update({name: fields[name] for name in fields.keys() & row.keys()})
            return row
        if changes:
            row[kind.changes] = f"changed {changes} times"
        row.update({name: fields[name] for name in fields if name not in kind.foreign})
        return row

    def _state(self, kind: str, number: int) -> Hashable:
        child = self.children.get(kind)
        if child is not None:
            return child.state(number)
        return self.tables[kind].state(number)

    def _child_table(self, child: Child) -> ChildTable:
        others = [self.tables[name] for name in child.depends_on]
        return ChildTable(child, self.listed(child.parent), partial(child.rows, self), others)

    def _table(self, kind: Kind) -> Table:
        options = self.options
        seed = mix(options.seed, name_number(kind.name))
        until = int(read_date(options.data_until))
        first = until - options.data_days * 86400
        if kind.numbers is not None:
            ids = array("q", kind.numbers(options))
        else:
            pattern = kind.pattern or pattern_for(kind.name, options.ids)
            size = kind.size(options)
            ids = make_ids(pattern, size, kind.first_id, options.id_gaps, seed)
        return Table(ids, seed, first, until, options.same_second_share)
