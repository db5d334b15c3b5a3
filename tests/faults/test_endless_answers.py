"""Answers that never end, that are too large, or that never come: everything ends all the same."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tap_runner
from fault_runs import QUICK, assert_failed_clearly, critical, started
from tap_runner import Json
from tiers import some_of

from bench.catalogs import selecting
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.api.transport import Transport, read_body
from tap_bigcommerce.config import Config

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


IMPATIENT = {**QUICK, "request_timeout": 0.5, "page_size": 1}
"""A request has 2 seconds as a whole."""

MB = 1024 * 1024


def again_and_again(first: bytes, then: bytes, every: float = 0.1) -> Answer:
    def write(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(then)
            time.sleep(every)

    return write


def once(text: bytes) -> Answer:
    """The answer, and the end of the connection."""

    def write(connection: socket.socket) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    return write


CHUNKED = head("Transfer-Encoding: chunked")
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"

ENDLESS = {
    "body": again_and_again(head("Content-Length: 1000000"), b" "),
    "chunks": again_and_again(CHUNKED, b"1\r\n \r\n"),
    "trailers": again_and_again(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: 1\r\n"),
    "status line": again_and_again(b"HTTP/1.1 200 ", b"O"),
    "headers": again_and_again(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "interim answers": again_and_again(INTERIM, INTERIM),
    "many interim answers": again_and_again(INTERIM, INTERIM * 1000, 0),
    "error": again_and_again(head("Content-Length: 1000000", status="500 Broken"), b" "),
}
ODD = {
    "negative chunk": again_and_again(CHUNKED + b"-1\r\n", b" " * MB, 0),
    "a chunk's line without an end": again_and_again(CHUNKED + b"2;", b"x" * MB, 0),
    "status line of nonsense": once(b"HTTP/1.1 2x0 \xff\r\n\r\n"),
    "interim answer alone": once(head(status="103 Early Hints")),
    "headers of nonsense": once(b"HTTP/1.1 200 OK\r\n: x\r\nfoo\r\n bar\r\n\r\n{"),
    "two lengths": once(head("Content-Length: 2", "Content-Length: 3") + b"[]"),
}


@pytest.mark.parametrize("name", some_of([*ENDLESS, *ODD], 1, pytest.mark.real_time))
def test_an_answer_that_does_not_end_or_is_none_fails_its_stream_with_words(name: str) -> None:
    with answering({**ENDLESS, **ODD}[name]) as settings:
        result = tap_runner.run({**settings, **IMPATIENT}, selecting("customers", "coupons"))
    assert_failed_clearly(result, "customers")
    assert "coupons" not in critical(result)
    # On a busy machine the time between two bytes may run out before that of the whole.
    if name in ENDLESS and "no response in time" not in critical(result):
        assert "incomplete after 2 s" in critical(result)
    assert result.messages[-1]["type"] == "STATE"


STORE = "https://store.example"


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\n", b"\x16\x03\x03\x3f\xff"])
def test_a_tunnel_or_a_handshake_that_does_not_end_is_left_by_the_deadline(
    monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    def accept(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):  # the tap has had enough
            again_and_again(first, b"X: 1\r\n")(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        url = f"https://{address}"
        if first.startswith(b"HTTP"):
            url = STORE
            monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
            monkeypatch.delenv("https_proxy", raising=False)
        began = time.monotonic()
        transport = Transport(Config("abc123", "made-up", api_url=url, request_timeout=0.5))
        with pytest.raises(AttemptFailed) as raised, transport.get(url, {}):
            pass
    assert raised.value.outcome == "timeout"
    assert time.monotonic() - began < 4


def test_a_body_that_trickles_through_a_proxy_that_speaks_tls_is_left_by_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the tap has had enough
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as connection:
                http_request(connection.recv)
                connection.sendall(head())
                answer_in_tls(connection, context, head("Content-Length: 16000"))
                # A record of sixteen thousand bytes follows.
                again_and_again(b"\x17\x03\x03\x40\x00", b"x")(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.delenv("https_proxy", raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        transport = Transport(Config("abc123", "made-up", api_url=STORE, request_timeout=0.5))
        began = time.monotonic()
        with pytest.raises(AttemptFailed) as raised, transport.get(STORE, {}) as response:
            read_body(response, MB)
    assert raised.value.outcome == "timeout"
    assert time.monotonic() - began < 4


def made_certificate(folder: Path) -> Path:
    """A file with a certificate of this machine and of the store, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine (Debian: apt-get install openssl)")
    path = folder / "made_up.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:store.example"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=a",
         "-addext", names, "-addext", "keyUsage=digitalSignature,keyCertSign",
         "-keyout", path, "-out", folder / "certificate"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (folder / "certificate").read_bytes())
    return path


def answer_in_tls(connection: socket.socket, context: ssl.SSLContext, sent: bytes) -> None:
    """Answer the request that comes in the TLS that the connection carries."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    store = context.wrap_bio(incoming, outgoing, server_side=True)

    def read(size: int) -> bytes:
        while True:
            try:
                return store.read(size)  # shakes hands first
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))

    http_request(read)
    store.write(sent)
    connection.sendall(outgoing.read())


def test_a_signal_is_heeded_while_an_answer_trickles() -> None:
    with (
        answering(ENDLESS["body"]) as settings,
        started({**settings, "request_timeout": 60}) as tap,
    ):
        tap.wait_for(log="customers: reading")
        time.sleep(0.5)
        stopped = tap.end(signal.SIGTERM, within=5)
    assert stopped.status == 143
    assert stopped.messages[-1]["type"] == "STATE"


def bomb(connection: socket.socket) -> None:
    """400 MB, some thousand times as small."""
    gzip = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [gzip.compress(b" " * MB) for _ in range(400)]
    body = b"".join([*parts, gzip.flush()])
    connection.sendall(head("Content-Encoding: gzip", f"Content-Length: {len(body)}") + body)


REDIRECT = head("Location: /v2/coupons", status="302 Found")
TOO_LARGE = b"has more than 64 MB (max_answer_mb)"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(bomb, TOO_LARGE, marks=pytest.mark.loads),
        (again_and_again(head(), b" " * MB, 0), TOO_LARGE),
        (again_and_again(REDIRECT, b" " * MB, 0), b"302: a redirect"),
    ],
)
def test_a_huge_answer_takes_little_memory_and_fails_its_stream(
    answer: Answer, words: bytes
) -> None:
    with (
        answering(answer) as settings,
        tap_runner.start({**settings, **QUICK}, selecting("customers")) as tap,
    ):
        most, end = 0, time.monotonic() + 60
        while tap.poll() is None:
            assert time.monotonic() < end, "the tap does not end"
            most = max(most, most_memory(tap.pid))
            time.sleep(0.02)
        assert tap.stderr is not None
        assert words in tap.stderr.read()
    assert tap.returncode == 1
    assert 20 * 1024 < most < 180 * 1024


def most_memory(pid: int) -> int:
    """The most memory that the program has taken so far, in KB; 0 once it has ended.

    What the system says of it afterwards counts the memory of the tests that started it, too.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("kind", ["closed", pytest.param("silent", marks=pytest.mark.real_time)])
@pytest.mark.parametrize("args", [(), ("--discover",), ("--check",)])
def test_a_store_that_does_not_answer_fails_the_run_once(kind: str, args: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        if kind == "closed":
            listener.close()
        began = time.monotonic()
        few = {"max_attempts": 2, "max_retry_seconds": 1, "request_timeout": 0.5}
        result = tap_runner.run({**settings_for(port), **few, "select": ["*"]}, args=args)
    assert result.status == 1
    # A check has seconds of its own, 15.
    assert time.monotonic() - began < 60
    [words] = result.logged("CRITICAL")
    assert f"No stream can be read from 127.0.0.1:{port}" in words
    assert ("refused" if kind == "closed" else "no response in time") in words
    if not args:
        assert {message["type"] for message in result.messages} == {"STATE"}
        assert "currently_syncing" not in result.state


def test_a_certificate_that_is_not_trusted_ends_the_run_with_one_message(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made_certificate(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}"
        result = tap_runner.run({**settings_for(1), "api_url": url})
        server.shutdown()
    assert result.status == 1
    [words] = result.logged("CRITICAL")
    assert f"the certificate of {url[8:]} could not be verified; behind a proxy" in words
    assert "1 request," in result.logged()[-1]
