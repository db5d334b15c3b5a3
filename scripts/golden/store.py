"""A sandbox store for golden runs, whose clock is set by the scenario."""

from __future__ import annotations

import json
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from tap_bigcommerce_sandbox import Options, Sandbox
from tap_bigcommerce_sandbox.app import App, Reply
from tap_bigcommerce_sandbox.faults import Operation
from tap_bigcommerce_sandbox.http_server import HttpServer
from tap_bigcommerce_sandbox.messages import Request
from tap_bigcommerce_sandbox.world import Clock

Json = dict[str, Any]

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
"""In the past on every machine, because a sync never starts after the time of the tap's clock."""

MANY = replace(OPTIONS, seed=18, orders=300, customers=300, products=250, coupons=300)

NOW = 1735776000.0  # 2025-01-02T00:00:00Z

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
    """A sandbox at the time `now`, with actions that run when a response has a certain row."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.now = NOW
        self.odd_every = 0
        """One of this many values is undocumented; 0: none."""
        self.odd_keys = False
        """Whether the fields of `KEYS` can have undocumented values, too."""
        self._temporary = tempfile.TemporaryDirectory(prefix="golden-")
        self.folder = Path(self._temporary.name)
        """A folder for files of the tap."""
        self.process: subprocess.Popen[bytes] | None = None
        self._moments: list[tuple[str, int, Callable[[], None]]] = []
        self._server = HttpServer(_GoldenApp(self, options))

    def stop(self) -> None:
        """Stop serving, and remove the folder."""
        super().stop()
        self._temporary.cleanup()

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

    def catch_up(self, files: Mapping[str, bytes]) -> None:
        """Run all actions of a run that is skipped, and write the files that it has left."""
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        moments, self._moments = self._moments, []
        for _, _, do in moments:
            do()

    def stop_tap(self) -> None:
        """Send SIGTERM to the running tap."""
        if self.process is not None:
            self.process.terminate()

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
            response.body = _Odd(path, self.odd_every, self.odd_keys).body(response.body)


class _GoldenApp(App):
    def __init__(self, store: GoldenStore, options: Options) -> None:
        super().__init__(options)
        self.world.clock = Clock(source=lambda: store.now)
        self._store = store

    def receive(self, request: Request, perform: Callable[[Operation], None]) -> Reply:
        reply = super().receive(request, perform)
        self._store.answered(self.request_log.entries()[-1]["list"], request.path, reply)
        return reply


@dataclass(frozen=True)
class _Odd:
    """Puts undocumented values into some fields of a response; always the same ones."""

    path: str
    every: int
    keys: bool

    @property
    def values(self) -> Sequence[str]:
        """The values for this list."""
        below_a_row = any(part.isdigit() for part in self.path.split("/"))
        return ODD if below_a_row else ODD + RETRIED

    def body(self, body: bytes) -> bytes:
        """The body with undocumented values."""
        value = json.loads(body, parse_float=orjson.Fragment)
        enveloped = isinstance(value, dict) and "data" in value
        rows = value["data"] if enveloped else value
        is_list = isinstance(rows, list)
        parts = self.path.split("/")[3:]
        name = "/".join(parts if is_list else parts[:-1])
        odd = [self._row(name, row) for row in (rows if is_list else [rows])]
        rows = odd if is_list else odd[0]
        # Some bodies are indented.
        option = orjson.OPT_INDENT_2 if zlib.crc32(body) % 2 else None
        return orjson.dumps({**value, "data": rows} if enveloped else rows, option=option)

    def _row(self, name: str, row: Json) -> Json:
        plain = [str(value) for value in row.values() if isinstance(value, (int, str))]
        path = f"{name}:{row.get('id', plain)}"
        # Every third row is as documented, so that pages have both.
        if zlib.crc32(path.encode()) % 3 == 0:
            return row
        return {key: self._value(value, f"{path}/{key}", key) for key, value in row.items()}

    def _value(self, value: Any, path: str, key: str) -> Any:
        if not self.keys and (key.endswith("_id") or key in KEYS):
            return value
        draw = zlib.crc32(path.encode())
        if draw % self.every == 0:
            return orjson.Fragment(self.values[draw // self.every % len(self.values)])
        if isinstance(value, dict):
            odd = {name: self._value(v, f"{path}/{name}", name) for name, v in value.items()}
            unknown = {"nobody_knows": orjson.Fragment(self.values[draw // 5 % len(self.values)])}
            return {**odd, **unknown} if draw % 5 == 0 else odd
        if isinstance(value, list):
            # Rows of other streams stay objects, unless keys may have undocumented values.
            return [
                self._row(f"{path}/{number}", v)
                if isinstance(v, dict) and not self.keys
                else self._value(v, f"{path}/{number}", key)
                for number, v in enumerate(value)
            ]
        return value
