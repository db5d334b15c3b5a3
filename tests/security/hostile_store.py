"""A store whose answers a test writes itself, byte for byte, and its one list of coupons."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tap_runner import Json, discover, select

Reply = tuple[int, bytes]
Answer = Callable[[str, dict[str, str]], Reply]
"""The status and body for a path and its headers, which have small letters."""

TOKEN = "t0kenOfThisTest/with+signs="


def rows(*content: Json) -> Answer:
    """These coupons, by their ids as the API filters them."""

    def answer(path: str, headers: dict[str, str]) -> Reply:
        query = parse_qs(urlsplit(path).query)
        least = int(query.get("min_id", ["0"])[0])
        found = [row for row in content if row["id"] >= least]
        return 200, json.dumps(found).encode()

    return answer


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address of a server that answers so, whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = answer(self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def config(api_url: str, **more: Any) -> Json:
    """Settings with which the tap reads it, and gives up at once what fails."""
    return {
        "store_hash": "hostile1",
        "access_token": TOKEN,
        "api_url": api_url,
        "max_attempts": 1,
        "max_retry_seconds": 0,
        **more,
    }


def coupons(properties: Json | None = None) -> Json:
    """A catalog in which only coupons are selected, with further properties in their schema."""
    catalog = select(discover(), "coupons")
    for entry in entries(catalog, "coupons"):
        entry["schema"]["properties"].update(properties or {})
    return catalog


def entries(catalog: Json, *streams: str) -> Sequence[Json]:
    return [entry for entry in catalog["streams"] if entry["tap_stream_id"] in streams]
