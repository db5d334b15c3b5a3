"""A server on loopback that writes what it likes, down to single bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from tap_runner import Json

NO_ROWS = b"HTTP/1.1 204 No Content\r\n\r\n"
THE_TIME = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"time": 1}'

Answer = Callable[[socket.socket], None]
"""Writes to the connection; it may go on until that ends."""


@contextlib.contextmanager
def answering(customers: Answer) -> Iterator[Json]:
    """Settings for a store that answers for customers so, and has no rows of anything else."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, customers), daemon=True).start()
        yield settings_for(listener.getsockname()[1])


def settings_for(port: int) -> Json:
    return {
        "store_hash": "abc123",
        "access_token": "made-up",
        "api_url": f"http://127.0.0.1:{port}",
    }


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


def _accept(listener: socket.socket, customers: Answer) -> None:
    with contextlib.suppress(OSError):  # closed: the test is over
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, customers), daemon=True).start()


def _serve(connection: socket.socket, customers: Answer) -> None:
    with connection, contextlib.suppress(OSError):  # the tap has had enough
        while request := http_request(connection.recv):
            if b"/v2/customers" in request:
                customers(connection)
            else:
                connection.sendall(THE_TIME if b"/v2/time" in request else NO_ROWS)


def http_request(receive: Callable[[int], bytes]) -> bytes:
    """Its head; nothing once the connection has ended."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        came = receive(65536)
        if not came:
            return b""
        request += came
    return request
