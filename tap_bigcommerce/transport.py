"""How requests go out and bodies come in: sessions, a deadline for the whole, a limit of bytes."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tap_bigcommerce.config import LOOPBACK, Config
from tap_bigcommerce.exceptions import ConfigError
from tap_bigcommerce.version import VERSION

PIECE = 4 * 1024 * 1024
"""Bytes of a body that are taken from the connection, or unpacked, at once, at the most."""

CONNECT_TIMEOUT = 15.0
"""Seconds to wait for a connection."""

TIMEOUTS_A_REQUEST = 4
"""A whole request may take so many times `request_timeout`, which begins anew with each byte."""

LOOKS_A_DEADLINE = 40
"""How often to look for requests that are late, within the time that each of them has."""

PACKED = ("gzip", "x-gzip", "deflate")
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib tells them apart by their first bytes
GZIP_BEGINS = b"\x1f\x8b"

LENGTH = re.compile(r"\s*[0-9]+\s*(,\s*[0-9]+\s*)*")


class Late(requests.Timeout):
    """The answer was not whole by the deadline."""


class AnswerBroken(requests.RequestException):
    """The body cannot be read as its headers say; the text of the error says why."""


class AnswerTooLarge(requests.RequestException):
    """The body has more bytes than are allowed."""


class Transport:
    """Sends GETs. Several threads may use it at once; each has a session of its own."""

    def __init__(self, config: Config) -> None:
        """Raises ConfigError where the environment names certificates that cannot be read."""
        self._config = config
        self._proxies, self._verify = _surroundings(config.api_url)
        self._local = threading.local()
        self._deadlines = _Deadlines(self.deadline)

    @property
    def deadline(self) -> float:
        """Seconds that a whole request may take: connection, head and body."""
        return self._config.request_timeout * TIMEOUTS_A_REQUEST

    @property
    def proxy(self) -> bool:
        """A proxy stands between: the environment names one."""
        return bool(requests.utils.select_proxy(self._config.api_url, self._proxies))

    @contextlib.contextmanager
    def get(self, url: str, params: Mapping[str, str]) -> Iterator[requests.Response]:
        """The answer's head; its body is read, with `read_body`, as long as this is open.

        Raises Late at the end, whatever else was raised, if the deadline has passed.
        """
        if not hasattr(self._local, "session"):
            self._local.sockets = _Sockets()
            self._local.session = self._session(self._local.sockets)
        session: requests.Session = self._local.session
        timeout = self._config.request_timeout
        with (
            _Watched(self._deadlines, self._local.sockets),
            session.get(
                url,
                params=params,
                timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            if response.status_code < 200:
                # The answer itself may still follow, and must not pass for that to another request.
                session.close()
            yield response

    def _session(self, sockets: _Sockets) -> requests.Session:
        session = _Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(sockets))
        # Neither the environment nor .netrc is read again for each request.
        session.trust_env = False
        session.proxies = self._proxies
        session.verify = self._verify
        session.headers.update(
            {
                "X-Auth-Token": self._config.access_token,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": self._config.user_agent or f"tap-bigcommerce/{VERSION}",
            }
        )
        return session


def read_body(response: requests.Response, most: int) -> bytes:
    """The body, unpacked, of at most `most` bytes. Raises AnswerBroken and AnswerTooLarge.

    It is unpacked here, a piece at a time: versions of urllib3 differ in how much of a small body
    that is large when unpacked they hold at once.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *PACKED):
        raise AnswerBroken("the answer comes in a content encoding that was not asked for")
    if LENGTH.fullmatch(response.headers.get("Content-Length", "0")) is None:
        raise AnswerBroken("the answer's Content-Length is no number")
    response.raw.decode_content = False
    unpack = zlib.decompressobj(GZIP_OR_ZLIB) if encoding in PACKED else None
    pieces: list[bytes] = []
    received = size = 0
    # In one piece where possible: requests' own pieces of 10 kB take twice the memory.
    while data := response.raw.read(PIECE):
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
                    raise AnswerBroken("the answer's compression is broken") from error
                data = unpack.unconsumed_tail or unpack.unused_data
            size += len(piece)
            pieces.append(piece)
        if max(size, received) > most:
            raise AnswerTooLarge
    if unpack is not None and received and not unpack.eof:
        raise AnswerBroken("the answer was cut off")
    return b"".join(pieces)


class _Sockets:
    """Second handles of the sockets of a session's connections.

    With one a connection can be shut down whatever lies upon it, TLS or a tunnel, and whoever waits
    for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[Any, socket.socket] = {}

    def add(self, connection: Any, sock: socket.socket) -> None:
        """`connection`, of urllib3, has this socket from now on."""
        handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
        with self._lock:
            old, self._of[connection] = self._of.get(connection), handle
        if old is not None:
            old.close()

    def shut_down(self) -> None:
        """Whoever reads from one of them, or writes, does so no more."""
        with self._lock:
            for handle in self._of.values():
                with contextlib.suppress(OSError):  # It is shut down already.
                    handle.shutdown(socket.SHUT_RDWR)

    def tidy(self) -> None:
        """Close the handles of connections that are closed."""
        with self._lock:
            for connection in [one for one in self._of if one.sock is None]:
                self._of.pop(connection).close()


class _Deadlines:
    """One thread that ends whatever requests are late."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: dict[_Watched, float] = {}
        self._is_looking = False

    def begin(self, request: _Watched) -> None:
        """Its time begins now."""
        with self._lock:
            self._running[request] = time.monotonic() + self._seconds
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="deadlines", daemon=True).start()

    def end(self, request: _Watched) -> None:
        """It is over, well or not."""
        with self._lock:
            del self._running[request]

    def _look(self) -> None:
        while True:
            time.sleep(min(1.0, self._seconds / LOOKS_A_DEADLINE))
            with self._lock:
                if not self._running:
                    self._is_looking = False
                    return
                for request, ends in self._running.items():
                    if time.monotonic() >= ends:
                        request.cut()


class _Watched:
    """A request under way, by the sockets that it may use."""

    def __init__(self, deadlines: _Deadlines, sockets: _Sockets) -> None:
        self._deadlines = deadlines
        self._sockets = sockets
        self._is_late = False

    def cut(self) -> None:
        """It has taken too long."""
        self._is_late = True
        self._sockets.shut_down()

    def __enter__(self) -> None:
        self._deadlines.begin(self)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._deadlines.end(self)
        self._sockets.tidy()
        if self._is_late:
            # What was read last looks like an end, or like a broken connection.
            raise Late from error


class _Session(requests.Session):
    """Without redirects: even where it does not follow one, requests reads its whole body and takes
    its Location apart."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """There is none."""


class _Adapter(HTTPAdapter):
    """Tells `sockets` of each connection."""

    def __init__(self, sockets: _Sockets) -> None:
        self._sockets = sockets
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As always, with connections that are told of."""
        super().init_poolmanager(*args, **options)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """As always, with connections that are told of."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool, self._sockets)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _watched(pool: Any, sockets: _Sockets) -> type:
    """A pool as `pool`, whose connections tell `sockets` of their own."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        response_class = _Response

        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            sockets.add(self, made)
            return made

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


class _Response(http.client.HTTPResponse):
    """An answer without chunks of a negative size.

    Python takes them, and reads all that follows at once (seen up to 3.13).
    """

    def _safe_read(self, amount: int) -> bytes:
        if amount < 0:
            raise http.client.HTTPException("a chunk of a negative size")
        data: bytes = super()._safe_read(amount)  # type: ignore[misc]
        return data


def _surroundings(api_url: str) -> tuple[dict[str, str], bool | str]:
    """Proxies and certificates, from the environment as requests reads them."""
    parts = urlsplit(api_url)
    found = requests.Session().merge_environment_settings(api_url, {}, False, None, None)
    verify = found["verify"]
    if isinstance(verify, str) and parts.scheme == "https":
        _check_certificates(verify)
    # A store on this machine is reached straight, whatever the environment says.
    proxies = {} if parts.hostname in LOOPBACK else dict(found["proxies"])
    return proxies, verify or True


def _check_certificates(path: str) -> None:
    """Raises ConfigError where `path` holds no certificates that requests could verify with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if os.path.isdir(path):
            os.listdir(path)
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        name = next(
            name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)
        )
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"The environment variable {name} names {path} as the file or folder of certificates "
            f"to trust, but it cannot be used: {why}. Correct the variable, or remove it."
        ) from error
