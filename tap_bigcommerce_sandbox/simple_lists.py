"""Lists without logic of their own: one entry declares the endpoint and the fields of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tap_bigcommerce_sandbox.fields import CREATED, MODIFIED, PARENT, Cell, Field, filled
from tap_bigcommerce_sandbox.filters import Filter
from tap_bigcommerce_sandbox.lists import Computed, Context, Endpoint, RowList, Single
from tap_bigcommerce_sandbox.options import Options
from tap_bigcommerce_sandbox.paging import Paging
from tap_bigcommerce_sandbox.request import Request
from tap_bigcommerce_sandbox.table import Row, Table
from tap_bigcommerce_sandbox.world import Child, Form, Kind, Stamp, World

_STRIDE = 1000
_DAY = 86400


@dataclass(frozen=True)
class SimpleList:
    """A list: its rows are made from the types of their fields, by seed and id.

    With a parent, rows belong to the rows of another list; {} in the path is the id of one.
    """

    name: str
    path: str
    """With the version of the API: "v2/banners"."""
    scope: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ("id",)
    rows: int | str = "small_lists"
    """How many rows, or the option that says so; with a parent, the most rows that it has."""
    filters: tuple[Filter, ...] = ()
    sorts: frozenset[str] = frozenset()
    direction: bool = False
    """Whether the direction is a separate parameter instead of a suffix of `sort`."""
    chooses_fields: bool = False
    """Whether there are the parameters `include_fields` and `exclude_fields`."""
    paging: Paging = field(default_factory=Paging)
    single: str = ""
    """The name of the endpoint for one row by its id, if there is one."""
    parent: str = ""
    share: float | Callable[[World, int], bool] = 1.0
    """How many of the parents have rows, or which ones. The first one and those that are added
    later always have some."""
    first_id: int = 1
    pattern: str = ""
    """The pattern of ids if the option `ids` does not apply."""

    @property
    def kind(self) -> Kind | Child:
        """The rows."""
        types = {name: self.fields[name].type for name in self.key}
        types = {name: kind for name, kind in types.items() if kind != "integer"}
        changes = next((name for name, item in self.fields.items() if item.free), "")
        if not self.parent:
            return Kind(
                self.name,
                self._size,
                self._row,
                changes,
                key=self.key,
                key_types=types,
                first_id=self.first_id,
                pattern=self.pattern,
            )
        return Child(
            self.name,
            self.parent,
            self._rows_below,
            changes,
            id=self.key[0] if len(self.key) == 1 else "",
            id_form=self.fields[self.key[0]].form,
            parent_field=next((n for n, item in self.fields.items() if item is PARENT), ""),
            key=self.key,
            key_types=types,
            stride=1 if self.rows == 1 else _STRIDE,
            created=self._stamp(CREATED),
            modified=self._stamp(MODIFIED),
        )

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The list itself, and that of its single rows."""
        api, _, path = self.path.partition("/")
        listed = RowList(
            self.name,
            api,
            path,
            self.scope,
            filters=self.filters,
            sorts=self.sorts,
            direction=self.direction,
            chooses_fields=self.chooses_fields,
            paging=self.paging,
        )
        return (listed, Single(self.single, listed)) if self.single else (listed,)

    def _size(self, options: Options) -> int:
        rows: int = getattr(options, self.rows) if isinstance(self.rows, str) else self.rows
        return rows

    def _row(self, world: World, number: int, form: Form) -> Row:
        table, rng = world.tables[self.name], world.rng(self.name, number)
        cell = Cell(world, rng, number, table.created(number), table.modified(number))
        return filled(cell, self.fields)

    def _rows_below(self, world: World, parent: int) -> list[Row]:
        rng = world.rng(self.name, parent)
        if not self._has_rows(world, parent):
            return []
        most = self._size(world.options)
        created, cells = world.listed(self.parent).created(parent), []
        for at in range(rng.between(1, most)):
            number = parent if most == 1 else parent * _STRIDE + at
            modified = created + rng.between(0, 60 * _DAY)
            cells.append(Cell(world, rng, number, created, modified, parent))
        return [filled(cell, self.fields) for cell in cells]

    def _has_rows(self, world: World, parent: int) -> bool:
        if callable(self.share):
            return self.share(world, parent)
        parents = world.listed(self.parent)
        first = isinstance(parents, Table) and parents.base_index(parent) == 0
        draw = world.draw(f"parents of {self.name}", parent)
        return draw < self.share or first or parents.added(parent)

    def _stamp(self, names: Sequence[str]) -> Stamp | None:
        for name in names:
            item = self.fields.get(name)
            if item is not None and item.stamp is not None:
                return name, item.stamp
        return None


@dataclass(frozen=True)
class SimpleObject:
    """Settings that are no list, but one object."""

    name: str
    path: str
    scope: str
    fields: Mapping[str, Field]
    parameters: frozenset[str] = frozenset()
    """The documented query parameters; they change nothing."""

    @property
    def kind(self) -> Kind:
        """The object as the only row of its kind."""
        changes = next((name for name, item in self.fields.items() if item.free), "")
        return Kind(self.name, lambda options: 1, self._row, changes, key=(), pattern="dense")

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The object: under `data` in v3."""
        api, _, path = self.path.partition("/")
        return (Computed(self.name, api, path, self.scope, self._value, self.parameters),)

    def _value(self, context: Context, request: Request, parents: Sequence[int]) -> Any:
        row = context.world.row(self.name, 1)
        return row if self.path.startswith("v2/") else {"data": row, "meta": {}}

    def _row(self, world: World, number: int, form: Form) -> Row:
        table, rng = world.tables[self.name], world.rng(self.name, number)
        cell = Cell(world, rng, number, table.created(number), table.modified(number))
        return filled(cell, self.fields)


Simple = SimpleList | SimpleObject
