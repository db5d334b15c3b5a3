"""GET requests: what follows from each status and each failed attempt."""

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.api.response import Response, RowKeys, Shape, inside, parse
from tap_bigcommerce.api.retry_policy import LONGEST_SHORT_WAIT, RetryPolicy
from tap_bigcommerce.api.status_codes import NO_CONNECTION, AttemptFailed, final_error, status_rule
from tap_bigcommerce.api.transport import MEGABYTE, Transport, read_body
from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.exceptions import PageTooLarge, RequestFailed, StoreUnavailable
from tap_bigcommerce.progress.counters import StreamCounts
from tap_bigcommerce.progress.metrics import log_first
from tap_bigcommerce.progress.tracker import ProgressTracker, WaitReason
from tap_bigcommerce.shutdown import Shutdown
from tap_bigcommerce.text import excerpt, quoted

LOGGER = logging.getLogger(__name__)

TIME_PATH = "/v2/time"
"""A path that every token may read. It shows whether the store responds at all."""

MAX_API_MESSAGE = 300
"""Characters of the API's own error message that are shown."""

MAX_ERROR_BODY = 100_000
"""Bytes. A larger error body is ignored."""

RETRIED = ("retry", "wait")
"""The actions after failures that may mean that the store does not work at all."""

TOKEN_ATTEMPTS = 4
"""Attempts before a 401 is final, if the token has worked before. Spurious 401s have been seen."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How much the clocks of the store and the tap may differ, where a response has no `Date`."""

RUN_AGAIN = "Run the sync again later: it continues where it stopped."


class RequestContext(NamedTuple):
    """The stream that a request is made for: its name, permission and counters."""

    stream: str
    permission: str
    counts: StreamCounts


@dataclass
class _Request:
    """A request, and the results of its attempts so far.

    `headers` and `took` (seconds) are those of the last attempt. `repair`: the last response had
    invalid characters inside its texts, and nothing else was wrong with it.
    """

    path: str
    params: Mapping[str, str]
    expects: Shape
    context: RequestContext
    retry_policy: RetryPolicy
    keys: RowKeys | None = None
    can_reduce_limit: bool = False
    started: float = field(default_factory=lambda: time.monotonic())
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    attempts: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    took: float = 0.0
    failures: int = 0
    token_refusals: int = 0
    repair: bool = False


class Client:
    """Reads from the API of one store. It is thread-safe."""

    def __init__(
        self, config: Config, shutdown: Shutdown, tracker: ProgressTracker | None = None
    ) -> None:
        """`tracker` records the end of each request, and each wait."""
        self._tracker = tracker or ProgressTracker()
        self._config = config
        self.rate_limiter = RateLimiter(config, shutdown)
        self._shutdown = shutdown
        self._base = f"{config.api_url}/stores/{config.store_hash}"
        self._transport = Transport(config)
        self._parsing = threading.Lock()
        self._token_has_worked = False
        # Of all streams: when the store last showed that it works, and the failures since then.
        self._last_sign_of_store = float("-inf")
        self._outage = self.retry_policy()
        self._probe_lock = threading.Lock()
        self._unavailable = ""
        """The message of the error with which all requests fail from now on."""
        self._all_streams = StreamCounts("all streams")
        self.largest_page = 0
        """The most rows of a response so far: no list has a maximum `limit` below it."""

    def retry_policy(self) -> RetryPolicy:
        """A new RetryPolicy, with `max_attempts` and `max_retry_seconds` from the settings."""
        return RetryPolicy(self._config.max_attempts, self._config.max_retry_seconds)

    def wait(self, seconds: float, context: RequestContext, detail: str = "") -> None:
        """Wait before a retry. `detail` is shown as its reason. Raises Interrupted on a signal."""
        with self._tracker.waiting(context.counts) as on_wait:
            on_wait(WaitReason.RETRY, time.monotonic() + seconds, detail)
            self._shutdown.sleep(seconds)

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        expects: Shape,
        context: RequestContext,
        *,
        retry_policy: RetryPolicy | None = None,
        can_reduce_limit: bool = False,
        keys: RowKeys | None = None,
    ) -> Response:
        """Send GET `path` (such as "/v2/orders") until it succeeds, and return the response.

        Args:
            expects: `list`, `dict`, or a function that returns the rows in the parsed content.
            context: The stream that the request is for.
            retry_policy: When to give up. By default it follows the settings; the waits are short
                where another request of the stream has failed already.
            can_reduce_limit: Raise PageTooLarge when a smaller `limit` may help.
            keys: If given, the response has raw rows with these keys, and no content.

        Raises RequestFailed or one of its subclasses, InvalidToken, StoreUnavailable (later calls
        raise it at once), and Interrupted on a signal.
        """
        if retry_policy is None and context.counts.short_retries:
            retry_policy = RetryPolicy(self._config.max_attempts, 0.0, LONGEST_SHORT_WAIT)
        retry_policy = retry_policy or self.retry_policy()
        request = _Request(path, params, expects, context, retry_policy, keys, can_reduce_limit)
        while True:
            if self._unavailable:
                raise StoreUnavailable(self._unavailable)
            with self._tracker.waiting(context.counts) as on_wait:
                self.rate_limiter.acquire(on_wait)
            request.attempts += 1
            LOGGER.debug("GET %s %s (attempt %d)", path, dict(params), request.attempts)
            began = time.monotonic()
            self._tracker.request_began(context.counts)
            response, outcome = None, "200"
            try:
                response = self._send(request)
            except AttemptFailed as error:
                # A copy without its traceback, which would keep the body in memory.
                failure = dataclasses.replace(error)
                outcome = failure.outcome
            finally:
                request.took = time.monotonic() - began
                quota = self.rate_limiter.release(request.headers, request.took)
                self._tracker.request_ended(
                    context.counts, request.took, outcome, retry=request.attempts > 1, quota=quota
                )
            if response is not None:
                self._token_has_worked = True
                self._store_works()
                self.rate_limiter.record_success()
                return response
            self._after_failure(failure, request)

    def _send(self, request: _Request) -> Response:
        """Make one attempt. Raises AttemptFailed."""
        sent_at = datetime.now(timezone.utc)
        request.headers = {}
        with self._transport.get(self._base + request.path, request.params) as http_response:
            request.headers = http_response.headers
            status = str(http_response.status_code)
            action, message = status_rule(http_response.status_code)
            if action not in ("read", "empty"):
                api_message, max_limit = _api_message(http_response)
                text = f"{status}: {message}{api_message}"
                raise AttemptFailed(status, message=text, action=action, max_limit=max_limit)
            body = read_body(http_response, self._config.max_answer_mb * MEGABYTE)
        response = Response(request.path, 0, [], None, sent_at, _store_time(request))
        if action == "empty":
            if request.expects is dict:
                raise AttemptFailed(status, "the response is empty, where an object was expected")
            return response
        # One thread at a time, so that the memory for parsing is needed only once.
        with self._parsing:
            # Invalid characters that come twice are in the store's data: replace them.
            response.read(body, request.expects, request.keys, repair=request.repair)
            if request.expects is list:
                rows = response.content or response.raw.rows
                self.largest_page = max(self.largest_page, len(rows))
            request.context.counts.repaired_bodies += response.repaired
        return response

    def _after_failure(self, failure: AttemptFailed, request: _Request) -> None:
        """Wait before the next attempt, or raise the exception in which the request ends."""
        if failure.action not in RETRIED:
            self._store_works()
        self._shutdown.check()
        if failure.outcome in ("timeout", "cut") or failure.outcome.startswith("5"):
            self.rate_limiter.record_overload()
        stream, counts = request.context.stream, request.context.counts
        too_large = PageTooLarge(
            f"{stream}: GET {request.path} failed: {failure.message}.",
            failure.max_limit,
            refused=failure.outcome in ("400", "422"),
        )
        message = too_large.message
        if failure.action == "wait":
            # 429s count as failed attempts only while no other request succeeds.
            pause = self.rate_limiter.record_refusal(request.headers, request.took)
            times, seconds = self.rate_limiter.refusals
            if times > self._config.max_attempts and seconds >= self._config.max_retry_seconds:
                self._probe_store(seconds, message, request)
                raise RequestFailed(f"{message} This was refusal {times} in a row. {RUN_AGAIN}")
            text = "%s: %s; waiting %.1f s"
            log_first(counts, text, stream, failure.message, pause, level=logging.INFO)
            return
        if failure.action == "retry":
            request.failures += 1
            request.retry_policy.record_failure()
            self._outage.record_failure()
            request.repair = failure.repairable
            if self._outage.exhausted:
                self._probe_store(self._outage.elapsed, message, request)
            may_help = request.can_reduce_limit and not failure.repairable
            if may_help and request.failures >= failure.reduce_after:
                raise too_large
            if request.retry_policy.exhausted:
                raise RequestFailed(
                    f"{message} This was attempt {request.retry_policy.failures}. {RUN_AGAIN}"
                )
        elif failure.action == "fewer" and request.can_reduce_limit:
            raise too_large
        else:
            request.token_refusals += 1
            may_retry = self._token_has_worked and request.token_refusals < TOKEN_ATTEMPTS
            if failure.action != "token" or not may_retry:
                raise final_error(message, failure, context=request.context, config=self._config)
        wait, attempt = request.retry_policy.next_wait(), request.attempts + 1
        details = (stream, request.path, failure.message, wait, attempt)
        # In an outage, which has many attempts, each attempt is logged once.
        kind = f"{failure.outcome}, {request.attempts}"
        if failure.outcome == NO_CONNECTION:  # Then it is the same for all streams.
            counts = self._all_streams
        log_first(counts, "%s: GET %s: %s; retrying in %.1f s (attempt %d)", *details, detail=kind)
        self.wait(wait, request.context, f"{failure.outcome}, attempt {attempt} to come")

    def _probe_store(self, seconds: float, message: str, request: _Request) -> None:
        """Raises StoreUnavailable if the store has not worked for `seconds`, and does not now.

        The other streams then fail at once. `message` says which request failed.
        """
        with self._probe_lock:
            if not self._unavailable and time.monotonic() - self._last_sign_of_store >= seconds:
                # Any content will do: a response is enough.
                probe = _Request(TIME_PATH, {}, lambda _: [], request.context, request.retry_policy)
                try:
                    self._send(probe)
                except AttemptFailed as failure:
                    if failure.action in RETRIED:
                        host, peer = urlsplit(self._base).netloc, self._transport.peer
                        to = host if peer == host else f"{peer}, from there to {host}"
                        check = f"the network from here to {to}, and whether the store is open"
                        too = f" GET {TIME_PATH} failed, too: {failure.message}."
                        if failure.outcome == NO_CONNECTION:
                            too, check = "", "that address, and the network"
                            message = f"{failure.message[:1].upper()}{failure.message[1:]}."
                        self._unavailable = (
                            f"No stream can be read from {host}. {message} This was tried for "
                            f"{seconds:.0f} s.{too} Check {check}. {RUN_AGAIN}"
                        )
                if not self._unavailable:
                    self._store_works()
            if self._unavailable:
                raise StoreUnavailable(self._unavailable)

    def _store_works(self) -> None:
        """The store has answered: the failures before no longer count as an outage."""
        self._last_sign_of_store = time.monotonic()
        self._outage = self.retry_policy()


def _api_message(http_response: requests.Response) -> tuple[str, int | None]:
    """The API's own message in the body of an error, and the largest limit that it names.

    The message is "" and the limit None where there is none. v2 sends a list of {status, message,
    details}, v3 one object of {status, title, type, errors}.
    """
    try:
        value, _ = parse(read_body(http_response, MAX_ERROR_BODY))
    except AttemptFailed:
        return "", None
    first = value[0] if isinstance(value, list) and value else value
    names = ("message", "title", "error")
    texts = [_as_text(inside(first, name)) for name in names if inside(first, name)][:1]
    errors = inside(first, "errors")
    if isinstance(errors, dict):
        texts.append("; ".join(f"{name}: {_as_text(text)}" for name, text in errors.items()))
    text = excerpt(" ".join(" ".join(texts).split()), MAX_API_MESSAGE)
    limit = inside(inside(first, "details"), "max_limit")
    max_limit = limit if isinstance(limit, int) and limit > 0 else None
    return f" (the API says: {text})" if text else "", max_limit


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else quoted(value)


def _store_time(request: _Request) -> datetime:
    """A time by the store's clock that is not after the first attempt was sent.

    It is never later than the tap's clock, and five minutes earlier if there is no valid `Date`.
    """
    date = parse_instant(request.headers.get("Date", ""))
    if date is None or date.year == 1:
        return request.started_at - CLOCK_TOLERANCE
    taken = timedelta(seconds=time.monotonic() - request.started)
    # `Date` is in whole seconds, and was set at some time after the request was sent.
    return min(date - taken - timedelta(seconds=1), request.started_at)
