"""A sandbox store for golden runs, whose clock is set by the scenario."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import orjson

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.app import App, Reply
from tap_bigcommerce_sandbox.faults import Operation
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.world import Clock

Json = dict[str, Any]

# In the past on every machine, because a sync never starts after the time of the tap's clock.
NOW = 1735776000.0  # 2025-01-02T00:00:00Z
OPTIONS = Options(
    seed=17,
    orders=70,
    customers=50,
    products=45,
    coupons=30,
    brands=30,
    categories=30,
    redirects=30,
    promotions=6,
    codes_per_promotion=30,
    couponed_share=0.3,
    metafield_share=0.5,
    huge_order_share=0.0,
    data_until="2025-01-01T00:00:00Z",
)

ODD = (
    *("null", "true", "0", "-1", "7.0", "7.5", "-0.0", "1E5", "12.5000"),
    *("18446744073709551616", "-12345678901234567890.10", "0.1000000000000000055511151231257827"),
    *('""', '" "', '"x"', '"12.5000"', '"7"', '"-3.10"', '"true"', '"1e5"', '"1,234.50"'),
    *(r'"a\u0000b"', r'"\u2028\n\"\\ü😀"', '"0000-00-00 00:00:00"'),
    *('{"a":1,"a":2}', "[" * 60 + "]" * 60, "1e-400", "1.0E+2", "0.10", "-0"),
    *('"Tue, 05 Mar 2024 21:40:11 +0200"', '"2024-03-05T21:40:11+02:00"', '"1709674811"'),
    *("[]", "{}", "[null]", "[7]", '["x",7]', '[{"id":7}]', '{"a":{"b":[null,"12.50"]}}'),
    *('{"link":"https://x.example/y"}', '{"url":"https://x.example/y","resource":"/y"}'),
)
"""JSON values for fields that are documented otherwise."""

RETRIED = (r'"\ud800 alone"', "1e400", "7" * 400)
"""Values for which the tap retries a request after a wait: only in lists of many rows."""

KEYS = (
    *("id", "date_modified", "created", "identity", "currency"),
    *("quantity", "items_total", "shipping_address_count"),
)
"""Fields, besides those that end in _id, that identify rows or have dates of change, and those by
which the tap checks whether an order's embedded lists are complete."""


class GoldenStore(Sandbox):
    """A sandbox at the time `now`, with actions that run when a response has a certain row.

    `odd_every`: one of this many values is undocumented; 0: none.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.now = NOW
        self.odd_every = 0
        self._moments: list[tuple[str, int, Callable[[], None]]] = []
        self._server = HttpServer(_GoldenApp(self, options))

    def ids(self, list_: str) -> list[int]:
        """The ids of a list, in order."""
        return [row["id"] for row in self.records(list_)]

    def newest(self, list_: str) -> float:
        """The latest modification date of a list's rows, in seconds."""
        table = self._server.app.world.tables[list_]
        return max(map(table.modified, table.ids))

    def when(self, list_: str, number: int, do: Callable[[], None]) -> None:
        """Call `do` once, when a response has the row with this number of the list."""
        self._moments.append((list_, self.ids(list_)[number], do))

    def catch_up(self) -> None:
        """Run all actions of a run that is skipped."""
        while self._moments:
            self._moments.pop(0)[2]()

    def operate(self, name: str, **arguments: Any) -> None:
        """Carry out a control operation; for use in `do`, which runs in the store's thread."""
        self._server.operations.perform(name, arguments)

    def answered(self, list_: str, path: str, reply: Reply) -> None:
        """Called with every response before it is sent."""
        response = reply.response
        for moment in [*self._moments]:
            name, id_, do = moment
            if name == list_ and len(response.ids) > 1 and id_ in response.ids:
                self._moments.remove(moment)
                do()
        is_list = not path.endswith(("/count", "/time"))
        if self.odd_every and response.status == 200 and is_list:
            response.body = self._with_odd_values(path, response.body)

    def _with_odd_values(self, path: str, body: bytes) -> bytes:
        """The body with undocumented values in some fields; always the same ones."""
        parts = path.split("/")
        values = ODD if any(part.isdigit() for part in parts) else ODD + RETRIED

        def changed(value: Any, where: str, key: str) -> Any:
            if key.endswith("_id") or key in KEYS:
                return value
            draw = zlib.crc32(where.encode())
            is_row = isinstance(value, dict) and key.isdigit()
            # Rows stay objects, and every third row is as documented, so that pages have both.
            if is_row and draw % 3 == 0:
                return value
            if draw % self.odd_every == 0 and not is_row:
                return orjson.Fragment(values[draw // self.odd_every % len(values)])
            if isinstance(value, dict):
                odd = {name: changed(v, f"{where}/{name}", name) for name, v in value.items()}
                unknown = {"nobody_knows": orjson.Fragment(values[draw // 5 % len(values)])}
                return {**odd, **unknown} if draw % 5 == 0 else odd
            if isinstance(value, list):
                return [changed(v, f"{where}/{n}", str(n)) for n, v in enumerate(value)]
            return value

        whole = json.loads(body, parse_float=orjson.Fragment)
        enveloped = isinstance(whole, dict) and "data" in whole
        rows = whole["data"] if enveloped else whole
        is_list = isinstance(rows, list)
        # A row has the same values in every page, and alone.
        name = "/".join(parts[3:] if is_list else parts[3:-1])
        odd_rows = []
        for row in rows if is_list else [rows]:
            plain = [str(value) for value in row.values() if isinstance(value, (int, str))]
            odd_rows.append(changed(row, f"{name}:{row.get('id', plain)}", "0"))
        rows = odd_rows if is_list else odd_rows[0]
        # Some bodies are indented.
        option = orjson.OPT_INDENT_2 if zlib.crc32(body) % 2 else None
        return orjson.dumps({**whole, "data": rows} if enveloped else rows, option=option)


class _GoldenApp(App):
    def __init__(self, store: GoldenStore, options: Options) -> None:
        super().__init__(options)
        self.world.clock = Clock(source=lambda: store.now)
        self._store = store

    def receive(self, request: Request, perform: Callable[[Operation], None]) -> Reply:
        reply = super().receive(request, perform)
        self._store.answered(self.request_log.entries()[-1]["list"], request.path, reply)
        return reply
