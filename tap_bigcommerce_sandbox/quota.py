"""The rate limit: a quota per time window, which other apps use too."""

from __future__ import annotations

import time
from collections.abc import Callable

from tap_bigcommerce_sandbox.options import Options

UNLIMITED = 7_000_000
"""The quota in the headers of a store without a limit."""


class Quota:
    """Counts requests in consecutive fixed windows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._used = 0

    def take(self, options: Options) -> bool:
        """Count a request; returns False if the quota is used up."""
        self._roll(options)
        if options.quota and self._left(options) <= 0:
            return False
        self._used += 1
        return True

    def headers(self, options: Options, *, exhausted: bool = False) -> dict[str, str]:
        """The X-Rate-Limit-* headers, milliseconds and counts as text."""
        self._roll(options)
        window = options.window_seconds
        elapsed = self._clock() - self._start
        left = 0 if exhausted else max(0, self._left(options))
        return {
            "X-Rate-Limit-Time-Window-Ms": str(int(window * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(max(1, int((window - elapsed) * 1000))),
            "X-Rate-Limit-Requests-Quota": str(options.quota or UNLIMITED),
            "X-Rate-Limit-Requests-Left": str(left),
        }

    def _left(self, options: Options) -> int:
        others = int(options.other_app_rate * (self._clock() - self._start))
        return (options.quota or UNLIMITED) - self._used - others

    def _roll(self, options: Options) -> None:
        elapsed = self._clock() - self._start
        if elapsed >= options.window_seconds:
            windows = int(elapsed / options.window_seconds)
            self._start += windows * options.window_seconds
            self._used = 0
