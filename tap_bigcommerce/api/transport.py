"""Sends a request and reads the body: timeouts, TLS, proxy, size limit."""

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
from urllib3.util import Url, parse_url

from tap_bigcommerce.api.status_codes import NO_CONNECTION, AttemptFailed
from tap_bigcommerce.config import LOOPBACK, Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.version import VERSION

CHUNK = 4 * 1024 * 1024
"""Bytes that are read or decompressed at once, at most."""

CONNECT_TIMEOUT = 15.0
"""Seconds to wait for a connection, at most."""

DEADLINE_FACTOR = 4
"""A request may take so many times `request_timeout` in total. The timeout itself starts again with
each byte that arrives."""

COMPRESSIONS = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib detects the format by the first bytes
GZIP_MAGIC = b"\x1f\x8b"

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

CONTENT_LENGTH = re.compile(r"\s*[0-9]+\s*(,\s*[0-9]+\s*)*")

REFUSED_BY_PROXY = re.compile(r"Tunnel connection failed: (\d{3})")

MEGABYTE = 1_000_000


class Transport:
    """Sends GET requests with the token. It is thread-safe. It does not follow redirects.

    Attributes:
        peer: Where connections are made to, for people: the API's host, or a proxy.
    """

    def __init__(self, config: Config) -> None:
        """Raises ConfigError if the environment names a proxy or certificates of no use."""
        self._timeout = config.request_timeout
        self._headers = {
            "X-Auth-Token": config.access_token,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": config.user_agent or f"tap-bigcommerce/{VERSION}",
        }
        self._proxies, self._verify = _environment(config.api_url)
        self.peer = _peer(config.api_url, self._proxies)
        # Not a requests.Session: even with allow_redirects=False, it reads the whole body of a
        # redirect and parses its Location. One connection more than workers, for Client's probe.
        self._adapter = _Adapter(pool_maxsize=config.max_concurrency + 1)

    @contextlib.contextmanager
    def get(self, url: str, params: Mapping[str, str]) -> Iterator[requests.Response]:
        """Send a request. Yields the response; read its body with `read_body` inside the block.

        Raises AttemptFailed, also when the deadline has passed by the end of the block.
        """
        deadline = self._timeout * DEADLINE_FACTOR
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
                    # The final response may still follow on the connection: close it, so that it is
                    # not taken for the response to the next request.
                    self._adapter.close()
                yield http_response
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _failure(error, self.peer) from error
        finally:
            # Whatever the error is, or if there is none: past the deadline, it is a timeout.
            if time.monotonic() >= began + deadline:
                raise AttemptFailed(
                    "timeout", f"the response was incomplete after {deadline:g} s", reduce_after=1
                )


def _peer(api_url: str, proxies: Mapping[str, str]) -> str:
    """Where connections are made to, for people: the API's host, or a proxy and its variable.

    Raises ConfigError if the proxy's address cannot be used.
    """
    proxy = requests.utils.select_proxy(api_url, proxies)
    if not proxy:
        return urlsplit(api_url).netloc
    names = (f"{urlsplit(api_url).scheme}_proxy", "all_proxy")
    set_ones = (name for name, value in os.environ.items() if value and name.lower() in names)
    variable = next(set_ones, "of this system")
    try:
        as_url = requests.utils.prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
        address = parse_url(as_url)
    except urllib3.exceptions.LocationParseError:
        address = Url()
    if address.scheme not in ("http", "https") or not address.host:
        raise ConfigError(
            f"The proxy ({variable}) cannot be used. It should be an address that begins with "
            "http:// or https://, such as http://proxy.example:3128. Correct the variable, or "
            "unset it."
        )
    return f"the proxy {address.netloc} ({variable})"


def _failure(error: BaseException, peer: str) -> AttemptFailed:
    """Converts an exception of requests, urllib3 or the system to an AttemptFailed.

    `peer` is where the connection was to be made.
    """
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return AttemptFailed(
            "certificate",
            f"the certificate of {peer} could not be verified; behind a proxy that decrypts TLS, "
            "set the environment variable REQUESTS_CA_BUNDLE to its certificate file",
            "certificate",
        )
    inner = _innermost(error)
    # Not the message of the exception, which may contain an address with a secret.
    cause = inner.__cause__ if isinstance(inner.__cause__, OSError) else inner
    reason = cause.strerror if isinstance(cause, OSError) else None
    kind = f"{type(inner).__name__}: {reason}" if reason else type(inner).__name__
    if isinstance(error, NEVER_SENT):
        return AttemptFailed("request", f"the request could not be sent ({kind})", "fail")
    if isinstance(error, NOT_CONNECTED) or isinstance(inner, urllib3.exceptions.NewConnectionError):
        reason = reason.lower() if reason else kind
        if isinstance(inner, urllib3.exceptions.NameResolutionError):
            reason = "its name is unknown here"
        elif isinstance(error, requests.ConnectTimeout):
            reason = "no answer"
        elif isinstance(cause, ssl.SSLError):
            reason = f"TLS failed ({(cause.reason or 'error').lower().replace('_', ' ')})"
        elif refusal := REFUSED_BY_PROXY.match(str(inner)):
            needs = ", it needs a user and password" if refusal[1] == "407" else ""
            reason = f"it answered with status {refusal[1]}{needs}"
        message = f"no connection to {peer}: {reason}"
        return AttemptFailed(NO_CONNECTION, message, reduce_after=math.inf)
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return AttemptFailed("timeout", "no response in time")
    if isinstance(inner, http.client.IncompleteRead):
        return AttemptFailed("cut", "the response was cut off")
    return AttemptFailed("connection", f"the connection failed ({kind})")


def _innermost(error: BaseException) -> BaseException:
    """The original exception, which requests and urllib3 wrap in several others."""
    while True:
        wrapped = (getattr(error, "reason", None), *error.args)
        inner = next((part for part in wrapped if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner


def read_body(http_response: requests.Response, max_bytes: int) -> bytes:
    """Read and decompress the body. Raises AttemptFailed if it is larger than `max_bytes`, cut off,
    or in an encoding that was not requested.

    It is decompressed here, in chunks, and not by urllib3: some versions of that decompress a small
    body to all of its size at once.
    """
    encoding = http_response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *COMPRESSIONS):
        raise AttemptFailed("cut", "the response has a content encoding that was not requested")
    if CONTENT_LENGTH.fullmatch(http_response.headers.get("Content-Length", "0")) is None:
        raise AttemptFailed("cut", "the response's Content-Length is not a number")
    http_response.raw.decode_content = False
    decompressor = zlib.decompressobj(GZIP_OR_ZLIB) if encoding in COMPRESSIONS else None
    chunks: list[bytes] = []
    received = size = 0
    # In one chunk if possible: with the 10 kB of requests' iter_content, it takes twice the memory.
    while data := http_response.raw.read(CHUNK):
        received += len(data)
        while data and max(size, received) <= max_bytes:
            if decompressor is None:
                chunk, data = data, b""
            else:
                if decompressor.eof:
                    if not data.startswith(GZIP_MAGIC):
                        break  # Ignore what follows the compressed data.
                    decompressor = zlib.decompressobj(GZIP_OR_ZLIB)
                try:
                    chunk = decompressor.decompress(data, CHUNK)
                except zlib.error as error:
                    raise AttemptFailed("cut", "the response's compression is damaged") from error
                data = decompressor.unconsumed_tail or decompressor.unused_data
            size += len(chunk)
            chunks.append(chunk)
        if max(size, received) > max_bytes:
            raise AttemptFailed(
                "too large",
                f"the response has more than {max_bytes // MEGABYTE} MB (max_answer_mb)",
                "fewer",
            )
    if decompressor is not None and received and not decompressor.eof:
        raise AttemptFailed("cut", "the response was cut off")
    return b"".join(chunks)


class _Adapter(HTTPAdapter):
    """An adapter whose connections, direct and through a proxy, have deadlines."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _Reader(io.RawIOBase):
    """Reads from a socket up to a deadline; the socket's timeout starts again with each byte."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._timeout = sock.gettimeout() or 0.0
        self._ends = time.monotonic() + self._timeout * DEADLINE_FACTOR
        # Behind a proxy that is reached over TLS, urllib3 has its own loop over `recv` for the TLS
        # connection to the store. It bypasses readinto().
        outer = getattr(sock, "socket", sock)
        if isinstance(outer, ssl.SSLSocket):
            outer.recv = functools.partial(self._recv, outer)  # type: ignore[method-assign]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._set_timeout()
        return self._raw.readinto(buffer)

    def _recv(self, outer: ssl.SSLSocket, size: int) -> bytes:
        self._set_timeout()
        return ssl.SSLSocket.recv(outer, size)

    def _set_timeout(self) -> None:
        # At the deadline, the socket has to wake up, even if no byte arrives.
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if left < self._timeout:
            self._sock.settimeout(left)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """A response, of the store or of a proxy, with a deadline and without negative chunk sizes.

    For a chunk with a negative size, Python (up to 3.13) reads everything that follows at once.
    """

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Reader(sock, self.fp.detach()))

    def _safe_read(self, amount: int) -> bytes:
        if amount < 0:
            raise http.client.HTTPException("a chunk with a negative size")
        data: bytes = super()._safe_read(amount)  # type: ignore[misc]
        return data


def _bounded(pool: Any) -> Any:
    """A subclass of a connection pool whose responses have deadlines."""
    connection = type("Connection", (pool.ConnectionCls,), {"response_class": _BoundedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


POOLS = {scheme: _bounded(pool) for scheme, pool in pool_classes_by_scheme.items()}


def _environment(api_url: str) -> tuple[dict[str, str], bool | str]:
    """The proxies and the certificates from the environment variables that requests reads.

    Raises ConfigError if a variable names a path without usable certificates.
    """
    parts = urlsplit(api_url)
    found = requests.Session().merge_environment_settings(api_url, {}, False, None, None)
    # No proxy for a store on this machine, whatever the environment says.
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
        why = "it contains no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"The environment variable {name} names {path} as the file or folder of trusted "
            f"certificates, but it cannot be used: {why}. Correct the variable, or unset it."
        ) from error
    return proxies, path
