"""The store's request quota, shared by everything that asks.

BigCommerce counts the requests of all apps of a store in windows of 30 seconds and says with
every answer how large the quota is, how much of it is left and when the window ends (its page on
rate limits). A share of it is left to the store's other apps, and more while they use more: what
the tap has not used itself of a window, others have, and they will go on at this pace. Otherwise
a window's quota would be gone in its first seconds, and they would be refused until the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from tap_bigcommerce.dates import parse_instant
from tap_bigcommerce.progress.tracker import QuotaStatus, WaitReason
from tap_bigcommerce.shutdown import POLL_INTERVAL, Shutdown

FIRST_PAUSE = 1.0
"""Seconds to wait after a 429 that does not say how long."""

SHORT_PAUSE = 0.25
"""Seconds to wait after a 429 that was about how many requests came at once."""

LONGEST_PAUSE = 60.0
"""Seconds: the longest wait after 429s that do not say how long."""

LONGEST_NAMED_PAUSE = 3600.0
"""Seconds: the longest wait that an answer can ask for."""

USUAL_WINDOW = 30.0
"""Seconds: how long a window is where the API does not say."""

SHORTEST_WINDOW, LONGEST_WINDOW = 0.001, 3600.0
"""Seconds: what is no window of a quota is taken for the usual one."""

GOOD_BEFORE_MORE = 25
"""After so many good answers one request more is tried at once than was refused before; twice as
many after each time that it is refused."""

MOST_GOOD_BEFORE_MORE = 1600
"""So often in vain that it costs nothing; and once the limit is gone, it is soon found out."""

MOST_YIELDED = 0.5
"""The share of the quota that is left to others at the most, however fast they ask."""

LOOKS_A_WINDOW = 10
"""How often to ask for something while the rest of the quota is left to others, to see whether
they still need it."""

RESET_MARGIN = 0.05
"""Seconds waited beyond the announced end of a window, for clocks are not exact."""

TOLERANCE = 1 / 6
"""The share of a window by which two answers may differ in when it ends."""


class RateLimiter:
    """Lets a request go when parallelism, the quota and earlier refusals allow it."""

    def __init__(
        self,
        *,
        share: float,
        concurrency: int,
        shutdown: Shutdown,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`share` of the quota may be used (0 to 1), by at most `concurrency` requests at once."""
        self._share = share
        self._concurrency = concurrency
        self._shutdown = shutdown
        self._clock = clock
        self._changed = threading.Condition()
        self._in_flight = 0
        self._allowed = float(concurrency)
        self._quota: int | None = None
        self._left = 0
        self._used = 0  # answers had in this window
        # When those of them were sent that did not tell of the quota, since the last that did.
        self._untold: list[float] = []
        # The window ends no earlier and no later than this.
        self._resets_from = self._resets_at = 0.0
        self._is_told = False  # so by an answer; else by the window before
        self._others_need = 0.0
        self._looks_at = 0.0
        self._paused_until = 0.0
        self._refusals = 0  # that came apart from one another, since the last good answer
        self._first_refused_at = 0.0
        self._last_refused_at = float("-inf")
        # So many at once are not refused, as far as is known; and what it takes to try one more.
        self._most_at_once = float(concurrency)
        self._good_before_more = GOOD_BEFORE_MORE
        self._window = USUAL_WINDOW

    def enter(self, told: Callable[[WaitReason | None, float], None]) -> None:
        """Wait until a request may be sent, and take its place.

        `told` hears again and again why it waits, and until about when, by the quota's clock; no
        reason: for requests under way, which is nothing to tell. Raises Interrupted when the tap is
        asked to stop.
        """
        with self._changed:
            while True:
                self._shutdown.check()
                wait, reason = self._wait()
                if wait <= 0:
                    self._in_flight += 1
                    return
                told(reason, self._clock() + wait)
                self._changed.wait(min(wait, POLL_INTERVAL))

    def leave(self, headers: Mapping[str, str] | None, took: float) -> QuotaStatus | None:
        """Give a request's place back, and learn from its answer's `headers`, if it had any.

        `took`: the seconds since the request was sent; the store may have written the headers at
        any of them. Returns what is known of the quota by then; None where the API does not tell.
        """
        with self._changed:
            self._in_flight -= 1
            if not self._learn(headers or {}, took):
                # It may have been counted all the same.
                self._left, self._used = max(0, self._left - 1), self._used + 1
                if self._quota is not None:
                    self._untold.append(self._clock() - took)
            self._changed.notify_all()
            return self.allowance if self._is_told else None

    def worked(self) -> None:
        """An answer was good: parallelism that was lowered grows back by one a round."""
        with self._changed:
            self._refusals = 0
            if self._allowed >= self._most_at_once:
                more = self._most_at_once + 1 / self._good_before_more
                self._most_at_once = min(self._concurrency, more)
            more = self._allowed + 1 / max(1.0, self._allowed)
            self._allowed = min(self._most_at_once, more)

    def strained(self) -> None:
        """The API is under load (5xx, a timeout, a 429 without a word): halve parallelism."""
        with self._changed:
            self._allowed = max(1.0, self._allowed / 2)

    def refused(self, headers: Mapping[str, str], took: float = 0.0) -> float:
        """A 429 came, `took` seconds after its request was sent.

        With nothing left, nobody asks until the reset. With some of the quota left, too many came
        at once: fewer do so from now on, and soon. Without a word, for a growing time. Refusals of
        requests that were under way together are one. Returns the seconds that everybody waits.
        """
        left = _number(headers, "X-Rate-Limit-Requests-Left")
        at_once = left is not None and left >= 1
        named = [_seconds(headers, "X-Retry-After"), _seconds(headers, "Retry-After")]
        if not at_once:
            named.append(_number(headers, "X-Rate-Limit-Time-Reset-Ms", 1 / 1000))
        longest = max((seconds for seconds in named if seconds is not None), default=None)
        with self._changed:
            now = self._clock()
            pause = 0.0 if longest is None else min(LONGEST_NAMED_PAUSE, longest + RESET_MARGIN)
            if now - took >= self._last_refused_at:
                self._last_refused_at = now
                self._first_refused_at = self._first_refused_at if self._refusals else now
                self._refusals += 1
                if at_once:
                    most = int(min(self._most_at_once, self._allowed)) - 1
                    self._most_at_once = max(1.0, most)
                    self._good_before_more = min(MOST_GOOD_BEFORE_MORE, self._good_before_more * 2)
                if at_once or longest is None:
                    self.strained()
                    first = SHORT_PAUSE if at_once else FIRST_PAUSE
                    growing = first * 2.0 ** min(self._refusals - 1, 10)
                    pause = max(pause, min(LONGEST_PAUSE, growing))
            self._paused_until = max(self._paused_until, now + pause)
            return self._paused_until - now

    @property
    def refusals(self) -> tuple[int, float]:
        """How often requests were refused since the last good answer, and for how many seconds."""
        with self._changed:
            return self._refusals, self._clock() - self._first_refused_at

    @property
    def allowance(self) -> QuotaStatus | None:
        """What is left of the quota; None where the API has not said."""
        with self._changed:
            if self._quota is None:
                return None
            resets_in = self._resets_at - self._clock()
            if resets_in <= 0 or not self._is_told:  # The window is over: the next is untouched.
                return QuotaStatus(self._quota, self._quota, self._window, self._window)
            return QuotaStatus(self._quota, self._left, self._window, resets_in)

    def _wait(self) -> tuple[float, WaitReason | None]:
        """Seconds until it is worth looking again, 0 when a request may go now; and why to wait:
        None while it is for requests that are under way."""
        now = self._clock()
        if now < self._paused_until:
            return self._paused_until - now, WaitReason.RATE_LIMITED
        # Refused again after a wait: one request is enough to see whether it goes on.
        if self._in_flight >= (int(self._allowed) if self._refusals < 2 else 1):
            return POLL_INTERVAL, None
        if self._quota is None:
            return 0.0, None
        if now >= self._resets_at:
            self._open_window(self._quota, now)
        left = self._left - self._in_flight - 1
        kept_free = self._quota - max(1.0, self._quota * self._share)
        if left >= max(kept_free, self._others_need):
            return 0.0, None
        if self._in_flight and not self._is_told:
            return POLL_INTERVAL, None
        if left < kept_free:
            return self._resets_at - now, WaitReason.QUOTA
        if self._in_flight:
            return self._resets_at - now, WaitReason.RESERVED
        return max(0.0, min(self._resets_at, self._looks_at) - now), WaitReason.RESERVED

    def _open_window(self, quota: int, now: float) -> None:
        """A new window: all of the quota, but for what is on its way, and for what was sent so late
        that it may have been counted in this one already."""
        skipped = (now - self._resets_at) // self._window * self._window
        begins_from = self._resets_from + skipped
        self._untold = [sent_at for sent_at in self._untold if sent_at >= begins_from]
        self._left, self._used = max(0, quota - len(self._untold)), len(self._untold)
        self._others_need = 0.0
        self._resets_from = begins_from + self._window
        self._resets_at += skipped + self._window
        self._is_told = False

    def _learn(self, headers: Mapping[str, str], took: float) -> bool:
        """Returns whether the headers tell of the quota."""
        quota = _number(headers, "X-Rate-Limit-Requests-Quota")
        left = _number(headers, "X-Rate-Limit-Requests-Left")
        reset = _number(headers, "X-Rate-Limit-Time-Reset-Ms", 1 / 1000)
        if quota is None or left is None or reset is None or quota < 1:
            return False
        now = self._clock()
        window = _number(headers, "X-Rate-Limit-Time-Window-Ms", 1 / 1000)
        if window is None or not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
            window = USUAL_WINDOW
        reset = min(reset, window)
        resets_from, resets_at = now + reset - took, now + reset + RESET_MARGIN
        # Windows are a whole `window` apart; what differs by less is the store's clock.
        tolerance = window * TOLERANCE
        is_older = resets_at < self._resets_from - tolerance
        if self._quota is not None and is_older and now - took < self._resets_at - window:
            return True  # Written in a window that is over.
        same_window = self._quota is not None and resets_from <= self._resets_at + tolerance
        self._used = self._used + 1 if same_window else 1
        if same_window and self._is_told:
            # Answers overtake one another: within a window the least that was left is the truth.
            left = min(self._left, left)
            resets_at = min(self._resets_at, resets_at)
            resets_from = min(max(self._resets_from, resets_from), resets_at)
        self._left = int(left)
        self._resets_from, self._resets_at = resets_from, resets_at
        self._is_told = True
        self._untold.clear()
        self._quota = int(quota)
        self._window = window
        others = max(0, self._quota - self._left - self._used)
        to_come = self._resets_at - now
        # The first moments are too short to tell a pace.
        pace = others / max(window / 30, window - to_come)
        self._others_need = min(MOST_YIELDED * quota, pace * to_come)
        self._looks_at = now + window / LOOKS_A_WINDOW
        return True


def _number(headers: Mapping[str, str], name: str, scale: float = 1.0) -> float | None:
    """A header's number times `scale`; None where it is missing or none."""
    try:
        number = float(headers[name]) * scale
    except (KeyError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    """The seconds that a header names, as a number or as a date; None where it names none."""
    until = parse_instant(headers.get(name, ""))
    if until is None:
        return _number(headers, name)
    # By the store's own clock, if it tells the time.
    now = parse_instant(headers.get("Date", "")) or datetime.now(timezone.utc)
    return max(0.0, (until - now).total_seconds())
