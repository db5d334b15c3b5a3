"""The store's data: a table for each kind of thing, and rows made from them on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.cache import BoundedCache
from sandbox.chance import Chance, mix, name_number
from sandbox.clock import Clock
from sandbox.dates import read_date
from sandbox.ids import make_ids, pattern_for
from sandbox.options import Options
from sandbox.table import Row, Table


@dataclass(frozen=True)
class Form:
    """What a request wants to see of a row; rows are cached by it."""

    includes: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    structure: str = ""


PLAIN = Form()


@dataclass(frozen=True)
class Kind:
    """Declares a kind of thing: how many there are and how a row of it is made."""

    name: str
    size: Callable[[Options], int]
    make: Callable[[World, int, Form], Row]
    changes: str
    """The text field that a change without given fields alters."""
    first_id: int = 1
    soft_delete: bool = False
    facts: Mapping[str, Callable[[World, int], Any]] = field(default_factory=dict)
    """Fields that filters can ask for without the whole row being made."""


class World:
    """Everything in the store. Rows are pure functions of seed, id and version."""

    def __init__(self, options: Options, kinds: Sequence[Kind]) -> None:
        self.options = options
        self.clock = Clock(options.clock_skew_seconds)
        self.kinds = {kind.name: kind for kind in kinds}
        self.tables = {kind.name: self._table(kind) for kind in kinds}
        self.documents: BoundedCache[Any] = BoundedCache(512)
        self.briefs: BoundedCache[Any] = BoundedCache(20_000)
        self._rows: BoundedCache[bytes] = BoundedCache(options.cache_mb << 20)

    def chance(self, purpose: str, number: int) -> Chance:
        """A generator for one row and one purpose."""
        return Chance(mix(self.options.seed, name_number(purpose), number))

    def draw(self, purpose: str, number: int) -> float:
        """A single draw from [0, 1) for one row: cheaper than a generator."""
        return (mix(self.options.seed, name_number(purpose), number) >> 11) / (1 << 53)

    def some_id(self, kind: str, chance: Chance) -> int:
        """An id the store started with; 0 when there is none, as for a guest or a custom item."""
        base = self.tables[kind].base
        return chance.pick(base) if base else 0

    def row(self, kind: str, number: int, form: Form = PLAIN) -> Row:
        """A row as the API gives it."""
        row = self.kinds[kind].make(self, number, form)
        table = self.tables[kind]
        changes = table.changes(number)
        if changes:
            row[self.kinds[kind].changes] = f"changed {changes} times"
        row.update(table.fields(number))
        if form.only:
            # id is always there: include_fields need not name it, exclude_fields cannot drop it.
            shown = form.only | form.includes | {"id"}
            row = {key: value for key, value in row.items() if key in shown}
        if form.without:
            row = {k: value for k, value in row.items() if k not in form.without or k == "id"}
        return row

    def row_bytes(self, kind: str, number: int, form: Form = PLAIN) -> bytes:
        """The same row, serialized."""
        table = self.tables[kind]
        key = (kind, number, table.version(number), table.side_version(number), form)
        found = self._rows.get(key)
        if found is None:
            found = orjson.dumps(self.row(kind, number, form))
            self._rows.put(key, found, len(found) + 200)
        return found

    def field(self, kind: str, number: int, name: str) -> Any:
        """One field of a row, cheaply where the kind knows how."""
        table = self.tables[kind]
        given = table.fields(number)
        if name in given:
            return given[name]
        fact = self.kinds[kind].facts.get(name)
        return fact(self, number) if fact else self.row(kind, number).get(name)

    def use(self, options: Options) -> None:
        """Change options while running; sizes and ids stay as they are."""
        self.options = options
        self.clock.skew = options.clock_skew_seconds
        self.documents.clear()
        self.briefs.clear()
        self._rows = BoundedCache(options.cache_mb << 20)
        for table in self.tables.values():
            table.revision += 1

    def _table(self, kind: Kind) -> Table:
        options = self.options
        seed = mix(options.seed, name_number(kind.name))
        until = int(read_date(options.data_until))
        ids = make_ids(
            pattern_for(kind.name, options.ids),
            kind.size(options),
            kind.first_id,
            options.id_gaps,
            seed,
        )
        first = until - options.data_days * 86400
        return Table(ids, seed, first, until, options.same_second_share)
