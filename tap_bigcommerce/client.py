"""One GET, done well: authentication, timeouts, retries, errors."""

from __future__ import annotations

import functools
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import requests
from singer import metrics

from tap_bigcommerce.answers import Action, Meaning, meaning
from tap_bigcommerce.bodies import NotJson, mend, parse
from tap_bigcommerce.config import LOOPBACK, Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.exceptions import (
    FewerRows,
    NotFound,
    RequestFailed,
    ScopeMissing,
    TokenRefused,
)
from tap_bigcommerce.observer import NOBODY, Observer, Reason, RequestEnd, Waiting
from tap_bigcommerce.patience import Patience
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.transform import is_clean
from tap_bigcommerce.version import VERSION

LOGGER = logging.getLogger(__name__)

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


@dataclass(eq=False)
class Answer:
    """A good answer.

    `content` is a list of rows or an object, as was expected; `total` is how many rows the whole
    list has, where the API says so; `next_cursor` is where the next page begins, in a list with
    cursors. `sent_at` is when the request was sent, by the tap's clock; `store_time` a moment by
    the store's clock, at or before the time when the request was first sent. `mended`: bad
    characters in it have been replaced.
    """

    path: str
    body: bytes
    content: Any
    total: int | None
    sent_at: datetime
    store_time: datetime
    mended: bool = False
    next_cursor: str | None = None

    @functools.cached_property
    def clean(self) -> bool:
        """No text in it can hold the character U+0000, nor half a surrogate pair."""
        return not self.mended and is_clean(self.body)

    def pack(self) -> None:
        """Give up the content, which takes several times the memory of the body."""
        self.content = None

    def unpacked(self) -> Any:
        """The content, read from the body once more if it was given up."""
        if self.content is None:
            value = mend(self.body) if self.mended else orjson.loads(self.body)
            self.content, _ = _unwrap(value, self.path)
        return self.content

    def part(self, begin: int, end: int) -> list[Any] | None:
        """The rows whose text is `body[begin:end]`; None where that is not whole rows.

        From 0 on, or to the end, it has what stands before or behind all rows, too.
        """
        if self.mended:
            return None
        v3 = self.path.startswith("/v3/")
        opening = b"" if begin == 0 else b'{"data":[' if v3 else b"["
        closing = b"" if end == len(self.body) else b"]}" if v3 else b"]"
        try:
            value = orjson.loads(b"".join((opening, memoryview(self.body)[begin:end], closing)))
        except ValueError:
            return None
        content, _ = _unwrap(value, self.path)
        return content if isinstance(content, list) else None


Digest = Callable[["Answer"], None]
"""What is done with an answer's content at once."""


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
        expects: type[list[Any]] | type[dict[str, Any]],
        purpose: Purpose,
        *,
        patience: Patience | None = None,
        fewer_possible: bool = False,
        digest: Digest = lambda _: None,
    ) -> Answer:
        """The answer to GET `path` ("/v2/orders"), whose content is of the type `expects`.

        `digest` sees the answer before another thread may parse its own: a content that is given
        up there takes its memory only once, however many threads read. With `fewer_possible`,
        FewerRows is raised once a smaller `limit` may help. Raises TokenRefused, ScopeMissing,
        NotFound, or RequestFailed when patience ends.
        """
        attempts = _Attempts(patience or self.patience())
        while True:
            with Waiting(self._observer, purpose.stream) as waiting:
                purpose.counts.count_wait(self._quota.enter(waiting.now))
            result = self._attempt(path, params, expects, purpose, attempts, digest)
            if isinstance(result, Answer):
                self._token_has_worked = True
                self._quota.worked()
                return result
            self._after_fault(result, path, purpose, attempts, fewer_possible)

    def _attempt(
        self,
        path: str,
        params: Mapping[str, str],
        expects: type[Any],
        purpose: Purpose,
        attempts: _Attempts,
        digest: Digest,
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
                result = self._read(response, path, expects, attempts, sent_at, digest)
        except requests.RequestException as error:
            result = _connection_fault(error)
        finally:
            standing = self._quota.leave(headers)
            outcome = result.outcome if isinstance(result, _Fault) else "200"
            purpose.counts.count_request(outcome, again=attempts.count > 1)
            ended = time.monotonic()
            _log_duration(purpose.stream, ended - began, outcome)
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
        expects: type[Any],
        attempts: _Attempts,
        sent_at: datetime,
        digest: Digest,
    ) -> Answer | _Fault:
        what = meaning(response.status_code)
        # In one piece where possible: requests' own pieces of 10 kB take twice the memory.
        body = b"".join(response.iter_content(PIECE))
        if what.action is Action.NOTHING and expects is list:
            answer = _answer(path, [], {}, b"", response.headers, attempts, sent_at)
            digest(answer)
            return answer
        if what.action is not Action.READ:
            return _status_fault(response.status_code, response.headers, body, what)
        announced = response.headers.get("Content-Length")
        if announced is not None and response.raw.tell() < int(announced):
            return _Fault("cut", Action.AGAIN, "the answer was cut off", strains=True)
        with self._parsing:
            result = self._parse(body, path, expects, attempts, response.headers, sent_at)
            if isinstance(result, Answer):
                if expects is list:
                    self.most_rows = max(self.most_rows, len(result.content))
                digest(result)
        return result

    def _parse(
        self,
        body: bytes,
        path: str,
        expects: type[Any],
        attempts: _Attempts,
        headers: Mapping[str, str],
        sent_at: datetime,
    ) -> Answer | _Fault:
        mended = False
        try:
            value = parse(body)
        except NotJson as error:
            if not (error.only_text and attempts.bad_text):
                return _Fault(
                    "not JSON",
                    Action.AGAIN,
                    f"the answer is not JSON ({error})",
                    bad_text=error.only_text,
                )
            # The same bad characters twice: the store's data are so. Better one odd character
            # than no load.
            value, mended = mend(body), True
        content, meta = _unwrap(value, path)
        if not isinstance(content, expects) or (
            expects is list and not all(isinstance(row, dict) for row in content)
        ):
            return _Fault("wrong shape", Action.AGAIN, "the answer has an unexpected shape")
        return _answer(path, content, meta, body, headers, attempts, sent_at, mended=mended)

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
            raise FewerRows(_words(purpose, path, fault.words), fault.most)
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


def _answer(
    path: str,
    content: Any,
    meta: Any,
    body: bytes,
    headers: Mapping[str, str],
    attempts: _Attempts,
    sent_at: datetime,
    *,
    mended: bool = False,
) -> Answer:
    taken = timedelta(seconds=time.monotonic() - attempts.started)
    store_time = _store_time(headers.get("Date"))
    return Answer(
        path=path,
        body=body,
        content=content,
        total=_total(meta),
        next_cursor=_next_cursor(meta),
        sent_at=sent_at,
        # `Date` has whole seconds, and was stamped at some time after the request was sent.
        store_time=(
            store_time - taken - timedelta(seconds=1)
            if store_time is not None
            else attempts.started_at - WITHOUT_STORE_CLOCK
        ),
        mended=mended,
    )


def _unwrap(value: Any, path: str) -> tuple[Any, Any]:
    """A body's rows or object, and what v3 says about them; v2 sends nothing beside them."""
    if not path.startswith("/v3/"):
        return value, {}
    if not isinstance(value, dict):
        return None, {}
    return value.get("data"), value.get("meta")


def _inside(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _total(meta: Any) -> int | None:
    """How many rows the list has; sites call it by another name."""
    pagination = _inside(meta, "pagination")
    for name in ("total", "total_items"):
        total = _inside(pagination, name)
        if type(total) is int:
            return total
    return None


def _next_cursor(meta: Any) -> str | None:
    """The last page has an end cursor, too, but no link to a next one."""
    cursors = _inside(meta, "cursor_pagination")
    link = _inside(cursors, "links", "next")
    if not isinstance(link, str) or not link:
        return None
    # The documentation of metafields confuses which cursor is for which direction: the link is
    # right in any case.
    named = parse_qs(urlsplit(link).query).get("after")
    cursor = named[0] if named else _inside(cursors, "end_cursor")
    return cursor if isinstance(cursor, str) and cursor else None


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
    words = first.get("message") or first.get("title") or first.get("error") or ""
    errors = first.get("errors")
    if isinstance(errors, dict) and errors:
        words = f"{words} {'; '.join(f'{name}: {text}' for name, text in errors.items())}"
    details = first.get("details")
    most = details.get("max_limit") if isinstance(details, dict) else None
    return (
        re.sub(r"\s+", " ", str(words)).strip()[:300],
        most if isinstance(most, int) and most > 0 else None,
    )


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


def _store_time(date: str | None) -> datetime | None:
    if not date:
        return None
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _log_duration(stream: str, seconds: float, outcome: str) -> None:
    good = outcome in ("200", "204")
    tags = {
        metrics.Tag.endpoint: stream,
        metrics.Tag.http_status_code: int(outcome) if outcome.isdigit() else outcome,
        metrics.Tag.status: metrics.Status.succeeded if good else metrics.Status.failed,
    }
    point = metrics.Point("timer", metrics.Metric.http_request_duration, seconds, tags)
    metrics.log(LOGGER, point)


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
        return NotFound(f"{words} Is store_hash right?")
    return RequestFailed(
        f"{words} Asking again would not help: check the store in its control panel, and the "
        "settings and the catalog of the tap; if they are right, ask BigCommerce's support with "
        "these lines."
    )
