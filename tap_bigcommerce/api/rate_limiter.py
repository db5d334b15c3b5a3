"""When a request may be sent: store quota, 429, `max_concurrency`.

BigCommerce counts the requests of all apps of a store in windows of 30 seconds. The headers of each
response say how large the quota is, how much of it is left and when the window ends (see "API rate
limits" in its documentation). The tap leaves a share of the quota to the store's other apps, and
more while they use more: the part of the quota that is used, but not by the tap, shows how fast
the other apps use it. Otherwise the tap would use up the quota in the first seconds of a window,
and the other apps would get 429 until the next one.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from tap_bigcommerce.config import Config
from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.progress.tracker import QuotaStatus, WaitReason
from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown

FIRST_PAUSE = 1.0
"""Seconds to wait after the first 429 that does not say how long."""

SHORT_PAUSE = 0.25
"""Seconds to wait after the first 429 for too many concurrent requests."""

LONGEST_PAUSE = 60.0
"""Seconds to wait after repeated 429s that do not say how long, at most."""

LONGEST_NAMED_PAUSE = 3600.0
"""Seconds to wait after a 429 that says how long, at most."""

DEFAULT_WINDOW = 30.0
"""Seconds: the length of a window where the API does not say."""

SHORTEST_WINDOW, LONGEST_WINDOW = 0.001, 3600.0
"""Seconds. If the API names a length outside these bounds, the default is used."""

SUCCESSES_NEEDED = 25
"""Successful requests after which a limit on concurrent requests, found by a 429, is raised by one.
The number doubles with each such 429."""

MAX_SUCCESSES_NEEDED = 1600
"""Attempts to raise the limit are then so rare that they cost nothing."""

MAX_LEFT_TO_OTHERS = 0.5
"""The share of the quota that is left to other apps at most, however fast they use it."""

PROBES_PER_WINDOW = 10
"""While the rest of the quota is left to other apps, this many requests per window are still sent.
Their responses show whether the others still use it."""

RESET_MARGIN = 0.05
"""Seconds to wait after the announced end of a window, because clocks are not exact."""

TOLERANCE = 1 / 6
"""Two responses of one window may differ in its end by this share of the window."""


class RateLimiter:
    """Delays requests until concurrency, the quota and earlier 429s allow them. It is thread-safe.

    Call `acquire` before a request and `release` after it; then `record_success`, `record_overload`
    or `record_refusal`, according to its result.
    """

    def __init__(
        self, config: Config, shutdown: Shutdown, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share = config.quota_share
        self._concurrency = concurrency = config.max_concurrency
        self._shutdown = shutdown
        self._clock = clock
        self._changed = threading.Condition()
        self._in_flight = 0
        # How many requests may be in flight now: lowered by overload, and raised by successes up to
        # the limit, which 429s for too many concurrent requests lower.
        self._allowed = float(concurrency)
        self._limit = float(concurrency)
        self._successes_needed = SUCCESSES_NEEDED
        self._quota: int | None = None
        self._left = 0
        self._used = 0  # responses to the tap in this window
        # When those without quota headers were sent, since the last one with them.
        self._sent_without_headers: list[float] = []
        # The earliest and the latest time at which the window ends.
        self._resets_from = self._resets_at = 0.0
        # Whether a response has said this of the current window; else it follows from the last one.
        self._has_headers = False
        self._others_need = 0.0
        self._next_probe_at = 0.0
        self._paused_until = 0.0
        self._refusals = 0  # rounds of 429s since the last success
        self._first_refused_at = 0.0
        self._last_refused_at = float("-inf")
        self._window = DEFAULT_WINDOW

    def acquire(self, on_wait: Callable[[WaitReason | None, float], None]) -> None:
        """Wait until a request may be sent, and count it as in flight.

        While it waits, `on_wait` is called repeatedly with the reason and the time, by `clock`, at
        which the wait will end. The reason is None while it waits for requests in flight. Raises
        Interrupted on a signal.
        """
        with self._changed:
            while True:
                self._shutdown.check()
                wait, reason = self._wait()
                if wait <= 0:
                    self._in_flight += 1
                    return
                on_wait(reason, self._clock() + wait)
                self._changed.wait(min(wait, POLL_INTERVAL))

    def release(self, headers: Mapping[str, str] | None, took: float) -> QuotaStatus | None:
        """Count a request as ended, and read the quota in the `headers` of its response, if any.

        `took` is the seconds since the request was sent: the store set the headers at some time
        during them. Returns what is known of this window; None if no response has said it.
        """
        with self._changed:
            self._in_flight -= 1
            if not self._read_headers(headers or {}, took):
                # The store may have counted the request all the same.
                self._left, self._used = max(0, self._left - 1), self._used + 1
                if self._quota is not None:
                    self._sent_without_headers.append(self._clock() - took)
            self._changed.notify_all()
            return self.quota_status if self._has_headers else None

    def record_success(self) -> None:
        """A request succeeded: raise the number of concurrent requests again, if it was lowered.

        It grows by one for as many successes as there are concurrent requests.
        """
        with self._changed:
            self._refusals = 0
            if self._allowed >= self._limit:
                self._limit = min(self._concurrency, self._limit + 1 / self._successes_needed)
            self._allowed = min(self._limit, self._allowed + 1 / max(1.0, self._allowed))

    def record_overload(self) -> None:
        """The API is overloaded (5xx, a timeout, a cut-off body): halve the concurrent requests."""
        with self._changed:
            self._allowed = max(1.0, self._allowed / 2)

    def record_refusal(self, headers: Mapping[str, str], took: float = 0.0) -> float:
        """A 429 came, `took` seconds after its request was sent. Pause all requests.

        If none of the quota is left, they wait until the window ends. If some is left, there were
        too many concurrent requests: they wait for a short time, and then fewer are sent at once.
        If the headers say nothing, they wait longer each time. 429s for requests that were in
        flight together count once. Returns the seconds that all requests wait.
        """
        left = _number(headers, "X-Rate-Limit-Requests-Left")
        too_many_at_once = left is not None and left >= 1
        named = [_seconds(headers, "X-Retry-After"), _seconds(headers, "Retry-After")]
        if not too_many_at_once:
            named.append(_number(headers, "X-Rate-Limit-Time-Reset-Ms", 1 / 1000))
        longest = max((seconds for seconds in named if seconds is not None), default=None)
        with self._changed:
            now = self._clock()
            pause = 0.0 if longest is None else min(LONGEST_NAMED_PAUSE, longest + RESET_MARGIN)
            if now - took >= self._last_refused_at:
                self._last_refused_at = now
                self._first_refused_at = self._first_refused_at if self._refusals else now
                self._refusals += 1
                if too_many_at_once:
                    self._limit = max(1.0, int(min(self._limit, self._allowed)) - 1)
                    self._successes_needed = min(MAX_SUCCESSES_NEEDED, self._successes_needed * 2)
                if too_many_at_once or longest is None:
                    self.record_overload()
                    first = SHORT_PAUSE if too_many_at_once else FIRST_PAUSE
                    growing = first * 2.0 ** min(self._refusals - 1, 10)
                    pause = max(pause, min(LONGEST_PAUSE, growing))
            self._paused_until = max(self._paused_until, now + pause)
            return self._paused_until - now

    @property
    def refusals(self) -> tuple[int, float]:
        """The rounds of 429s since the last success, and the seconds since the first of them."""
        with self._changed:
            return self._refusals, self._clock() - self._first_refused_at

    @property
    def quota_status(self) -> QuotaStatus | None:
        """The state of the quota; None if the API has not said it."""
        with self._changed:
            if self._quota is None:
                return None
            resets_in, left = self._resets_at - self._clock(), self._left
            if resets_in <= 0 or not self._has_headers:  # a new window, of which nothing is used
                resets_in, left = self._window, self._quota
            return QuotaStatus(self._quota, left, self._window, resets_in, self._usable)

    def _wait(self) -> tuple[float, WaitReason | None]:
        """Seconds to wait until the next check, and the reason.

        0 seconds if a request may be sent now. The reason is None for a wait for requests in
        flight.
        """
        now = self._clock()
        if now < self._paused_until:
            return self._paused_until - now, WaitReason.RATE_LIMITED
        # After a second round of 429s, a single request tests whether they continue.
        if self._in_flight >= (int(self._allowed) if self._refusals < 2 else 1):
            return POLL_INTERVAL, None
        if self._quota is None:
            return 0.0, None
        if now >= self._resets_at:
            self._open_window(self._quota, now)
        left = self._left - self._in_flight - 1
        kept_free = self._quota - self._usable
        if left >= max(kept_free, self._others_need):
            return 0.0, None
        if self._in_flight and not self._has_headers:
            return POLL_INTERVAL, None
        if left < kept_free:
            return self._resets_at - now, WaitReason.QUOTA
        if self._in_flight:
            return self._resets_at - now, WaitReason.RESERVED
        return max(0.0, min(self._resets_at, self._next_probe_at) - now), WaitReason.RESERVED

    @property
    def _usable(self) -> float:
        """How many requests of each window the tap may use."""
        return max(1.0, (self._quota or 0) * self._share)

    def _open_window(self, quota: int, now: float) -> None:
        """Start a new window, with all of the quota left.

        Requests whose responses had no quota headers are subtracted if they were sent so late that
        the new window may have counted them.
        """
        skipped = (now - self._resets_at) // self._window * self._window
        begins_from = self._resets_from + skipped
        late = [sent_at for sent_at in self._sent_without_headers if sent_at >= begins_from]
        self._sent_without_headers = late
        self._left, self._used = max(0, quota - len(late)), len(late)
        self._others_need = 0.0
        self._resets_from = begins_from + self._window
        self._resets_at += skipped + self._window
        self._has_headers = False

    def _read_headers(self, headers: Mapping[str, str], took: float) -> bool:
        """Read the quota in the headers of a response. Returns False if they do not say it."""
        quota = _number(headers, "X-Rate-Limit-Requests-Quota")
        left = _number(headers, "X-Rate-Limit-Requests-Left")
        reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms", 1 / 1000)
        if quota is None or left is None or reset is None or quota < 1:
            return False
        now = self._clock()
        window = _number(headers, "X-Rate-Limit-Time-Window-Ms", 1 / 1000)
        if window is None or not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
            window = DEFAULT_WINDOW
        reset = min(reset, window)
        resets_from, resets_at = now + reset - took, now + reset + RESET_MARGIN
        # The ends of windows are `window` seconds apart; smaller differences are inexact clocks.
        tolerance = window * TOLERANCE
        is_older = resets_at < self._resets_from - tolerance
        if self._quota is not None and is_older and now - took < self._resets_at - window:
            return True  # The response is from an earlier window.
        # After a slow response the end of its window is uncertain by the time that it took. The
        # end of the next window may then differ by less than the tolerance.
        is_next = self._resets_at < resets_from and self._resets_from + window <= resets_at
        is_close = resets_from <= self._resets_at + tolerance
        same_window = self._quota is not None and is_close and not is_next
        self._used = self._used + 1 if same_window else 1
        if same_window and self._has_headers:
            # Responses may arrive out of order: within a window, the smallest number is right.
            left = min(self._left, left)
            resets_at = min(self._resets_at, resets_at)
            resets_from = min(max(self._resets_from, resets_from), resets_at)
        self._left = int(left)
        self._resets_from, self._resets_at = resets_from, resets_at
        self._has_headers = True
        self._sent_without_headers.clear()
        self._quota = int(quota)
        self._window = window
        others = max(0, self._quota - self._left - self._used)
        remaining = self._resets_at - now
        # At least a thirtieth of a window: a shorter time shows no pace.
        pace = others / max(window / 30, window - remaining)
        self._others_need = min(MAX_LEFT_TO_OTHERS * quota, pace * remaining)
        self._next_probe_at = now + window / PROBES_PER_WINDOW
        return True


def _number(headers: Mapping[str, str], name: str, scale: float = 1.0) -> float | None:
    """The number in a header, times `scale`; None if it is missing or not a valid number."""
    try:
        number = float(headers[name]) * scale
    except (KeyError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    """The seconds in a header, from a number or a date; None if it has neither."""
    until = parse_instant(headers.get(name, ""))
    if until is None:
        return _number(headers, name)
    # By the store's clock, if the response has a `Date`.
    now = parse_instant(headers.get("Date", "")) or datetime.now(timezone.utc)
    return max(0.0, (until - now).total_seconds())
