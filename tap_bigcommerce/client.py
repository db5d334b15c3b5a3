"""One GET, done well: authentication, timeouts, retries, errors."""

from __future__ import annotations

import http.client
import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from tap_bigcommerce.answer import Answer, Shape, WrongShape, read_answer
from tap_bigcommerce.bodies import NotJson, parse
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.display import quoted, shown
from tap_bigcommerce.exceptions import (
    FewerRows,
    NotFound,
    NotOffered,
    RequestFailed,
    ScopeMissing,
    StoreUnavailable,
    TokenRefused,
)
from tap_bigcommerce.patience import LONGEST_SHORT_WAIT, Patience
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.row_keys import RowKeys
from tap_bigcommerce.statuses import Action, Meaning, meaning
from tap_bigcommerce.stop import Stop
from tap_bigcommerce.tracker import ProgressTracker, Reason
from tap_bigcommerce.transport import AnswerBroken, AnswerTooLarge, Late, Transport, read_body

LOGGER = logging.getLogger(__name__)

TIME_PATH = "/v2/time"
"""What any token may ask for: it tells whether the store answers at all."""

MOST_SAID = 300
"""Characters of the API's own words."""

PASSING = frozenset({Action.AGAIN, Action.WAIT})
"""What follows from answers that do not show that the store works."""

MEGABYTE = 1_000_000

ERROR_BODY = 100_000
"""Bytes of an error's body, at the most: larger ones are not looked at."""

TOKEN_ATTEMPTS = 4
"""How often a 401 is tried again once the token has worked: it happens in production."""

FAILURES_BEFORE_FEWER = 2
"""After so many passing faults a page is asked for with fewer rows."""

WITHOUT_STORE_CLOCK = timedelta(minutes=5)
"""How far the clocks of store and tap may be apart where the store does not tell the time."""

LATER = "Run the sync again later: it goes on where it stopped."

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
    fewer_after: int | None = FAILURES_BEFORE_FEWER
    """After so many of these fewer rows are asked for; None: the number of rows is not why."""


@dataclass
class _Request:
    """What is asked for, and what the attempts have shown so far."""

    path: str
    params: Mapping[str, str]
    expects: Shape
    patience: Patience
    keys: RowKeys | None = None
    fewer_possible: bool = False
    started: float = field(default_factory=lambda: time.monotonic())
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    count: int = 0
    took: float = 0.0
    """Seconds, of the last one."""
    failures_at_this_size: int = 0
    refused_tokens: int = 0
    bad_text: bool = False
    """The last attempt failed only because of bad characters inside texts."""


class Client:
    """Reads from one store's API. Several threads may use it at once."""

    def __init__(
        self,
        config: Config,
        quota: Quota,
        stop: Stop,
        tracker: ProgressTracker | None = None,
    ) -> None:
        """`tracker` is told of each request's end and of each wait."""
        self._tracker = tracker or ProgressTracker()
        self._config = config
        self._quota = quota
        self._stop = stop
        self._base = f"{config.api_url}/stores/{config.store_hash}"
        self._transport = Transport(config)
        self._parsing = threading.Lock()
        self._token_has_worked = False
        # When the store last showed that it works, and what has failed since, for all streams.
        self._last_sign = float("-inf")
        self._silence = self.patience()
        self._asking_for_a_sign = threading.Lock()
        self._unavailable: StoreUnavailable | None = None
        self.most_rows = 0
        """The most rows that any answer has had: no list is capped below it."""

    def patience(self) -> Patience:
        """A new count of failures, as the settings allow them."""
        return Patience(self._config.max_attempts, self._config.max_retry_seconds)

    def little_patience(self) -> Patience:
        """A new one for what is likely to fail: it ends after a few quick attempts."""
        return Patience(self._config.max_attempts, 0.0, LONGEST_SHORT_WAIT)

    def wait(self, seconds: float, purpose: Purpose, why: str = "") -> None:
        """Wait before asking again; raises Interrupted when the tap is asked to stop."""
        purpose.counts.count_wait(seconds)
        with self._tracker.waiting(purpose.stream) as waits:
            waits(Reason.RETRY, time.monotonic() + seconds, why)
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

        With `keys`, the answer has its raw rows, and no content. With `fewer_possible`,
        FewerRows is raised once a smaller `limit` may help. Raises TokenRefused, ScopeMissing,
        NotFound, or, when `patience` ends, RequestFailed; StoreUnavailable if nothing else can be
        read either, and from then on always. Without `patience` it is little where others like it
        have failed.
        """
        if patience is None:
            patience = self.little_patience() if purpose.counts.in_trouble else self.patience()
        request = _Request(path, params, expects, patience, keys, fewer_possible)
        while True:
            if self._unavailable is not None:
                raise self._unavailable.again()
            with self._tracker.waiting(purpose.stream) as waits:
                purpose.counts.count_wait(self._quota.enter(waits))
            result = self._attempt(request, purpose)
            self._note_sign(result)
            if isinstance(result, Answer):
                self._token_has_worked = True
                self._quota.worked()
                return result
            self._after_fault(result, request, purpose)

    def _attempt(self, request: _Request, purpose: Purpose) -> Answer | _Fault:
        """Send the request once. Its place in the quota is given back whatever happens."""
        request.count += 1
        LOGGER.debug("GET %s %s (attempt %d)", request.path, dict(request.params), request.count)
        began = time.monotonic()
        headers: dict[str, str] = {}
        result: Answer | _Fault | None = None
        try:
            result = self._send(request, headers)
        finally:
            request.took = time.monotonic() - began
            standing = self._quota.leave(headers, request.took)
            outcome = result.outcome if isinstance(result, _Fault) else "200"
            again = request.count > 1
            self._tracker.request_ended(
                purpose.counts, request.took, outcome, again=again, quota=standing
            )
        if isinstance(result, Answer) and result.mended:
            purpose.counts.count_mended_body()
        return result

    def _send(self, request: _Request, headers: dict[str, str]) -> Answer | _Fault:
        """What one attempt brings; `headers` takes those of its answer, whatever becomes of it."""
        sent_at = datetime.now(timezone.utc)
        try:
            with self._transport.get(self._base + request.path, request.params) as response:
                headers.update(response.headers)
                what = meaning(response.status_code)
                if what.action not in (Action.READ, Action.NOTHING):
                    return _status_fault(response, what)
                body = read_body(response, self._config.max_answer_mb * MEGABYTE)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return self._request_fault(error)
        store_time = _store_time(response.headers.get("Date"), request)
        if what.action is Action.NOTHING:
            if request.expects is not dict:
                return Answer(request.path, 0, [], None, sent_at, store_time)
            return _Fault(
                str(response.status_code), Action.AGAIN, "an object was asked for, and none came"
            )
        try:
            # One at a time: what is parsed takes its memory once, however many threads read.
            with self._parsing:
                answer = read_answer(
                    request.path,
                    body,
                    request.expects,
                    request.keys,
                    # The same bad characters twice: the store's data are so. Better one odd
                    # character than no load.
                    mends=request.bad_text,
                    sent_at=sent_at,
                    store_time=store_time,
                )
                if request.expects is list:
                    self.most_rows = max(self.most_rows, len(answer.content or answer.raw.rows))
        except NotJson as error:
            return _Fault(
                "not JSON",
                Action.AGAIN,
                f"the answer is not JSON ({error})",
                bad_text=error.only_text,
            )
        except WrongShape:
            return _Fault("wrong shape", Action.AGAIN, "the answer has an unexpected shape")
        return answer

    def _after_fault(self, fault: _Fault, request: _Request, purpose: Purpose) -> None:
        """Wait before the next attempt, or raise what ends them."""
        self._stop.check()
        if fault.strains:
            self._quota.strained()
        if fault.action is Action.WAIT:
            self._after_refusal(fault, request, purpose)
            return
        if fault.action is Action.TOKEN:
            request.refused_tokens += 1
            if not self._token_has_worked or request.refused_tokens >= TOKEN_ATTEMPTS:
                raise TokenRefused(_token_words(self._config.store_hash, fault.words))
            self._wait_after(fault, request, purpose)
            return
        if fault.action is Action.FEWER and request.fewer_possible:
            refused = fault.outcome in ("400", "422")
            raise FewerRows(_words(purpose, request.path, fault.words), fault.most, refused=refused)
        if fault.action is not Action.AGAIN:
            raise _final(fault, purpose, request.path)
        request.patience.failed()
        request.failures_at_this_size += 1
        request.bad_text = fault.bad_text
        words = _words(purpose, request.path, fault.words)
        self._silence.failed()
        if self._silence.ended:
            self._look_for_a_sign(self._silence.seconds, words)
        if (
            request.fewer_possible
            and not fault.bad_text
            and fault.fewer_after is not None
            and request.failures_at_this_size >= fault.fewer_after
        ):
            raise FewerRows(_words(purpose, request.path, fault.words))
        if request.patience.ended:
            raise RequestFailed(f"{words} This was attempt {request.patience.failures}. {LATER}")
        self._wait_after(fault, request, purpose)

    def _after_refusal(self, fault: _Fault, request: _Request, purpose: Purpose) -> None:
        """Let everybody wait, or raise what ends the attempts: refusals that nothing good comes
        between use up the same patience as failures."""
        pause = self._quota.refused(fault.headers or {}, request.took)
        times, seconds = self._quota.refusals
        if times > self._config.max_attempts and seconds >= self._config.max_retry_seconds:
            words = _words(purpose, request.path, fault.words)
            self._look_for_a_sign(seconds, words)
            raise RequestFailed(f"{words} This was refusal {times} in a row. {LATER}")
        LOGGER.info("%s: %s; waiting %.1f s", purpose.stream, fault.words, pause)

    def _look_for_a_sign(self, seconds: float, words: str) -> None:
        """Raises StoreUnavailable if nothing good has come for so long, and nothing comes now.

        `words` say what has been tried. Then no other stream needs to try it as often.
        """
        with self._asking_for_a_sign:
            if self._unavailable is None and time.monotonic() - self._last_sign >= seconds:
                sign = self._send(_Request(TIME_PATH, {}, _whatever, self.patience()), {})
                if self._note_sign(sign):
                    return
                assert isinstance(sign, _Fault)
                host, proxy = urlsplit(self._base).netloc, self._transport.proxy
                self._unavailable = StoreUnavailable(
                    f"No stream can be read from {host}{' through the proxy' if proxy else ''}. "
                    f"{words} This was tried for {seconds:.0f} s. GET {TIME_PATH} failed, too: "
                    f"{sign.words}. Check the network between here and {host}, and whether the "
                    f"store is open. {LATER}"
                )
            if self._unavailable is not None:
                raise self._unavailable.again()

    def _note_sign(self, result: Answer | _Fault) -> bool:
        """Whether this shows that the store works; then nothing that failed before matters."""
        if isinstance(result, _Fault) and result.action in PASSING:
            return False
        self._last_sign = time.monotonic()
        if self._silence.failures:
            self._silence = self.patience()
        return True

    def _request_fault(self, error: BaseException) -> _Fault:
        """Why a request has brought no answer, or only a part of one."""
        if isinstance(error, Late):
            return _Fault(
                "timeout",
                Action.AGAIN,
                f"the answer was not whole after {self._transport.deadline:g} s",
                strains=True,
                fewer_after=1,
            )
        if isinstance(error, AnswerTooLarge):
            return _Fault(
                "too large",
                Action.FEWER,
                f"the answer has more than {self._config.max_answer_mb} MB (max_answer_mb)",
            )
        if isinstance(error, AnswerBroken):
            return _Fault("cut", Action.AGAIN, str(error), strains=True)
        return _connection_fault(error)

    def _wait_after(self, fault: _Fault, request: _Request, purpose: Purpose) -> None:
        wait = request.patience.next_wait()
        LOGGER.warning(
            "%s: GET %s: %s; asking again in %.1f s (attempt %d)",
            purpose.stream,
            request.path,
            fault.words,
            wait,
            request.count + 1,
        )
        self.wait(wait, purpose, f"{fault.outcome}, attempt {request.count + 1} to come")


def _status_fault(response: requests.Response, what: Meaning) -> _Fault:
    try:
        said, most = _said(read_body(response, ERROR_BODY))
    except (AnswerBroken, AnswerTooLarge):
        said, most = "", None
    status = response.status_code
    return _Fault(
        outcome=str(status),
        action=what.action,
        words=f"{status}: {what.words}" + (f" (the API says: {said})" if said else ""),
        headers=response.headers,
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


def _connection_fault(error: BaseException) -> _Fault:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _Fault(
            "certificate",
            Action.FAIL,
            "the API's certificate could not be verified; behind a proxy that opens TLS, name "
            "its certificate file in the environment variable REQUESTS_CA_BUNDLE",
        )
    inner = _innermost(error)
    if isinstance(error, NEVER_SENT):
        return _Fault("request", Action.FAIL, f"the request could not be made ({_kind(inner)})")
    if isinstance(error, NOT_CONNECTED) or isinstance(inner, urllib3.exceptions.NewConnectionError):
        return _Fault(
            "connection",
            Action.AGAIN,
            f"no connection could be made ({_kind(inner)})",
            fewer_after=None,
        )
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return _Fault("timeout", Action.AGAIN, "no answer in time", strains=True)
    if isinstance(inner, http.client.IncompleteRead):
        return _Fault("cut", Action.AGAIN, "the answer was cut off", strains=True)
    return _Fault("connection", Action.AGAIN, f"the connection failed ({_kind(inner)})")


def _innermost(error: BaseException) -> BaseException:
    """The cause of its causes, as requests and urllib3 pack them."""
    while True:
        packed = (getattr(error, "reason", None), *error.args)
        inner = next((part for part in packed if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner


def _kind(error: BaseException) -> str:
    """An error by its name, and by what the system says: its text may hold an address with a
    secret."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    said = cause.strerror if isinstance(cause, OSError) else None
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _store_time(date: str | None, request: _Request) -> datetime:
    """A moment by the store's clock, at or before the time when the request was first sent.

    It is never later than our own clock, and without a usable `Date` well before it.
    """
    answered_at = parse_instant(date) if date else None
    if answered_at is not None:
        taken = timedelta(seconds=time.monotonic() - request.started)
        try:
            # `Date` has whole seconds, and was stamped at some time after the request was sent.
            return min(answered_at - taken - timedelta(seconds=1), request.started_at)
        except OverflowError:
            pass  # It is of the year 1.
    return request.started_at - WITHOUT_STORE_CLOCK


def _whatever(content: Any) -> list[Any]:
    """No rows, whatever has come: that something has is enough."""
    return []


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
            f"'{purpose.permission}: read-only'. Permissions of an account cannot be changed "
            "later: make a new API account (control panel: Settings, API accounts) that has it."
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
