"""HTTP/1.1 server on loopback: parses requests, sends responses, keeps connections alive."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from typing import cast

import orjson

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.messages import (
    JSON,
    Request,
    Response,
    json_response,
    parse_target,
    reason,
)
from tap_bigcommerce_sandbox.values import ACCESS_TOKEN, STORE_HASH

CONTROL_PATH = "/_control/"
_HEAD_END = b"\r\n\r\n"
_LINGER_ZERO = struct.pack("ii", 1, 0)
_GZIP_WORTH = 1024
_TURNS_TO_END = 5
"""Iterations of the event loop after which every connection has ended."""


class Connection(asyncio.Protocol):
    """One client's connection. Its requests are answered one after another, as in HTTP/1.1."""

    def __init__(self, app: App, connections: set[Connection]) -> None:
        self._app = app
        self._connections = connections
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for responses."""
        self._connections.add(self)
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected; no more responses are sent."""
        self._connections.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Collect bytes, and handle the next request once it is complete."""
        self._buffer += data
        self._next()

    def drop(self) -> None:
        """Abort the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        if self._busy or self._transport is None:
            return
        request = self._take()
        if request is None:
            return
        self._busy = True
        if request.path.startswith(CONTROL_PATH):
            self._send(self._transport, request, self._control(request))
            return
        response = self._app.receive(request)
        options = self._app.world.options
        hangs = response.breaks == "hang"
        delay = options.hang_seconds if hangs else options.latency_ms / 1000
        if delay:
            asyncio.get_running_loop().call_later(delay, self._finish, request, response)
        else:
            self._finish(request, response)

    def _take(self) -> Request | None:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return None
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        size = end + len(_HEAD_END) + int(headers.get("content-length", "0"))
        if len(self._buffer) < size:
            return None
        body = bytes(self._buffer[end + len(_HEAD_END) : size])
        del self._buffer[:size]
        method, _, rest = first.partition(" ")
        return parse_target(method, rest.partition(" ")[0], headers, body)

    def _control(self, request: Request) -> Response:
        name = request.path.removeprefix(CONTROL_PATH)
        try:
            arguments = orjson.loads(request.body) if request.body else {}
            return json_response(self._app.operations.perform(name, arguments))
        except ValueError as error:
            return json_response({"error": str(error)}, 400)

    def _finish(self, request: Request, response: Response) -> None:
        self._app.in_flight -= 1
        transport = self._transport
        if transport is None:
            return
        if response.breaks == "cut":
            head, body = self._encode(request, response)
            if not body:
                # Nothing to cut short, so the header announces more bytes than are sent.
                head = head.replace(_HEAD_END, b"\r\nContent-Length: 100\r\n\r\n")
            transport.write(head + body[: len(body) // 2])
            transport.close()
        elif response.breaks:
            # Closing with linger 0 sends RST: the client sees "connection reset by peer".
            sock = cast(socket.socket, transport.get_extra_info("socket"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            transport.abort()
        else:
            self._send(transport, request, response)

    def _send(self, transport: asyncio.Transport, request: Request, response: Response) -> None:
        transport.write(b"".join(self._encode(request, response)))
        self._busy = False
        if request.headers.get("connection", "").lower() == "close":
            transport.close()
        elif self._buffer:
            asyncio.get_running_loop().call_soon(self._next)

    def _encode(self, request: Request, response: Response) -> tuple[bytes, bytes]:
        """The head and the body of a response."""
        body, headers = response.body, {**response.headers}
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        if accepted and self._app.world.options.gzip and len(body) >= _GZIP_WORTH:
            squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = squeeze.compress(body) + squeeze.flush()
            headers["Content-Encoding"] = "gzip"
        if response.status not in (204, 304):
            headers = {"Content-Type": JSON, **headers, "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + _HEAD_END, body


class HttpServer:
    """Listens on loopback and serves one app until stopped."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> dict[str, str]:
        """Begin to listen; returns the addresses and credentials, as the command line prints."""
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: Connection(self.app, self._connections),
            "127.0.0.1",
            self.app.world.options.port,
            backlog=512,
        )
        here = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        return {
            "api_url": here,
            "store_hash": STORE_HASH,
            "access_token": ACCESS_TOKEN,
            "control_url": here + CONTROL_PATH.rstrip("/"),
        }

    async def stop(self) -> None:
        """Stop listening, and abort the open connections so that no client keeps waiting."""
        if self._listener is not None:
            self._listener.close()
        # A connection that was just being accepted appears one iteration later.
        for _ in range(_TURNS_TO_END):
            for connection in tuple(self._connections):
                connection.drop()
            await asyncio.sleep(0)
