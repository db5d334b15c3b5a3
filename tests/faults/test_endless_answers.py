"""Answers that never end, that are too large, or that never come: everything ends all the same."""

import contextlib
import itertools
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tap_runner
from fault_runs import QUICK, assert_failed_clearly, critical, started
from tap_runner import Json, some_of

from bench.catalogs import selecting
from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.api.transport import Transport, read_body
from tap_bigcommerce.config import Config

MB = 1024 * 1024
NO_ROWS = b"HTTP/1.1 204 No Content\r\n\r\n"
THE_TIME = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"time": 1}'

IMPATIENT = {**QUICK, "request_timeout": 0.5, "page_size": 1}
"""A request has 2 seconds as a whole."""

Answer = Callable[[socket.socket], object]
"""Writes to the connection; it may go on until that ends."""


@contextlib.contextmanager
def listening(answer: Answer) -> Iterator[str]:
    """The address of a server that does this with each connection."""

    def accept() -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the tap has had enough
            answer(connection)

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def answering(customers: Answer) -> Iterator[Json]:
    """Settings for a store that answers for customers so, and has no rows of anything else."""

    def answer(connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while request := http_request(lines):
                if b"/v2/customers" in request:
                    customers(connection)
                else:
                    connection.sendall(THE_TIME if b"/v2/time" in request else NO_ROWS)

    with listening(answer) as address:
        yield settings_for(f"http://{address}")


def settings_for(api_url: str) -> Json:
    return {"store_hash": "abc123", "access_token": "made-up", "api_url": api_url}


def http_request(lines: Iterator[bytes]) -> bytes:
    """Its head; nothing once the connection has ended."""
    return b"".join(itertools.takewhile(lambda line: line != b"\r\n", lines))


def head(*headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


def again_and_again(first: bytes, then: bytes, every: float = 0.1) -> Answer:
    def write(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(then)
            time.sleep(every)

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


HANDSHAKE = b"\x16\x03\x03\x3f\xff"
"""The begin of one in TLS: sixteen thousand bytes follow."""


def assert_left_by_the_deadline(api_url: str) -> None:
    transport = Transport(Config("abc123", "made-up", api_url=api_url, request_timeout=0.5))
    began = time.monotonic()
    with pytest.raises(AttemptFailed) as raised, transport.get(api_url, {}) as response:
        read_body(response, MB)
    assert raised.value.outcome == "timeout"
    assert time.monotonic() - began < 4


@pytest.fixture
def through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """From now on requests go through the proxy at this address; returns that of a store."""

    def proxied(address: str) -> str:
        monkeypatch.setenv("HTTPS_PROXY", address)
        monkeypatch.delenv("https_proxy", raising=False)
        return "https://store.example"

    return proxied


def test_a_handshake_that_does_not_end_is_left_by_the_deadline() -> None:
    with listening(again_and_again(HANDSHAKE, b"x")) as address:
        assert_left_by_the_deadline(f"https://{address}")


def test_a_tunnel_that_does_not_end_is_left_by_the_deadline(
    through_a_proxy: Callable[[str], str],
) -> None:
    with listening(ENDLESS["headers"]) as address:
        assert_left_by_the_deadline(through_a_proxy(f"http://{address}"))


def test_a_handshake_through_a_proxy_that_speaks_tls_is_left_by_the_deadline(
    through_a_proxy: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = made_certificate(tmp_path)

    def answer(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            connection.sendall(head())
            again_and_again(HANDSHAKE, b"x")(connection)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with listening(answer) as address:
        assert_left_by_the_deadline(through_a_proxy(f"https://{address}"))


def made_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A file with a certificate of this machine and of the store, and what serves with it."""
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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def test_a_certificate_that_is_not_trusted_ends_the_run_with_one_message(tmp_path: Path) -> None:
    _, context = made_certificate(tmp_path)
    with listening(lambda plain: context.wrap_socket(plain, server_side=True)) as address:
        result = tap_runner.run(settings_for(f"https://{address}"))
    assert result.status == 1
    [words] = result.logged("CRITICAL")
    assert f"the certificate of {address} could not be verified; behind a proxy" in words
    assert "1 request," in result.logged()[-1]


def bomb(connection: socket.socket) -> None:
    """400 MB, some thousand times as small."""
    gzip = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [gzip.compress(b" " * MB) for _ in range(400)]
    body = b"".join([*parts, gzip.flush()])
    connection.sendall(head("Content-Encoding: gzip", f"Content-Length: {len(body)}") + body)


REDIRECT = head("Location: /v2/coupons", status="302 Found")
TOO_LARGE = "has more than 64 MB (max_answer_mb)"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(bomb, TOO_LARGE, marks=pytest.mark.loads),
        (again_and_again(head(), b" " * MB, 0), TOO_LARGE),
        (again_and_again(REDIRECT, b" " * MB, 0), "302: a redirect"),
    ],
)
def test_a_huge_answer_takes_little_memory_and_fails_its_stream(answer: Answer, words: str) -> None:
    # What the system says of the memory of a program that has ended counts the tests' own, too.
    most = 0
    with answering(answer) as settings, started({**settings, **QUICK}) as tap:
        while tap.process.poll() is None:
            status = Path(f"/proc/{tap.process.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                most = max(most, int(found[1]))
            time.sleep(0.02)
        result = tap.end()
    assert result.status == 1
    assert words in result.stderr
    assert 20 * 1024 < most < 180 * 1024
