"""A proxy in front of the sandbox that removes rows from its lists."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tap_runner import Json

from tap_bigcommerce_sandbox import Store

Query = dict[str, str]
ID_FILTERS = ("id:in", "id", "max_id")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def hiding_proxy(
    store: Store,
    hides: Callable[[int], bool],
    *,
    filters: bool = True,
    counts: bool = False,
    counted: Mapping[str, tuple[int, Json]] = MappingProxyType({}),
) -> Iterator[str]:
    """Yields the URL of an API whose lists do not show rows for which `hides(id)` is true.

    Requests that filter by ids show them. Without `filters`, the API ignores such filters. With
    `counts`, the totals of v3 include hidden rows, otherwise there are no totals. `counted` has
    the status and body of responses to paths that count rows.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the library's name
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            by_ids = any(name in query for name in ID_FILTERS)
            if by_ids and not filters:
                query = {k: v for k, v in query.items() if k not in ID_FILTERS}
            status, body = _get(store, f"{parts.path}?{urlencode(query)}", self.headers)
            path = parts.path.removeprefix(f"/stores/{store.store_hash}")
            if path in counted:
                status, body = counted[path][0], json.dumps(counted[path][1]).encode()
            if status == 200 and not by_ids:
                body = _without(body, hides, counts=counts)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _get(store: Store, path: str, headers: Any) -> tuple[int, bytes]:
    request = urllib.request.Request(
        store.api_url + path, headers={"X-Auth-Token": headers["X-Auth-Token"]}
    )
    try:
        with OPENER.open(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _without(body: bytes, hides: Callable[[int], bool], *, counts: bool) -> bytes:
    value = json.loads(body)
    rows = value.get("data") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return body
    rows[:] = [row for row in rows if not hides(row.get("id", 0))]
    if isinstance(value, dict) and not counts:
        value.pop("meta", None)
    return json.dumps(value).encode()
