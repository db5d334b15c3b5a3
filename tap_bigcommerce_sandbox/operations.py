"""The control operations, as the store carries them out; control.Store says what each does."""

import dataclasses
import inspect
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tap_bigcommerce_sandbox.child_table import ChildTable
from tap_bigcommerce_sandbox.control import Fields, Identities, Identity, Ids, Operation, Store
from tap_bigcommerce_sandbox.families import LISTED
from tap_bigcommerce_sandbox.families.orders.orders import full_order
from tap_bigcommerce_sandbox.faults import FaultRule, Trigger
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.table import Row, Table
from tap_bigcommerce_sandbox.values import SeededRandom
from tap_bigcommerce_sandbox.world import Form, World

Rows = Table | ChildTable
NAMES = tuple(name for name, item in vars(Store).items() if callable(item) and name[0] != "_")


class Operations:
    """The log, faults and triggers of a store, and the operations that change them or its data."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: list[Row] = []
        self.faults: list[FaultRule] = []
        self.triggers: list[Trigger] = []
        self._random = SeededRandom(world.options.seed)

    def perform(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out an operation. Raises ValueError for a wrong name or wrong arguments."""
        if name not in NAMES:
            raise ValueError(f"there is no operation {name!r}; use {', '.join(NAMES)}")
        try:
            given = inspect.signature(getattr(Store, name)).bind(self, **arguments)
            given.apply_defaults()
            return getattr(self, name)(*given.args[1:], **given.kwargs)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error

    def begin(self, name: str, request: Request, in_flight: int) -> Row:
        entry = {
            "n": len(self.log) + 1,
            "at": time.time(),
            "list": name,
            "path": request.path,
            "query": dict(request.query),
            "in_flight": in_flight,
        }
        self.log.append(entry)
        return entry

    def due(self, name: str) -> list[Trigger]:
        """Count a request of a list; returns the triggers that it fires, each once."""
        counting = [trigger for trigger in self.triggers if trigger.list == name]
        for trigger in counting:
            trigger.left -= 1
        self.triggers = [trigger for trigger in self.triggers if trigger.left]
        return [trigger for trigger in counting if not trigger.left]

    def run(self, triggers: Sequence[Trigger], moment: str) -> None:
        """Carry out the operations of those triggers that are for this moment."""
        for trigger in triggers:
            for operation in trigger.do if trigger.moment == moment else ():
                arguments = {key: value for key, value in operation.items() if key != "op"}
                self.perform(operation["op"], arguments)

    def requests(self) -> Sequence[Row]:
        return self.log

    def clear_requests(self) -> None:
        self.log = []

    def records(self, list: str, full: bool, ids: Identities) -> Sequence[Row]:
        kind, table = self._find(list)
        numbers = table.ids if ids is None else self._numbers(kind, table, ids)
        if full and kind == "orders":
            return [full_order(self.world, number) for number in numbers]
        declared = self.world.declared[kind]
        form = Form(declared.includes | declared.optional) if full else Form()
        rows = [orjson.loads(self.world.row_bytes(kind, number, form)) for number in numbers]
        if full and isinstance(table, ChildTable):
            for number, row in zip(numbers, rows, strict=True):
                row["_parent"] = table.parent_of(number)
        return rows

    def add(
        self, list: str, count: int, ids: Ids | None, fields: Fields, parent: int | None
    ) -> Ids:
        table = self._find(list)[1]
        numbers = table.next_ids(count) if ids is None else ids
        now = int(self.world.now())
        if isinstance(table, ChildTable):
            table.add(numbers, now, fields, parent)
        elif parent is not None:
            raise ValueError(f"{list} is below nothing")
        else:
            table.add(numbers, now, fields)
        return numbers

    def change(self, list: str, ids: Identities, fields: Fields, touch: bool, count: int) -> Ids:
        kind, table = self._find(list)
        numbers = self._targets(kind, table, ids, count)
        if isinstance(table, Table) and not (fields or self.world.declared[kind].text):
            raise ValueError(f"{kind} has no text of its own: say which fields")
        table.change(numbers, int(self.world.now()) if touch else None, fields)
        return numbers

    def delete(self, list: str, ids: Identities, count: int) -> Ids:
        kind, table = self._find(list)
        numbers, now = self._targets(kind, table, ids, count), int(self.world.now())
        if isinstance(table, ChildTable):
            table.remove(numbers, now)
        elif self.world.declared[kind].soft_delete:
            table.archive(numbers, now if self.world.options.archive_touches else None)
        else:
            table.remove(numbers)
        return numbers

    def on(self, list: str, request: int, do: Sequence[Operation] | Operation, moment: str) -> None:
        several = [do] if isinstance(do, Mapping) else do
        for operation in several:
            if operation.get("op") not in NAMES:
                raise ValueError(f"unknown op {operation.get('op')!r}")
        self.triggers.append(Trigger(list, request, several, moment))

    def clear_triggers(self) -> None:
        self.triggers = []

    def fault(self, *rule: Any) -> None:
        self.faults.append(FaultRule(*rule))

    def clear_faults(self) -> None:
        self.faults = []

    def set(self, **options: Any) -> None:
        tuples = {key: tuple(item) for key, item in options.items() if isinstance(item, list)}
        self.world.use(dataclasses.replace(self.world.options, **{**options, **tuples}))

    def _find(self, name: str) -> tuple[str, Rows]:
        """The kind of a list's rows and where they are."""
        kind = LISTED.get(name, name)
        if kind not in self.world.declared:
            raise ValueError(f"there is no list {name!r}")
        return kind, self.world.listed(kind)

    def _targets(self, kind: str, table: Rows, ids: Identities, count: int) -> Ids:
        if ids is not None:
            return self._numbers(kind, table, ids)
        return sorted(self._random.sample(table.ids, min(count, len(table.ids))))

    def _numbers(self, kind: str, table: Rows, ids: Sequence[Identity]) -> Ids:
        """The numbers of rows that are named by number, or by the values of their key."""
        known: dict[tuple[Any, ...], int] = {}
        if any(not isinstance(item, int) for item in ids):
            key = self.world.declared[kind].key
            rows = ((number, self.world.row(kind, number)) for number in table.ids)
            known = {tuple(row.get(name) for name in key): number for number, row in rows}
        found = []
        for item in ids:
            values = (item,) if isinstance(item, str | int) else tuple(item)
            number = item if isinstance(item, int) else known.get(values, -1)
            if number not in table:
                raise ValueError(f"{kind}: there is no id {item}")
            found.append(number)
        return found
