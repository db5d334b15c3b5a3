"""Carries out the control operations on a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from sandbox.app import App
from sandbox.chance import Chance
from sandbox.faults import FaultRule
from sandbox.options import replaced
from sandbox.rows.orders.full import full_order
from sandbox.rows.products.product import WHOLE_PRODUCT
from sandbox.table import Row, Table
from sandbox.triggers import Operation, Trigger


class Operations:
    """The control operations by name; see control.Store for what each does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._chance = Chance(app.options.seed)
        self._named: Mapping[str, Callable[..., Any]] = {
            "requests": app.journal.entries,
            "clear_requests": app.journal.clear,
            "records": self._records,
            "add": self._add,
            "change": self._change,
            "delete": self._delete,
            "change_variants": self._change_variants,
            "on": self._on,
            "clear_triggers": app.triggers.clear,
            "fault": self._fault,
            "clear_faults": app.faults.clear,
            "set": self._set,
        }

    def perform(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out an operation. Raises ValueError for a wrong name or wrong arguments."""
        operation = self._named.get(name)
        if operation is None:
            raise ValueError(f"there is no operation {name!r}; use {', '.join(self._named)}")
        try:
            return operation(**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error

    def perform_one(self, operation: Operation) -> None:
        """Carry out an operation written as {"op": name, …arguments}."""
        self.perform(operation["op"], {k: v for k, v in operation.items() if k != "op"})

    def _table(self, name: str) -> Table:
        try:
            return self._app.world.tables[name]
        except KeyError as error:
            raise ValueError(f"there is no list {name!r}") from error

    def _records(
        self, list: str, full: bool = False, ids: Sequence[int] | None = None
    ) -> list[Row]:
        world = self._app.world
        table = self._table(list)
        numbers = table.ids if ids is None else ids
        missing = [number for number in ids or () if number not in table]
        if missing:
            raise ValueError(f"{list}: there is no id {missing[0]}")
        if full and list == "orders":
            return [full_order(world, number) for number in numbers]
        if full and list == "products":
            return [world.row(list, number, WHOLE_PRODUCT) for number in numbers]
        return [orjson.loads(world.row_bytes(list, number)) for number in numbers]

    def _add(
        self,
        list: str,
        count: int = 1,
        ids: Sequence[int] | None = None,
        fields: Row | None = None,
    ) -> Sequence[int]:
        table = self._table(list)
        numbers = table.next_ids(count) if ids is None else ids
        table.add(numbers, self._app.world.clock.second(), fields)
        return numbers

    def _change(
        self,
        list: str,
        ids: Sequence[int] | None = None,
        fields: Row | None = None,
        touch: bool = True,
        count: int | None = None,
    ) -> Sequence[int]:
        table = self._table(list)
        numbers = self._targets(table, ids, count)
        table.change(numbers, self._app.world.clock.second() if touch else None, fields)
        return numbers

    def _delete(
        self, list: str, ids: Sequence[int] | None = None, count: int | None = None
    ) -> Sequence[int]:
        table, world = self._table(list), self._app.world
        numbers = self._targets(table, ids, count)
        if world.kinds[list].soft_delete:
            table.archive(numbers, world.clock.second() if world.options.archive_touches else None)
        else:
            table.remove(numbers)
        return numbers

    def _targets(self, table: Table, ids: Sequence[int] | None, count: int | None) -> Sequence[int]:
        if ids is not None:
            return ids
        return sorted(self._chance.sample(table.ids, min(count or 1, len(table.ids))))

    def _change_variants(self, product_id: int) -> None:
        self._table("products").change_side(product_id)

    def _on(
        self,
        list: str,
        request: int,
        do: list[Operation],
        moment: str = "before",
        relative: bool = True,
    ) -> None:
        for operation in do:
            if operation.get("op") not in self._named:
                raise ValueError(f"unknown op {operation.get('op')!r}")
        before = [e for e in self._app.journal.entries() if e["list"] == list]
        number = request if relative else request - len(before)
        if number < 1:
            raise ValueError(f"request {request} of {list} has already been")
        self._app.triggers.add(Trigger(list, number, do, moment))

    def _fault(
        self,
        list: str,
        request: int = 1,
        kind: str = "500",
        times: int = 1,
        limit_above: int | None = None,
        includes: str | None = None,
        ids_between: Sequence[int] | None = None,
    ) -> None:
        span = (ids_between[0], ids_between[1]) if ids_between else None
        self._app.faults.add(FaultRule(list, request, kind, times, limit_above, includes, span))

    def _set(self, **options: Any) -> None:
        self._app.world.use(replaced(self._app.options, options))
