"""How requests go out and bodies come in: connections, a deadline, a limit of bytes."""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import math
import os
import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.poolmanager import pool_classes_by_scheme

from tap_bigcommerce.api.status_codes import AttemptFailed
from tap_bigcommerce.config import LOOPBACK, Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.version import VERSION

PIECE = 4 * 1024 * 1024
"""Bytes of a body that are taken from the connection, or unpacked, at once, at the most."""

CONNECT_TIMEOUT = 15.0
"""Seconds to wait for a connection."""

TIMEOUTS_A_REQUEST = 4
"""A whole request may take so many times `request_timeout`, which begins anew with each byte."""

PACKED = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib tells them apart by their first bytes
GZIP_BEGINS = b"\x1f\x8b"

NEVER_SENT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)
NOT_CONNECTED = (
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
)

LENGTH = re.compile(r"\s*[0-9]+\s*(,\s*[0-9]+\s*)*")

MEGABYTE = 1_000_000


class Transport:
    """Sends GETs. Several threads may use it at once."""

    def __init__(self, config: Config) -> None:
        """Raises ConfigError where the environment names certificates that cannot be read."""
        self._timeout = config.request_timeout
        self._headers = {
            "X-Auth-Token": config.access_token,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": config.user_agent or f"tap-bigcommerce/{VERSION}",
        }
        self._proxies, self._verify = _surroundings(config.api_url)
        self.proxy = bool(requests.utils.select_proxy(config.api_url, self._proxies))
        """A proxy stands between: the environment names one."""
        # Not by a session, which would follow redirects, even as far as it is told not to: their
        # bodies are read whole, and their Location is taken apart.
        self._adapter = _Adapter(pool_maxsize=config.max_concurrency + 1)  # one asks for a sign

    @contextlib.contextmanager
    def get(self, url: str, params: Mapping[str, str]) -> Iterator[requests.Response]:
        """The answer's head; its body is read, with `read_body`, as long as this is open.

        Raises AttemptFailed, in any case if the deadline has passed at the end.
        """
        deadline = self._timeout * TIMEOUTS_A_REQUEST
        began = time.monotonic()
        try:
            with self._adapter.send(
                requests.Request("GET", url, self._headers, params=params).prepare(),
                stream=True,
                timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                verify=self._verify,
                proxies=self._proxies,
            ) as http_response:
                if http_response.status_code < 200:
                    # The answer itself may still follow, and must not pass for that to another
                    # request.
                    self._adapter.close()
                yield http_response
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _failure(error) from error
        finally:
            # What was read last may look like an end, or like a broken connection.
            if time.monotonic() >= began + deadline:
                raise AttemptFailed(
                    "timeout", f"the answer was not whole after {deadline:g} s", fewer_after=1
                )


def _failure(error: BaseException) -> AttemptFailed:
    """Why a request has brought no answer, or only a part of one."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return AttemptFailed(
            "certificate",
            "the API's certificate could not be verified; behind a proxy that opens TLS, name "
            "its certificate file in the environment variable REQUESTS_CA_BUNDLE",
            "fail",
        )
    inner = _innermost(error)
    # By its name, and by what the system says: its text may hold an address with a secret.
    cause = inner.__cause__ if isinstance(inner.__cause__, OSError) else inner
    said = cause.strerror if isinstance(cause, OSError) else None
    kind = f"{type(inner).__name__}: {said}" if said else type(inner).__name__
    if isinstance(error, NEVER_SENT):
        return AttemptFailed("request", f"the request could not be made ({kind})", "fail")
    if isinstance(error, NOT_CONNECTED) or isinstance(inner, urllib3.exceptions.NewConnectionError):
        return AttemptFailed(
            "connection", f"no connection could be made ({kind})", fewer_after=math.inf
        )
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return AttemptFailed("timeout", "no answer in time")
    if isinstance(inner, http.client.IncompleteRead):
        return AttemptFailed("cut", "the answer was cut off")
    return AttemptFailed("connection", f"the connection failed ({kind})")


def _innermost(error: BaseException) -> BaseException:
    """The cause of its causes, as requests and urllib3 pack them."""
    while True:
        packed = (getattr(error, "reason", None), *error.args)
        inner = next((part for part in packed if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner


def read_body(http_response: requests.Response, most: int) -> bytes:
    """The body, unpacked, of at most `most` bytes. Raises AttemptFailed.

    It is unpacked here, a piece at a time: versions of urllib3 differ in how much of a small body
    that is large when unpacked they hold at once.
    """
    encoding = http_response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *PACKED):
        raise AttemptFailed("cut", "the answer comes in a content encoding that was not asked for")
    if LENGTH.fullmatch(http_response.headers.get("Content-Length", "0")) is None:
        raise AttemptFailed("cut", "the answer's Content-Length is no number")
    http_response.raw.decode_content = False
    unpack = zlib.decompressobj(GZIP_OR_ZLIB) if encoding in PACKED else None
    pieces: list[bytes] = []
    received = size = 0
    # In one piece where possible: requests' own pieces of 10 kB take twice the memory.
    while data := http_response.raw.read(PIECE):
        received += len(data)
        while data and max(size, received) <= most:
            if unpack is None:
                piece, data = data, b""
            else:
                if unpack.eof:
                    if not data.startswith(GZIP_BEGINS):
                        break  # Whatever follows gzip is no part of it.
                    unpack = zlib.decompressobj(GZIP_OR_ZLIB)
                try:
                    piece = unpack.decompress(data, PIECE)
                except zlib.error as error:
                    raise AttemptFailed("cut", "the answer's compression is broken") from error
                data = unpack.unconsumed_tail or unpack.unused_data
            size += len(piece)
            pieces.append(piece)
        if max(size, received) > most:
            raise AttemptFailed(
                "too large",
                f"the answer has more than {most // MEGABYTE} MB (max_answer_mb)",
                "fewer",
            )
    if unpack is not None and received and not unpack.eof:
        raise AttemptFailed("cut", "the answer was cut off")
    return b"".join(pieces)


class _Adapter(HTTPAdapter):
    """Takes its connections, straight ones and those through a proxy, from POOLS."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _Reader(io.RawIOBase):
    """What comes through a socket, up to a deadline: its own timeout begins anew with each byte."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._timeout = sock.gettimeout() or 0.0
        self._ends = time.monotonic() + self._timeout * TIMEOUTS_A_REQUEST
        # Through a proxy that speaks TLS, urllib3 shakes hands with the store, and then gathers
        # each record from it, in a loop of its own over this.
        outer = getattr(sock, "socket", sock)
        if isinstance(outer, ssl.SSLSocket):
            outer.recv = functools.partial(self._recv, outer)  # type: ignore[method-assign]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._limit()
        return self._raw.readinto(buffer)

    def _recv(self, outer: ssl.SSLSocket, size: int) -> bytes:
        self._limit()
        return ssl.SSLSocket.recv(outer, size)

    def _limit(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if left < self._timeout:
            self._sock.settimeout(left)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer, a proxy's too, that comes by its deadline, and has no chunks of a negative size.

    Python takes them, and reads all that follows at once (seen up to 3.13).
    """

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Reader(sock, self.fp.detach()))

    def _safe_read(self, amount: int) -> bytes:
        if amount < 0:
            raise http.client.HTTPException("a chunk of a negative size")
        data: bytes = super()._safe_read(amount)  # type: ignore[misc]
        return data


def _bounded(pool: Any) -> Any:
    """A kind of pool as `pool`, whose answers come by their deadlines."""
    connection = type("Connection", (pool.ConnectionCls,), {"response_class": _BoundedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


POOLS = {scheme: _bounded(pool) for scheme, pool in pool_classes_by_scheme.items()}


def _surroundings(api_url: str) -> tuple[dict[str, str], bool | str]:
    """Proxies and certificates, from the environment as requests reads them.

    Raises ConfigError where it names what holds no certificates that could be verified with.
    """
    parts = urlsplit(api_url)
    found = requests.Session().merge_environment_settings(api_url, {}, False, None, None)
    # A store on this machine is reached straight, whatever the environment says.
    proxies = {} if parts.hostname in LOOPBACK else dict(found["proxies"])
    path = found["verify"]
    if not isinstance(path, str) or parts.scheme != "https":
        return proxies, True
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # ssl.SSLError is one
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        name = next(name for name in names if os.environ.get(name))
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"The environment variable {name} names {path} as the file or folder of certificates "
            f"to trust, but it cannot be used: {why}. Correct the variable, or remove it."
        ) from error
    return proxies, path
