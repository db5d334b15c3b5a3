"""A sandbox whose answers are changed on their way out: odd rows, and odd shapes of whole lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.messages import Request, Response

Json = dict[str, Any]
Place = tuple[str | int, ...]
"""The way to a value within a row: ("images", 0, "id"). () is the row itself."""

RowOf = tuple[str, str]
"""A row of the store: the list that it comes from ("v2/orders/*/coupons"), and its identity."""

Changes = dict[RowOf, dict[Place, str]]
"""What stands in rows instead of what the store holds, as JSON text."""


class OddStore(Sandbox):
    """`changes` are made to rows, and `wholes` are the bodies of whole lists; both may change.

    `rows` are those that have been answered with since they were last cleared, unchanged.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.changes: Changes = {}
        self.wholes: dict[str, bytes] = {}
        self.rows: dict[RowOf, Json] = {}
        self._server = HttpServer(_OddApp(options, self._changed))

    def _changed(self, path: str, body: bytes) -> bytes:
        list_ = re.sub(r"(?<=/)\d+(?=/|$)", "*", path.partition("/stores/")[2].partition("/")[2])
        if list_ in self.wholes:
            return self.wholes[list_]
        value = orjson.loads(body)
        rows = value["data"] if list_.startswith("v3") else value
        several = isinstance(rows, list)
        data = [self._row(list_, row) for row in rows] if several else self._row(list_, rows)
        return orjson.dumps({**value, "data": data} if list_.startswith("v3") else data)

    def _row(self, list_: str, row: Json) -> Any:
        row_of = list_, str(row["id"]) if "id" in row else orjson.dumps(row).decode()
        self.rows[row_of] = orjson.loads(orjson.dumps(row))
        for place, text in self.changes.get(row_of, {}).items():
            row = put(row, place, orjson.Fragment(text))
        return row


class _OddApp(App):
    def __init__(self, options: Options, change: Callable[[str, bytes], bytes]) -> None:
        super().__init__(options)
        self._change = change

    def receive(self, request: Request) -> Response:
        response = super().receive(request)
        if response.status == 200:
            response.body = self._change(request.path, response.body)
        return response


def places_in(value: Any, before: Place = ()) -> Iterator[Place]:
    """Every place in a JSON value, itself first."""
    yield before
    if isinstance(value, (dict, list)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_in(inner, (*before, step))


def put(value: Any, place: Place, new: Any) -> Any:
    """The value with something else at a place; as it is where there is no such place by now."""
    if not place:
        return new
    step, *rest = place
    if isinstance(value, dict):
        return {**value, step: put(value.get(step), tuple(rest), new)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [put(old, tuple(rest), new) if at == step else old for at, old in enumerate(value)]
    return value
