"""HTTP/1.1 server on loopback: parses requests, sends responses, keeps connections alive."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from http import HTTPStatus
from typing import cast

import orjson

from tap_bigcommerce_sandbox.app import App, Reply
from tap_bigcommerce_sandbox.messages import JSON, Request, Response, json_response, parse_target
from tap_bigcommerce_sandbox.operations import Operations
from tap_bigcommerce_sandbox.values import ACCESS_TOKEN, STORE_HASH

CONTROL_PATH = "/_control/"
_HEAD_END = b"\r\n\r\n"
_LINGER_ZERO = struct.pack("ii", 1, 0)
_GZIP_WORTH = 1024


TURNS_TO_END = 5
"""Iterations of the event loop after which every connection has ended."""


class Connection(asyncio.Protocol):
    """One client's connection. Its requests are answered one after another, as in HTTP/1.1."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._app, self._operations = server.app, server.operations
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for responses."""
        self._server.connections.add(self)
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected; no more responses are sent."""
        self._server.connections.discard(self)
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
            self._send(request, self._control(request))
            return
        reply = self._app.receive(request, self._operations.perform_one)
        options = self._app.options
        delay = options.hang_seconds if reply.breaks == "hang" else options.latency_ms / 1000
        if delay:
            asyncio.get_running_loop().call_later(delay, self._finish, request, reply)
        else:
            self._finish(request, reply)

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
        name = request.path[len(CONTROL_PATH) :]
        try:
            arguments = orjson.loads(request.body) if request.body else {}
            return json_response(self._operations.perform(name, arguments))
        except ValueError as error:
            return json_response({"error": str(error)}, 400)

    def _finish(self, request: Request, reply: Reply) -> None:
        self._app.request_log.end()
        if self._transport is None:
            return
        if reply.breaks in ("reset", "hang"):
            self._reset(self._transport)
        elif reply.breaks == "cut":
            self._cut(self._transport, request, reply.response)
        else:
            self._send(request, reply.response)

    def _send(self, request: Request, response: Response) -> None:
        transport = self._transport
        if transport is None:
            return
        head, body = self._encode(request, response)
        transport.write(head + body)
        self._busy = False
        if request.headers.get("connection", "").lower() == "close":
            transport.close()
        elif self._buffer:
            asyncio.get_running_loop().call_soon(self._next)

    def _reset(self, transport: asyncio.Transport) -> None:
        # Closing with linger 0 sends RST: the client sees "connection reset by peer".
        sock = cast(socket.socket, transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()

    def _cut(self, transport: asyncio.Transport, request: Request, response: Response) -> None:
        head, body = self._encode(request, response)
        if not body:
            # Nothing to cut short, so the header announces more bytes than are sent.
            head = head.replace(_HEAD_END, b"\r\nContent-Length: 100\r\n\r\n")
        transport.write(head + body[: len(body) // 2])
        transport.close()

    def _encode(self, request: Request, response: Response) -> tuple[bytes, bytes]:
        body = response.body
        lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
        if self._zips(request, body):
            squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = squeeze.compress(body) + squeeze.flush()
            lines.append("Content-Encoding: gzip")
        lines.extend(f"{name}: {value}" for name, value in response.headers.items())
        if response.status not in (204, 304):
            lines.append(f"Content-Type: {response.content_type or JSON}")
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + _HEAD_END, body

    def _zips(self, request: Request, body: bytes) -> bool:
        accepted = request.headers.get("accept-encoding", "")
        return self._app.options.gzip and len(body) >= _GZIP_WORTH and "gzip" in accepted


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Bandwidth Limit Exceeded" if status == 509 else "Unknown"


class HttpServer:
    """Listens on loopback and serves one app until stopped."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.operations = Operations(app)
        self.connections: set[Connection] = set()
        self.port = 0
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; `port` is known afterwards."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self.app.options.port, backlog=512
        )
        self.port = int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, and abort the open connections so that no client keeps waiting."""
        if self._listener is not None:
            self._listener.close()
        # A connection that was just being accepted appears one iteration later.
        for _ in range(TURNS_TO_END):
            for connection in tuple(self.connections):
                connection.drop()
            await asyncio.sleep(0)

    def addresses(self) -> dict[str, str]:
        """Addresses and credentials, as `tap-bigcommerce-sandbox` prints them."""
        here = f"http://127.0.0.1:{self.port}"
        return {
            "api_url": here,
            "store_hash": STORE_HASH,
            "access_token": ACCESS_TOKEN,
            "control_url": here + CONTROL_PATH.rstrip("/"),
        }
