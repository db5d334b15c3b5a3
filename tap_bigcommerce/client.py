"""One GET, done well: authentication, timeouts, retries, errors."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from tap_bigcommerce.answer import Answer, Shape, WrongShape, read_answer
from tap_bigcommerce.bodies import NotJson, parse
from tap_bigcommerce.config import LOOPBACK, Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.display import quoted, shown
from tap_bigcommerce.exceptions import (
    FewerRows,
    NotFound,
    NotOffered,
    RequestFailed,
    ScopeMissing,
    TokenRefused,
)
from tap_bigcommerce.observer import NOBODY, Observer, Reason, RequestEnd, Waiting
from tap_bigcommerce.patience import Patience
from tap_bigcommerce.progress import log_request
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.row_keys import RowKeys
from tap_bigcommerce.statuses import Action, Meaning, meaning
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.version import VERSION

LOGGER = logging.getLogger(__name__)

MOST_SAID = 300
"""Characters of the API's own words."""

PIECE = 4 * 1024 * 1024
"""Bytes of a body that are taken from the connection at once, at the most."""

CONNECT_TIMEOUT = 15.0
"""Seconds to wait for a connection."""

TOKEN_ATTEMPTS = 4
"""How often a 401 is tried again once the token has worked: it happens in production."""

FAILURES_BEFORE_FEWER = 2
"""After so many passing faults a page is asked for with fewer rows."""

WITHOUT_STORE_CLOCK = timedelta(minutes=5)
"""How far the clocks of store and tap may be apart where the store does not tell the time."""


@dataclass(frozen=True)
class Purpose:
    """On whose behalf a request is made: for the counts, and for the words of an error."""

    stream: str
    permission: str
    counts: StreamCounts


@dataclass(frozen=True)
class _Fault:
    """Why an attempt brought no answer."""

    outcome: str
    action: Action
    words: str
    headers: Mapping[str, str] | None = None
    most: int | None = None
    strains: bool = False
    bad_text: bool = False


@dataclass
class _Attempts:
    """What the attempts of one request have shown so far."""

    patience: Patience
    started: float = field(default_factory=time.monotonic)
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    count: int = 0
    failures_at_this_size: int = 0
    refused_tokens: int = 0
    bad_text: bool = False
    """The last attempt failed only because of bad characters inside texts."""


class Client:
    """Reads from one store's API. Several threads may use it at once."""

    def __init__(
        self, config: Config, quota: Quota, stop: Stop, observer: Observer = NOBODY
    ) -> None:
        """`observer` is told of each request's end and of each wait."""
        self._observer = observer
        self._config = config
        self._quota = quota
        self._stop = stop
        self._base = f"{config.api_url}/stores/{config.store_hash}"
        self._local = threading.local()
        self._parsing = threading.Lock()
        self._token_has_worked = False
        self.most_rows = 0
        """The most rows that any answer has had: no list is capped below it."""
        self._surroundings = _surroundings(config.api_url)

    def patience(self) -> Patience:
        """A new count of failures, as the settings allow them."""
        return Patience(self._config.max_attempts, self._config.max_retry_seconds)

    def wait(self, seconds: float, purpose: Purpose, why: str = "") -> None:
        """Wait before asking again; raises Interrupted when the tap is asked to stop."""
        purpose.counts.count_wait(seconds)
        with Waiting(self._observer, purpose.stream) as waiting:
            waiting.now(Reason.RETRY, time.monotonic() + seconds, why)
            self._stop.sleep(seconds)

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        expects: Shape,
        purpose: Purpose,
        *,
        patience: Patience | None = None,
        fewer_possible: bool = False,
        keys: RowKeys | None = None,
    ) -> Answer:
        """The answer to GET `path` ("/v2/orders"), whose content is as `expects` says.

        With `keys`, the answer has the keys of its rows, and no content. With `fewer_possible`,
        FewerRows is raised once a smaller `limit` may help. Raises TokenRefused, ScopeMissing,
        NotFound, or RequestFailed when patience ends.
        """
        attempts = _Attempts(patience or self.patience())
        while True:
            with Waiting(self._observer, purpose.stream) as waiting:
                purpose.counts.count_wait(self._quota.enter(waiting.now))
            result = self._attempt(path, params, expects, purpose, attempts, keys)
            if isinstance(result, Answer):
                self._token_has_worked = True
                self._quota.worked()
                return result
            self._after_fault(result, path, purpose, attempts, fewer_possible)

    def _attempt(
        self,
        path: str,
        params: Mapping[str, str],
        expects: Shape,
        purpose: Purpose,
        attempts: _Attempts,
        keys: RowKeys | None,
    ) -> Answer | _Fault:
        """Send the request once. Its place in the quota is given back whatever happens."""
        attempts.count += 1
        LOGGER.debug("GET %s %s (attempt %d)", path, dict(params), attempts.count)
        began, sent_at = time.monotonic(), datetime.now(timezone.utc)
        headers: Mapping[str, str] | None = None
        result: Answer | _Fault | None = None
        try:
            with self._session().get(
                self._base + path,
                params=params,
                timeout=(CONNECT_TIMEOUT, self._config.request_timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                headers = response.headers
                result = self._read(response, path, expects, attempts, sent_at, keys)
        except requests.RequestException as error:
            result = _connection_fault(error)
        finally:
            ended = time.monotonic()
            standing = self._quota.leave(headers, ended - began)
            outcome = result.outcome if isinstance(result, _Fault) else "200"
            purpose.counts.count_request(outcome, again=attempts.count > 1)
            log_request(purpose.stream, ended - began, outcome)
            self._observer.request_ended(
                RequestEnd(purpose.stream, ended, ended - began, outcome, standing)
            )
        if isinstance(result, Answer) and result.mended:
            purpose.counts.count_mended_body()
        return result

    def _read(
        self,
        response: requests.Response,
        path: str,
        expects: Shape,
        attempts: _Attempts,
        sent_at: datetime,
        keys: RowKeys | None,
    ) -> Answer | _Fault:
        what = meaning(response.status_code)
        # In one piece where possible: requests' own pieces of 10 kB take twice the memory.
        body = b"".join(response.iter_content(PIECE))
        store_time = _store_time(response.headers.get("Date"), attempts)
        if what.action is Action.NOTHING and expects is not dict:
            return Answer(path, b"", [], None, sent_at, store_time, keys=[])
        if what.action is not Action.READ:
            return _status_fault(response.status_code, response.headers, body, what)
        announced = response.headers.get("Content-Length")
        if announced is not None and response.raw.tell() < int(announced):
            return _Fault("cut", Action.AGAIN, "the answer was cut off", strains=True)
        # One at a time: whatever is parsed takes its memory only once, however many threads read.
        with self._parsing:
            result = self._parse(body, path, expects, attempts, sent_at, store_time, keys)
            if isinstance(result, Answer) and expects is list:
                rows = result.content if result.keys is None else result.keys
                self.most_rows = max(self.most_rows, len(rows))
        return result

    def _parse(
        self,
        body: bytes,
        path: str,
        expects: Shape,
        attempts: _Attempts,
        sent_at: datetime,
        store_time: datetime,
        keys: RowKeys | None,
    ) -> Answer | _Fault:
        try:
            return read_answer(
                path,
                body,
                expects,
                keys,
                # The same bad characters twice: the store's data are so. Better one odd character
                # than no load.
                mends=attempts.bad_text,
                sent_at=sent_at,
                store_time=store_time,
            )
        except NotJson as error:
            return _Fault(
                "not JSON",
                Action.AGAIN,
                f"the answer is not JSON ({error})",
                bad_text=error.only_text,
            )
        except WrongShape:
            return _Fault("wrong shape", Action.AGAIN, "the answer has an unexpected shape")

    def _after_fault(
        self,
        fault: _Fault,
        path: str,
        purpose: Purpose,
        attempts: _Attempts,
        fewer_possible: bool,
    ) -> None:
        """Wait before the next attempt, or raise what ends them."""
        self._stop.check()
        if fault.strains:
            self._quota.strained()
        if fault.action is Action.WAIT:
            pause = self._quota.refused(fault.headers or {})
            LOGGER.info("%s: %s; waiting %.1f s", purpose.stream, fault.words, pause)
            return
        if fault.action is Action.TOKEN:
            attempts.refused_tokens += 1
            if not self._token_has_worked or attempts.refused_tokens >= TOKEN_ATTEMPTS:
                raise TokenRefused(_token_words(self._config.store_hash, fault.words))
            self._wait_after(fault, path, purpose, attempts)
            return
        if fault.action is Action.FEWER and fewer_possible:
            refused = fault.outcome != "413"
            raise FewerRows(_words(purpose, path, fault.words), fault.most, refused=refused)
        if fault.action is not Action.AGAIN:
            raise _final(fault, purpose, path)
        attempts.patience.failed()
        attempts.failures_at_this_size += 1
        attempts.bad_text = fault.bad_text
        if (
            fewer_possible
            and not fault.bad_text
            and attempts.failures_at_this_size >= FAILURES_BEFORE_FEWER
        ):
            raise FewerRows(_words(purpose, path, fault.words))
        if attempts.patience.ended:
            raise RequestFailed(
                _words(purpose, path, fault.words)
                + f" This was attempt {attempts.patience.failures}. Run the sync again later: it "
                "goes on where it stopped."
            )
        self._wait_after(fault, path, purpose, attempts)

    def _wait_after(self, fault: _Fault, path: str, purpose: Purpose, attempts: _Attempts) -> None:
        wait = attempts.patience.next_wait()
        LOGGER.warning(
            "%s: GET %s: %s; asking again in %.1f s (attempt %d)",
            purpose.stream,
            path,
            fault.words,
            wait,
            attempts.count + 1,
        )
        self.wait(wait, purpose, f"{fault.outcome}, attempt {attempts.count + 1} to come")

    def _session(self) -> requests.Session:
        """This thread's own session."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # Neither the environment nor .netrc is read again for each request.
            session.trust_env = False
            session.proxies = self._surroundings["proxies"]
            session.verify = self._surroundings["verify"]
            session.cert = self._surroundings["cert"]
            session.headers.update(
                {
                    "X-Auth-Token": self._config.access_token,
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    "User-Agent": self._config.user_agent or f"tap-bigcommerce/{VERSION}",
                }
            )
            self._local.session = session
        return session


def _surroundings(api_url: str) -> dict[str, Any]:
    """Proxies and certificates, from the environment as requests reads them."""
    session = requests.Session()
    # A store on this machine is reached straight, whatever the environment says.
    session.trust_env = urlsplit(api_url).hostname not in LOOPBACK
    return dict(session.merge_environment_settings(api_url, {}, False, None, None))


def _status_fault(status: int, headers: Mapping[str, str], body: bytes, what: Meaning) -> _Fault:
    said, most = _said(body)
    return _Fault(
        outcome=str(status),
        action=what.action if what.action is not Action.NOTHING else Action.AGAIN,
        words=f"{status}: {what.words}" + (f" (the API says: {said})" if said else ""),
        headers=headers,
        most=most,
        strains=status >= 500,
    )


def _said(body: bytes) -> tuple[str, int | None]:
    """The API's own words in an error's body, and the largest limit that it names.

    v2 sends a list of {status, message, details}, v3 one object of {status, title, type, errors}.
    """
    try:
        value = parse(body)
    except NotJson:
        return "", None
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return "", None
    said = _text(first.get("message") or first.get("title") or first.get("error") or "")
    errors = first.get("errors")
    if isinstance(errors, dict) and errors:
        said += " " + "; ".join(f"{name}: {_text(text)}" for name, text in errors.items())
    details = first.get("details")
    most = details.get("max_limit") if isinstance(details, dict) else None
    return (
        shown(re.sub(r"\s+", " ", said).strip(), MOST_SAID),
        most if isinstance(most, int) and most > 0 else None,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else quoted(value)


def _connection_fault(error: requests.RequestException) -> _Fault:
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(
        error
    ):
        return _Fault(
            "certificate",
            Action.FAIL,
            "the API's certificate could not be verified; behind a proxy that opens TLS, name "
            "its certificate file in the environment variable REQUESTS_CA_BUNDLE",
        )
    if isinstance(error, requests.Timeout):
        return _Fault("timeout", Action.AGAIN, "no answer in time", strains=True)
    if isinstance(
        error,
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
    ):
        return _Fault("connection", Action.AGAIN, f"the connection failed ({_kind(error)})")
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return _Fault("cut", Action.AGAIN, "the answer's compression is broken")
    return _Fault("request", Action.FAIL, f"the request could not be made ({_kind(error)})")


def _kind(error: BaseException) -> str:
    """An error by the name of its innermost cause: its text may hold an address with a secret."""
    inner: Any = error
    while getattr(inner, "reason", None) or inner.args:
        deeper = getattr(inner, "reason", None) or next(
            (arg for arg in inner.args if isinstance(arg, BaseException)), None
        )
        if not isinstance(deeper, BaseException):
            break
        inner = deeper
    return type(inner).__name__


def _store_time(date: str | None, attempts: _Attempts) -> datetime:
    """A moment by the store's clock, at or before the time when the request was first sent."""
    try:
        answered_at = parsedate_to_datetime(date) if date else None
    except ValueError:
        answered_at = None
    if answered_at is None:
        return attempts.started_at - WITHOUT_STORE_CLOCK
    if answered_at.tzinfo is None:
        answered_at = answered_at.replace(tzinfo=timezone.utc)
    taken = timedelta(seconds=time.monotonic() - attempts.started)
    # `Date` has whole seconds, and was stamped at some time after the request was sent.
    return answered_at - taken - timedelta(seconds=1)


def _words(purpose: Purpose, path: str, words: str) -> str:
    return f"{purpose.stream}: GET {path} failed: {words}."


def _token_words(store_hash: str, words: str) -> str:
    return (
        f"{words}. Check that access_token is whole and belongs to the store {store_hash}; if the "
        "API account was deleted, make a new one (control panel: Settings, API accounts)."
    )


def _final(fault: _Fault, purpose: Purpose, path: str) -> RequestFailed:
    words = _words(purpose, path, fault.words)
    if fault.action is Action.SCOPE:
        return ScopeMissing(
            f"{words} The API account of this token most likely lacks the permission "
            f"{purpose.permission}. Permissions of an account cannot be changed later: make a "
            "new API account (control panel: Settings, API accounts) that has it."
        )
    if fault.action is Action.MISSING:
        return NotFound(
            f"{words} Is store_hash right? If it is, leave the stream out of the catalog, as "
            "--discover does: this store does not have the list."
        )
    if fault.action is Action.NOT_OFFERED:
        return NotOffered(
            f"{words} Leave the stream out of the catalog, as --discover does: this store does not "
            "have the list."
        )
    return RequestFailed(
        f"{words} Asking again would not help: check the store in its control panel, and the "
        "settings and the catalog of the tap; if they are right, ask BigCommerce's support with "
        "these lines."
    )
