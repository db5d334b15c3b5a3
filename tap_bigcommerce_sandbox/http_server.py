"""HTTP/1.1 server on loopback: parses requests, sends responses, keeps connections alive."""

import asyncio
import socket
import struct
import zlib
from urllib.parse import parse_qsl, unquote

import orjson

from tap_bigcommerce_sandbox.app import App
from tap_bigcommerce_sandbox.messages import JSON, Request, Response, json_response, reason
from tap_bigcommerce_sandbox.values import ACCESS_TOKEN, STORE_HASH

CONTROL_PATH = "/_control/"
_HEAD_END = b"\r\n\r\n"
_LINGER_ZERO = struct.pack("ii", 1, 0)
_GZIP_WORTH = 1024


class HttpServer:
    """Listens on loopback and serves one app until stopped."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._connections: set[asyncio.Task[None] | None] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> dict[str, str]:
        """Begin to listen; returns the addresses and credentials, as the command line prints."""
        port = self.app.world.options.port
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=512)
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
        await asyncio.sleep(0)
        # A connection that was just being accepted appears some iterations later.
        for _ in range(5):
            for connection in filter(None, self._connections):
                connection.cancel()
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection one after another, as in HTTP/1.1."""
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while not writer.is_closing():
                request = await _read(reader)
                if request.path.startswith(CONTROL_PATH):
                    self._send(writer, request, self._control(request))
                else:
                    await self._answer(writer, request)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client has gone.
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, request: Request) -> None:
        response, options = self.app.receive(request), self.app.world.options
        try:
            hangs = response.breaks == "hang"
            await asyncio.sleep(options.hang_seconds if hangs else options.latency_ms / 1000)
        finally:
            self.app.in_flight -= 1
        if response.breaks == "cut":
            head, body = self._encode(request, response)
            if not body:
                # Nothing to cut short, so the header announces more bytes than are sent.
                head = head.replace(_HEAD_END, b"\r\nContent-Length: 100\r\n\r\n")
            writer.write(head + body[: len(body) // 2])
            writer.close()
        elif response.breaks:
            # Closing with linger 0 sends RST: the client sees "connection reset by peer".
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            writer.transport.abort()
        else:
            self._send(writer, request, response)

    def _control(self, request: Request) -> Response:
        name = request.path.removeprefix(CONTROL_PATH)
        try:
            arguments = orjson.loads(request.body) if request.body else {}
            return json_response(self.app.operations.perform(name, arguments))
        except ValueError as error:
            return json_response({"error": str(error)}, 400)

    def _send(self, writer: asyncio.StreamWriter, request: Request, response: Response) -> None:
        writer.write(b"".join(self._encode(request, response)))
        if request.headers.get("connection", "").lower() == "close":
            writer.close()

    def _encode(self, request: Request, response: Response) -> tuple[bytes, bytes]:
        body, headers = response.body, {**response.headers}
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        if accepted and self.app.world.options.gzip and len(body) >= _GZIP_WORTH:
            squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = squeeze.compress(body) + squeeze.flush()
            headers["Content-Encoding"] = "gzip"
        if response.status not in (204, 304):
            headers = {"Content-Type": JSON, **headers, "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + _HEAD_END, body


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(_HEAD_END)
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ", 2)
    path, _, query = target.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    return Request(method, unquote(path), parameters, headers, body)
