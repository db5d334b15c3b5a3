"""The implementation of the control operations."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.child_table import ChildTable
from tap_bigcommerce_sandbox.control import Fields, Identities, Identity, Store
from tap_bigcommerce_sandbox.families import LISTED
from tap_bigcommerce_sandbox.families.orders.orders import full_order
from tap_bigcommerce_sandbox.faults import FaultRule, Operation, Trigger
from tap_bigcommerce_sandbox.options import replaced
from tap_bigcommerce_sandbox.table import Row, Table
from tap_bigcommerce_sandbox.values import SeededRandom
from tap_bigcommerce_sandbox.world import Form


class Operations:
    """The control operations by name; see control.Store for what each does."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._random = SeededRandom(app.options.seed)
        self._named: Mapping[str, Callable[..., Any]] = {
            "requests": app.request_log.entries,
            "clear_requests": app.request_log.clear,
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
            given = inspect.signature(getattr(Store, name)).bind(self, **arguments)
            given.apply_defaults()
            return operation(*given.args[1:], **given.kwargs)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error

    def perform_one(self, operation: Operation) -> None:
        """Carry out an operation written as {"op": name, …arguments}."""
        self.perform(operation["op"], {k: v for k, v in operation.items() if k != "op"})

    def _find(self, name: str) -> tuple[str, Table | ChildTable]:
        """The kind of a list's rows and where they are."""
        kind = LISTED.get(name, name)
        try:
            return kind, self._app.world.listed(kind)
        except KeyError as error:
            raise ValueError(f"there is no list {name!r}") from error

    def _records(self, list: str, full: bool, ids: Identities) -> list[Row]:
        world = self._app.world
        kind, table = self._find(list)
        numbers = table.ids if ids is None else self._numbers(kind, table, ids)
        if full and kind == "orders":
            return [full_order(world, number) for number in numbers]
        declared = world.declared[kind]
        form = Form(declared.includes | declared.optional) if full else Form()
        rows = [orjson.loads(world.row_bytes(kind, number, form)) for number in numbers]
        if full and isinstance(table, ChildTable):
            for number, row in zip(numbers, rows, strict=True):
                row["_parent"] = table.parent_of(number)
        return rows

    def _add(
        self, list: str, count: int, ids: Sequence[int] | None, fields: Fields, parent: int | None
    ) -> Sequence[int]:
        table = self._find(list)[1]
        numbers = table.next_ids(count) if ids is None else ids
        now = self._app.world.clock.second()
        if isinstance(table, ChildTable):
            table.add(numbers, now, fields, parent)
        elif parent is not None:
            raise ValueError(f"{list} is below nothing")
        else:
            table.add(numbers, now, fields)
        return numbers

    def _change(
        self, list: str, ids: Identities, fields: Fields, touch: bool, count: int | None
    ) -> Sequence[int]:
        kind, table = self._find(list)
        numbers = self._targets(kind, table, ids, count)
        if isinstance(table, Table) and not (fields or self._app.world.declared[kind].text):
            raise ValueError(f"{kind} has no text of its own: say which fields")
        table.change(numbers, self._app.world.clock.second() if touch else None, fields)
        return numbers

    def _delete(self, list: str, ids: Identities, count: int | None) -> Sequence[int]:
        (kind, table), world = self._find(list), self._app.world
        numbers, now = self._targets(kind, table, ids, count), world.clock.second()
        if isinstance(table, ChildTable):
            table.remove(numbers, now)
        elif world.declared[kind].soft_delete:
            table.archive(numbers, now if world.options.archive_touches else None)
        else:
            table.remove(numbers)
        return numbers

    def _targets(
        self, kind: str, table: Table | ChildTable, ids: Identities, count: int | None
    ) -> Sequence[int]:
        if ids is not None:
            return self._numbers(kind, table, ids)
        return sorted(self._random.sample(table.ids, min(count or 1, len(table.ids))))

    def _numbers(
        self, kind: str, table: Table | ChildTable, ids: Sequence[Identity]
    ) -> Sequence[int]:
        """The numbers of rows that are named by number, or by the values of their key."""
        known: dict[tuple[Any, ...], int] = {}
        if any(not isinstance(item, int) for item in ids):
            world = self._app.world
            key = world.declared[kind].key
            rows = ((number, world.row(kind, number)) for number in table.ids)
            known = {tuple(row.get(name) for name in key): number for number, row in rows}
        found = []
        for item in ids:
            number = item if isinstance(item, int) else known.get(_as_key(item), -1)
            if number not in table:
                raise ValueError(f"{kind}: there is no id {item}")
            found.append(number)
        return found

    def _change_variants(self, product_id: int) -> None:
        variants, now = self._app.world.children["product_variants"], self._app.world.clock.second()
        if product_id not in variants.parents:
            raise ValueError(f"there is no id {product_id}")
        first = variants.numbers(product_id)[0]
        stock = int(variants.row(first)["inventory_level"])
        variants.change([first], now, {"inventory_level": stock + 1})
        [number] = variants.next_ids(1)
        variants.add([number], now, {"sku": f"SKU-{number}", "sku_id": number}, product_id)

    def _on(
        self, list: str, request: int, do: Sequence[Operation], moment: str, relative: bool
    ) -> None:
        for operation in do:
            if operation.get("op") not in self._named:
                raise ValueError(f"unknown op {operation.get('op')!r}")
        before = [e for e in self._app.request_log.entries() if e["list"] == list]
        number = request if relative else request - len(before)
        if number < 1:
            raise ValueError(f"request {request} of {list} has already been")
        self._app.triggers.add(Trigger(list, number, do, moment))

    def _fault(self, list: str, request: int, kind: str, times: int, *conditions: Any) -> None:
        self._app.faults.add(FaultRule(list, request, kind, times, *conditions))

    def _set(self, **options: Any) -> None:
        self._app.world.use(replaced(self._app.options, options))


def _as_key(item: Identity) -> tuple[Any, ...]:
    return (item,) if isinstance(item, (str, int)) else tuple(item)
