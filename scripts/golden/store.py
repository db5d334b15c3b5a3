"""A made-up store for golden runs, whose clock stands still."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import orjson

from sandbox import Options, Sandbox
from sandbox.app import App, Reply
from sandbox.clock import Clock
from sandbox.http_server import HttpServer
from sandbox.request import Request
from sandbox.triggers import Operation

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
"""In the past for every machine, for a sync never begins later than the tap's own clock says."""

NOW = 1735776000.0  # 2025-01-02T00:00:00Z

ODD = (
    *("null", "true", "0", "-1", "7.0", "7.5", "-0.0", "1E5", "12.5000", "1e400"),
    *("18446744073709551616", "-12345678901234567890.10", "0.1000000000000000055511151231257827"),
    *('""', '" "', '"x"', '"12.5000"', '"7"', '"-3.10"', '"true"', '"1e5"', '"1,234.50"'),
    *(r'"\ud800 alone"', r'"a\u0000b"', r'"\u2028\n\"\\ü😀"', '"0000-00-00 00:00:00"'),
    *('"Tue, 05 Mar 2024 21:40:11 +0200"', '"2024-03-05T21:40:11+02:00"', '"1709674811"'),
    *("[]", "{}", "[null]", "[7]", '["x",7]', '[{"id":7}]', '{"a":{"b":[null,"12.50"]}}'),
    *('{"link":"https://x.example/y"}', '{"url":"https://x.example/y","resource":"/y"}'),
)
"""JSON that stands where something else is documented."""

KEYS = ("id", "date_modified", "created", "identity", "currency")
"""Fields, beside those that end in _id, which tell rows apart or say when they have changed."""


class GoldenStore(Sandbox):
    """A sandbox at `now`, which can be told what happens when an answer shows a certain row."""

    def __init__(self) -> None:
        super().__init__(OPTIONS)
        self.now = NOW
        self.odd = ""
        """Which values are odd: none (""), all but those of `KEYS` ("values"), or all ("keys")."""
        self.process: subprocess.Popen[bytes] | None = None
        self._moments: list[tuple[str, int, Callable[[], None]]] = []
        self._server = HttpServer(_GoldenApp(self))

    def ids(self, list_: str) -> list[int]:
        """The ids of a list, in order."""
        return [row["id"] for row in self.records(list_)]

    def when(self, path: str, place: int, do: Callable[[], None]) -> None:
        """Call `do` once a page of the list at `path` with its row number `place` is answered."""
        name = path.rpartition("/")[2]
        self._moments.append((path, self.ids(name)[place], do))

    def catch_up(self) -> None:
        """Do all that was to happen in a run that is left out."""
        moments, self._moments = self._moments, []
        for _, _, do in moments:
            do()

    def stop_tap(self) -> None:
        """Tell the tap that is running to end."""
        if self.process is not None:
            self.process.terminate()

    def operate(self, name: str, **arguments: Any) -> None:
        """Carry out an operation of the store in its own thread, where `do` is called."""
        self._server.operations.perform(name, arguments)

    def answered(self, path: str, reply: Reply) -> None:
        """Called with every answer before it is sent."""
        for moment in [*self._moments]:
            end, id_, do = moment
            if path.endswith(end) and len(reply.answer.ids) > 1 and id_ in reply.answer.ids:
                self._moments.remove(moment)
                do()
        if self.odd and reply.answer.status == 200 and not path.endswith(("/count", "/time")):
            reply.answer.body = _odd_body(path, reply.answer.body, self.odd == "keys")


class _GoldenApp(App):
    def __init__(self, store: GoldenStore) -> None:
        super().__init__(OPTIONS)
        self.world.clock = Clock(source=lambda: store.now)
        self._store = store

    def receive(self, request: Request, perform: Callable[[Operation], None]) -> Reply:
        reply = super().receive(request, perform)
        self._store.answered(request.path, reply)
        return reply


def _odd_body(path: str, body: bytes, keys: bool) -> bytes:
    """The rows of an answer with odd values here and there, the same ones every time."""
    value = json.loads(body, parse_float=orjson.Fragment)
    enveloped = isinstance(value, dict) and "data" in value
    rows = value["data"] if enveloped else value
    several = rows if isinstance(rows, list) else [rows]
    parts = path.split("/")[3:]
    name = "/".join(parts if isinstance(rows, list) else parts[:-1])
    for number, row in enumerate(several):
        plain = [str(value) for value in row.values() if isinstance(value, (int, str))]
        identity = row.get("id", ":".join(plain))
        # Every third row is as documented, so that pages have both.
        if zlib.crc32(f"{name}:{identity}".encode()) % 3:
            several[number] = {
                key: _odd(value, f"{name}:{identity}/{key}", key, keys)
                for key, value in row.items()
            }
    rows = several if isinstance(rows, list) else several[0]
    return orjson.dumps({**value, "data": rows} if enveloped else rows)


def _odd(value: Any, place: str, key: str, keys: bool) -> Any:
    if not keys and (key.endswith("_id") or key in KEYS):
        return value
    draw = zlib.crc32(place.encode())
    if draw % 40 == 0:
        return orjson.Fragment(ODD[draw // 40 % len(ODD)])
    if isinstance(value, dict):
        odd = {name: _odd(inner, f"{place}/{name}", name, keys) for name, inner in value.items()}
        unknown = {"nobody_knows": orjson.Fragment(ODD[draw // 5 % len(ODD)])}
        return {**odd, **unknown} if draw % 5 == 0 else odd
    if isinstance(value, list):
        return [_odd(inner, f"{place}/{n}", key, keys) for n, inner in enumerate(value)]
    return value
