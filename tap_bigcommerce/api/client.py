"""One GET, done well: authentication, timeouts, retries, errors."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import requests

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.api.response import Response, RowKeys, Shape, inside, parse
from tap_bigcommerce.api.retry_policy import LONGEST_SHORT_WAIT, RetryPolicy
from tap_bigcommerce.api.status_codes import ACTIONS, Action, AttemptFailed, status_rule
from tap_bigcommerce.api.transport import MEGABYTE, Transport, read_body
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.exceptions import (
    InvalidToken,
    MissingPermission,
    NotFound,
    NotOffered,
    PageTooLarge,
    RequestFailed,
    StoreUnavailable,
    TapError,
)
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.tracker import ProgressTracker, WaitReason
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce.text import excerpt, quoted

LOGGER = logging.getLogger(__name__)

TIME_PATH = "/v2/time"
"""What any token may ask for: it tells whether the store answers at all."""

MOST_SAID = 300
"""Characters of the API's own words."""

PASSING = ("again", "wait")
"""What follows from answers that do not show that the store works."""

ERROR_BODY = 100_000
"""Bytes of an error's body, at the most: larger ones are not looked at."""

TOKEN_ATTEMPTS = 4
"""How often a 401 is tried again once the token has worked: it happens in production."""

WITHOUT_STORE_CLOCK = timedelta(minutes=5)
"""How far the clocks of store and tap may be apart where the store does not tell the time."""

LATER = "Run the sync again later: it goes on where it stopped."

ERRORS: Mapping[Action, type[TapError]] = {
    "token": InvalidToken,
    "scope": MissingPermission,
    "missing": NotFound,
    "not offered": NotOffered,
}
"""The errors for those who heed which one it is."""


@dataclass(frozen=True)
class RequestContext:
    """On whose behalf a request is made: for the counts, and for the words of an error."""

    stream: str
    permission: str
    counts: StreamCounts


@dataclass
class _Request:
    """What is asked for, and what the attempts have shown so far.

    `headers` are those of the last answer, if one came, and it `took` so many seconds. `only_text`:
    the last attempt failed because of bad characters inside texts alone.
    """

    path: str
    params: Mapping[str, str]
    expects: Shape
    context: RequestContext
    retry_policy: RetryPolicy
    keys: RowKeys | None = None
    fewer_possible: bool = False
    started: float = field(default_factory=lambda: time.monotonic())
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    count: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    took: float = 0.0
    failures: int = 0
    refused_tokens: int = 0
    only_text: bool = False


class Client:
    """Reads from one store's API. Several threads may use it at once."""

    def __init__(
        self,
        config: Config,
        rate_limiter: RateLimiter,
        shutdown: Shutdown,
        tracker: ProgressTracker | None = None,
    ) -> None:
        """`tracker` is told of each request's end and of each wait."""
        self._tracker = tracker or ProgressTracker()
        self._config = config
        self._rate_limiter = rate_limiter
        self._shutdown = shutdown
        self._base = f"{config.api_url}/stores/{config.store_hash}"
        self._transport = Transport(config)
        self._parsing = threading.Lock()
        self._token_has_worked = False
        # When the store last showed that it works, and what has failed since, for all streams.
        self._last_sign = float("-inf")
        self._silence = self.retry_policy()
        self._asking_for_a_sign = threading.Lock()
        self._unavailable: StoreUnavailable | None = None
        self.most_rows = 0
        """The most rows that any answer has had: no list is capped below it."""

    def retry_policy(self) -> RetryPolicy:
        """A new count of failures, as the settings allow them."""
        return RetryPolicy(self._config.max_attempts, self._config.max_retry_seconds)

    def wait(self, seconds: float, context: RequestContext, why: str = "") -> None:
        """Wait before asking again; raises Interrupted when the tap is asked to stop."""
        with self._tracker.waiting(context.counts) as waits:
            waits(WaitReason.RETRY, time.monotonic() + seconds, why)
            self._shutdown.sleep(seconds)

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        expects: Shape,
        context: RequestContext,
        *,
        retry_policy: RetryPolicy | None = None,
        fewer_possible: bool = False,
        keys: RowKeys | None = None,
    ) -> Response:
        """The answer to GET `path` ("/v2/orders"), whose content is as `expects` says.

        With `keys`, the answer has its raw rows, and no content. With `fewer_possible`,
        FewerRows is raised once a smaller `limit` may help. Raises TokenRefused, ScopeMissing,
        NotFound, or, when `patience` ends, RequestFailed; StoreUnavailable if nothing else can be
        read either, and from then on always. Without `patience` it is little where others like it
        have failed.
        """
        if retry_policy is None and context.counts.short_retries:
            retry_policy = RetryPolicy(self._config.max_attempts, 0.0, LONGEST_SHORT_WAIT)
        retry_policy = retry_policy or self.retry_policy()
        request = _Request(path, params, expects, context, retry_policy, keys, fewer_possible)
        while True:
            if self._unavailable is not None:
                raise self._unavailable.copy()
            with self._tracker.waiting(context.counts) as waits:
                self._rate_limiter.enter(waits)
            request.count += 1
            LOGGER.debug("GET %s %s (attempt %d)", path, dict(params), request.count)
            began = time.monotonic()
            response, outcome = None, "200"
            try:
                response = self._send(request)
            except AttemptFailed as error:
                # Without its traceback, which holds the body.
                failure = dataclasses.replace(error)
                outcome = failure.outcome
            finally:
                request.took = time.monotonic() - began
                standing = self._rate_limiter.leave(request.headers, request.took)
                self._tracker.request_ended(
                    context.counts,
                    request.took,
                    outcome,
                    retry=request.count > 1,
                    quota=standing,
                )
            if response is not None:
                self._token_has_worked = True
                self._store_works()
                self._rate_limiter.worked()
                return response
            self._after_failure(failure, request)

    def _send(self, request: _Request) -> Response:
        """What one attempt brings. Raises AttemptFailed."""
        sent_at = datetime.now(timezone.utc)
        request.headers = {}
        with self._transport.get(self._base + request.path, request.params) as http_response:
            request.headers = http_response.headers
            status = str(http_response.status_code)
            action, message, _ = status_rule(http_response.status_code)
            if action not in ("read", "nothing"):
                said, most = _said(http_response)
                raise AttemptFailed(
                    status, message=f"{status}: {message}{said}", action=action, most=most
                )
            body = read_body(http_response, self._config.max_answer_mb * MEGABYTE)
        response = Response(request.path, 0, [], None, sent_at, _store_time(request))
        if action == "nothing":
            if request.expects is dict:
                raise AttemptFailed(status, "an object was asked for, and none came")
            return response
        # One at a time: what is parsed takes its memory once, however many threads read.
        with self._parsing:
            # The same bad characters twice: the store's data are so. Better one odd character than
            # no load.
            response.read(body, request.expects, request.keys, mends=request.only_text)
            if request.expects is list:
                self.most_rows = max(self.most_rows, len(response.content or response.raw.rows))
            request.context.counts.repaired_bodies += response.mended
        return response

    def _after_failure(self, failure: AttemptFailed, request: _Request) -> None:
        """Wait before the next attempt, or raise what ends them."""
        if failure.action not in PASSING:
            self._store_works()
        self._shutdown.check()
        if failure.outcome in ("timeout", "cut") or failure.outcome.startswith("5"):
            self._rate_limiter.strained()
        stream = request.context.stream
        fewer_rows = PageTooLarge(
            f"{stream}: GET {request.path} failed: {failure.message}.",
            failure.most,
            refused=failure.outcome in ("400", "422"),
        )
        message = fewer_rows.message
        if failure.action == "wait":
            # Refusals that nothing good comes between use up the same patience as failures.
            pause = self._rate_limiter.refused(request.headers, request.took)
            times, seconds = self._rate_limiter.refusals
            if times > self._config.max_attempts and seconds >= self._config.max_retry_seconds:
                self._look_for_a_sign(seconds, message, request)
                raise RequestFailed(f"{message} This was refusal {times} in a row. {LATER}")
            LOGGER.info("%s: %s; waiting %.1f s", stream, failure.message, pause)
            return
        if failure.action == "again":
            request.failures += 1
            request.retry_policy.failed()
            self._silence.failed()
            request.only_text = failure.only_text
            if self._silence.ended:
                self._look_for_a_sign(self._silence.seconds, message, request)
            may_help = request.fewer_possible and not failure.only_text
            if may_help and request.failures >= failure.fewer_after:
                raise fewer_rows
            if request.retry_policy.ended:
                raise RequestFailed(
                    f"{message} This was attempt {request.retry_policy.failures}. {LATER}"
                )
        elif failure.action == "fewer" and request.fewer_possible:
            raise fewer_rows
        else:
            request.refused_tokens += 1
            is_another_try = self._token_has_worked and request.refused_tokens < TOKEN_ATTEMPTS
            if failure.action != "token" or not is_another_try:
                error = ACTIONS[failure.action].get("error", ACTIONS["fail"]["error"])
                raise ERRORS.get(failure.action, RequestFailed)(
                    error.format(message=message, what=failure, by=request.context, at=self._config)
                )
        wait = request.retry_policy.next_wait()
        details = (stream, request.path, failure.message, wait, request.count + 1)
        LOGGER.warning("%s: GET %s: %s; asking again in %.1f s (attempt %d)", *details)
        why = f"{failure.outcome}, attempt {request.count + 1} to come"
        self.wait(wait, request.context, why)

    def _look_for_a_sign(self, seconds: float, message: str, request: _Request) -> None:
        """Raises StoreUnavailable if nothing good has come for so long, and nothing comes now.

        `words` say what has been tried. Then no other stream needs to try it as often.
        """
        with self._asking_for_a_sign:
            if self._unavailable is None and time.monotonic() - self._last_sign >= seconds:
                # No rows, whatever comes: that something does is enough.
                sign = _Request(TIME_PATH, {}, lambda _: [], request.context, request.retry_policy)
                try:
                    self._send(sign)
                except AttemptFailed as failure:
                    if failure.action in PASSING:
                        host, proxy = urlsplit(self._base).netloc, self._transport.proxy
                        self._unavailable = StoreUnavailable(
                            f"No stream can be read from {host}"
                            f"{' through the proxy' if proxy else ''}. {message} This was tried "
                            f"for {seconds:.0f} s. GET {TIME_PATH} failed, too: {failure.message}. "
                            f"Check the network between here and {host}, and whether the store is "
                            f"open. {LATER}"
                        )
                if self._unavailable is None:
                    self._store_works()
            if self._unavailable is not None:
                raise self._unavailable.copy()

    def _store_works(self) -> None:
        """Nothing that failed before matters."""
        self._last_sign = time.monotonic()
        self._silence = self.retry_policy()


def _said(http_response: requests.Response) -> tuple[str, int | None]:
    """The API's own words in an error's body, if it has any, and the largest limit that it names.

    v2 sends a list of {status, message, details}, v3 one object of {status, title, type, errors}.
    """
    try:
        value, _ = parse(read_body(http_response, ERROR_BODY))
    except AttemptFailed:
        return "", None
    first = value[0] if isinstance(value, list) and value else value
    names = ("message", "title", "error")
    texts = [_text(inside(first, name)) for name in names if inside(first, name)][:1]
    errors = inside(first, "errors")
    if isinstance(errors, dict):
        texts.append("; ".join(f"{name}: {_text(text)}" for name, text in errors.items()))
    said = excerpt(" ".join(" ".join(texts).split()), MOST_SAID)
    most = inside(inside(first, "details"), "max_limit")
    return (
        f" (the API says: {said})" if said else "",
        most if isinstance(most, int) and most > 0 else None,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else quoted(value)


def _store_time(request: _Request) -> datetime:
    """A moment by the store's clock, at or before the time when the request was first sent.

    It is never later than our own clock, and without a usable `Date` well before it.
    """
    answered_at = parse_instant(request.headers.get("Date", ""))
    if answered_at is None or answered_at.year == 1:
        return request.started_at - WITHOUT_STORE_CLOCK
    taken = timedelta(seconds=time.monotonic() - request.started)
    # `Date` has whole seconds, and was stamped at some time after the request was sent.
    return min(answered_at - taken - timedelta(seconds=1), request.started_at)
