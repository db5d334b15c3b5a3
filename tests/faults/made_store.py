"""A store made up for one test: rows by path, and answers that come instead.

with MadeStore({"/v2/orders": [order(100)]}) as store:
    store.answer(r"/v2/orders/100/fees", 200, {"fees": []})
    result = store.sync("orders", "order_fees")
"""

import functools
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import tap_runner
from tap_runner import Json, Result

Query = dict[str, str]
Body = Any
"""A JSON value; or what makes it from the request's query; None: no body."""

Place = tuple[str | int, ...]
"""The way to a value within a row: ("images", 0, "id"). () is the row itself."""

DATE = "Tue, 05 Mar 2024 21:40:11 +0000"
ISO_DATE = "2024-03-05T21:40:11+00:00"


class Request(NamedTuple):
    path: str
    query: Query


@dataclass
class MadeStore:
    """`rows` of lists by their paths; a path with an object instead is one record."""

    rows: dict[str, Any]
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> "MadeStore":
        self._answers: list[tuple[str, int | Callable[[Query], int], Body, str | None]] = []
        reply = self._reply

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:  # the name that http.server calls
                parts = urlsplit(self.path)
                path = parts.path.removeprefix("/stores/made1")
                status, value = reply(path, dict(parse_qsl(parts.query)))
                body = b"" if status == 204 else json.dumps(value).encode()
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(
        self,
        path: str,
        status: int | Callable[[Query], int],
        body: Body = None,
        *,
        query: str | None = None,
    ) -> None:
        """Answer so from now on at the paths that match.

        `query`: only where the request has this parameter.
        """
        self._answers.insert(0, (path, status, body, query))

    def heal(self) -> None:
        self._answers.clear()

    def run(
        self,
        *streams: str,
        state: Any = None,
        fields: Mapping[str, list[str]] | None = None,
        **settings: Any,
    ) -> Result:
        self.requests.clear()
        config = {
            "store_hash": "made1",
            "access_token": "made-token",
            "api_url": f"http://127.0.0.1:{self._server.server_address[1]}",
            "max_attempts": 2,
            "max_retry_seconds": 0,
            **settings,
        }
        catalog = tap_runner.select(_catalog(), *streams, fields=fields, every_field=True)
        return tap_runner.run(config, catalog, state)

    def sync(self, *streams: str, **more: Any) -> Result:
        result = self.run(*streams, **more)
        assert result.status == 0, result.stderr
        return result

    def fail(self, *streams: str, **more: Any) -> Result:
        result = self.run(*streams, **more)
        assert result.status == 1, result.stderr
        return result

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if re.fullmatch(path, request.path)]

    def _reply(self, path: str, query: Query) -> tuple[int, Any]:
        self.requests.append(Request(path, query))
        for pattern, status, body, name in list(self._answers):
            if re.fullmatch(pattern, path) and (name is None or name in query):
                return (
                    status(query) if callable(status) else status,
                    body(query) if callable(body) else body,
                )
        if path not in self.rows:
            return 404, {"status": 404, "title": "Not Found"}
        if isinstance(self.rows[path], dict):
            record = self.rows[path]
            return 200, {"data": record, "meta": {}} if path.startswith("/v3/") else record
        return page_of(path, self.rows[path], query)


@functools.cache
def _catalog() -> Json:
    return tap_runner.discover()


def page_of(path: str, rows: list[Json], query: Query) -> tuple[int, Any]:
    """The status and body for a page of a list, as the API filters and sorts it."""
    for name in ("min_id", "id:min"):
        if name in query:
            rows = [row for row in rows if row["id"] >= int(query[name])]
    if "min_date_modified" in query:
        since = query["min_date_modified"].replace("Z", "+00:00")
        rows = [r for r in rows if parsedate_to_datetime(r["date_modified"]).isoformat() >= since]
    if "desc" in query.get("sort", "") + query.get("direction", ""):
        rows = rows[::-1]
    total, limit, page = len(rows), int(query.get("limit", 50)), int(query.get("page", 1))
    rows = rows[(page - 1) * limit : page * limit]
    if path.startswith("/v3/"):
        return 200, {"data": rows, "meta": {"pagination": {"total": total, "count": len(rows)}}}
    return (200, rows) if rows else (204, None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass


def item(order_id: int, number: int, quantity: int = 1) -> Json:
    own = {"id": order_id * 10 + number, "order_id": order_id, "order_address_id": order_id}
    return {**own, "quantity": quantity, "applied_discounts": []}


def order(id: int, *items: Json, **more: Any) -> Json:
    """An order with one shipping consignment that holds these line items."""
    consignment = {"id": id, "base_cost": "5.0", "cost_ex_tax": "5.0", "cost_inc_tax": "5.0"}
    return {
        "id": id,
        "date_modified": DATE,
        "items_total": sum(item["quantity"] for item in items),
        "shipping_address_count": 1,
        "coupon_discount": "0.0",
        "fees": [],
        "consignments": {
            "pickups": [],
            "shipping": [{**consignment, "line_items": list(items)}],
            "downloads": [],
            "email": {"gift_certificates": []},
        },
        **more,
    }


def orders(*rows: Json, items: int = 1) -> dict[str, Any]:
    """The list of these orders, each order alone, and its child lists, with so many line items."""
    made: dict[str, Any] = {"/v2/orders": list(rows)}
    for row in rows:
        id_, own = row["id"], f"/v2/orders/{row['id']}"
        lines = [item(id_, number) for number in range(1, items + 1)]
        made[own] = row
        made[f"{own}/products"] = lines
        made[f"{own}/shipping_addresses"] = [{"id": id_, "order_id": id_}]
        made[f"{own}/consignments"] = order(id_, *lines)["consignments"]
        made[f"{own}/fees"], made[f"{own}/coupons"] = [], []
    return made


def product(id: int, **more: Any) -> Json:
    lists = ("variants", "images", "custom_fields", "bulk_pricing_rules", "videos", "channels")
    nested: Json = {name: [] for name in (*lists, "parent_relations")}
    nested["primary_image"] = None
    return {"id": id, "name": f"Product {id}", "date_modified": ISO_DATE, **nested, **more}


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
