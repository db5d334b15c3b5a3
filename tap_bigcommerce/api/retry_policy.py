"""How often, and how long, a request is tried again."""

from __future__ import annotations

import time

import backoff

LONGEST_WAIT = 60.0
"""Seconds between two attempts, at the most."""

LONGEST_SHORT_WAIT = 2.0
"""The same where others like it have failed for good already."""

FIRST_WAIT = 0.5
"""Seconds: about how long to wait after the first failure."""


class RetryPolicy:
    """Counts the failures of one request, and says how long to wait for the next attempt.

    It ends after `attempts` failures or `seconds` since the first one, whichever is later: many
    quick failures are no outage yet, and a store in maintenance is down for minutes.
    """

    def __init__(self, attempts: int, seconds: float, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._attempts = attempts
        self._seconds = seconds
        self._first_failure: float | None = None
        self.failures = 0
        self.wait_from_anew()

    def wait_from_anew(self) -> None:
        """Something is different in the next attempt: wait shortly again. Failures still count."""
        self._waits = backoff.expo(factor=FIRST_WAIT, max_value=self._longest_wait)
        next(self._waits)  # backoff's generators yield None once before their first value

    def failed(self) -> None:
        """One more attempt has failed."""
        self.failures += 1
        if self._first_failure is None:
            self._first_failure = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the first failure."""
        return 0.0 if self._first_failure is None else time.monotonic() - self._first_failure

    @property
    def ended(self) -> bool:
        return self.failures >= self._attempts and self.seconds >= self._seconds

    def next_wait(self) -> float:
        """Seconds to wait before the next attempt: growing, with jitter."""
        longest = float(next(self._waits))
        # Never close to zero: several workers that failed together should not return together.
        return longest / 2 + backoff.full_jitter(longest / 2)
