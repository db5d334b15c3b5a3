"""Runs with detect_deletes, loaded into one warehouse; and an API that shows less than it has."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from unittest import mock

from tap_runner import Json, Result, run, settings

from tap_bigcommerce_sandbox import Sandbox, Store
from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.messages import Request, Response

MAIN_STREAMS = ("coupons", "customers", "orders", "products")

LISTS = {"inventory_items": "variants", "product_variants": "variants"}
"""The sandbox's names of lists, where they are not the stream's name."""


class Runs:
    """Each run continues from the state of the run before. Any number of records may be deleted."""

    def __init__(
        self, store: Store, catalog: Any = None, *, hard_delete: bool = False, **config: Any
    ) -> None:
        self.config: Json = settings(
            store, **{"detect_deletes": True, "deletes_every": 0, "deletes_limit": 1, **config}
        )
        self.catalog = catalog
        self.state: Any = None
        self.warehouse = Warehouse(hard_delete=hard_delete)

    def run(self, *, fails: bool = False, **config: Any) -> Result:
        """Run the tap once and load its messages into the warehouse."""
        result = run({**self.config, **config}, self.catalog, self.state)
        assert (result.status != 0) == fails, result.stderr
        self.warehouse.load(result.messages)
        if result.states:
            self.state = result.state
        return result

    def audit(self, **config: Any) -> Result:
        return run({**self.config, **config}, self.catalog, self.state, args=["--audit"])

    def state_entry(self, stream: str) -> Json:
        found: Json = self.state["bookmarks"][stream].get("deletes", {})
        return found


def tombstones(result: Result, stream: str) -> list[int]:
    """The ids in the tombstones that a run has written."""
    return [row["id"] for row in result.records(stream) if len(row) <= 3 and row["_sdc_deleted_at"]]


def lines(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


def said(result: Result, words: str) -> bool:
    return any(words in line for line in result.logged("CRITICAL"))


Key = tuple[Any, ...]

DELETED_AT = "_sdc_deleted_at"


class Warehouse:
    """Tables by stream, rows by key. A column that the SCHEMA has and the RECORD lacks is null."""

    def __init__(self, *, hard_delete: bool = False) -> None:
        self.tables: dict[str, dict[Key, Json]] = {}
        self._schemas: dict[str, Json] = {}
        self._hard_delete = hard_delete

    def load(self, messages: Iterable[Json]) -> None:
        for message in messages:
            if message["type"] == "SCHEMA":
                self._schemas[message["stream"]] = message
            elif message["type"] == "RECORD":
                self._upsert(message)
            elif message["type"] == "ACTIVATE_VERSION":
                self._activate(message["stream"], message["version"])

    def present(self, stream: str) -> dict[Key, Json]:
        return {k: row for k, row in self._table(stream).items() if row.get(DELETED_AT) is None}

    def deleted(self, stream: str) -> dict[Key, Json]:
        return {k: row for k, row in self._table(stream).items() if row.get(DELETED_AT)}

    def row(self, stream: str, *key: Any) -> Json:
        return self._table(stream)[key]

    def _table(self, stream: str) -> dict[Key, Json]:
        return self.tables.setdefault(stream, {})

    def _upsert(self, message: Json) -> None:
        stream, record = message["stream"], message["record"]
        schema = self._schemas[stream]
        columns = schema["schema"]["properties"]
        assert record.keys() <= columns.keys(), f"{stream}: {record.keys() - columns.keys()}"
        key = tuple(record[name] for name in schema["key_properties"])
        row = self._table(stream).setdefault(key, {})
        row.update({name: record.get(name) for name in columns})
        row["_version"] = message.get("version")

    def _activate(self, stream: str, version: int) -> None:
        table = self._table(stream)
        for key, row in list(table.items()):
            # Like target-postgres, which also removes rows without a version.
            if row["_version"] is None or row["_version"] < version:
                if self._hard_delete:
                    del table[key]
                else:
                    row[DELETED_AT] = "marked by the target"


ID_FILTERS = ("id:in", "id", "max_id")


def nobody(id_: int) -> bool:
    return False


@contextmanager
def hiding(
    store: Sandbox,
    hides: Callable[[int], bool] = nobody,
    *,
    filters: bool = True,
    counts: bool = False,
    counted: Mapping[str, tuple[int, Json]] = MappingProxyType({}),
) -> Iterator[None]:
    """In this block the store's lists do not show rows for which `hides(id)` is true.

    Requests that filter by ids show them. Without `filters`, the API ignores such filters. With
    `counts`, the totals of v3 include hidden rows, otherwise there are no totals. `counted` has
    the status and body of responses to paths that count rows.
    """
    app = store._server.app

    def receive(request: Request) -> Response:
        by_ids = any(name in request.query for name in ID_FILTERS)
        if by_ids and not filters:
            query = {k: v for k, v in request.query.items() if k not in ID_FILTERS}
            request = dataclasses.replace(request, query=query)
        response = App.receive(app, request)
        path = request.path.removeprefix(f"/stores/{store.store_hash}")
        if path in counted:
            response.status, body = counted[path]
            response.body = json.dumps(body).encode()
        elif response.status == 200 and not by_ids:
            value = json.loads(response.body)
            rows = value.get("data") if isinstance(value, dict) else value
            if isinstance(rows, list):
                rows[:] = [row for row in rows if not hides(row.get("id", 0))]
            if isinstance(rows, list) and isinstance(value, dict) and not counts:
                value.pop("meta", None)
            response.body = json.dumps(value).encode()
        return response

    with mock.patch.object(app, "receive", receive):
        yield
