"""Retries of failed requests and their waits; for 429 see rate_limiter."""

import time

import backoff

LONGEST_WAIT = 60.0
"""Seconds between two attempts, at most."""

LONGEST_SHORT_WAIT = 2.0
"""The same for a stream of which a similar request has failed before."""

FIRST_WAIT = 0.5
"""Seconds to wait after the first failure, at most."""


class RetryPolicy:
    """Counts the failed attempts of one request, and computes the wait before the next attempt.

    Retries end after `attempts` failures or `seconds` after the first failure, whichever is later:
    several quick failures are not an outage yet, and maintenance of a store takes minutes.
    """

    def __init__(self, attempts: int, seconds: float, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._attempts = attempts
        self._seconds = seconds
        self._first_failure: float | None = None
        self.failures = 0
        self.reset_waits()

    def reset_waits(self) -> None:
        """Start again with short waits, because the next attempt will differ from the last ones.

        The failures so far still count.
        """
        self._waits = backoff.expo(factor=FIRST_WAIT, max_value=self._longest_wait)
        next(self._waits)  # backoff's generators yield None before their first value

    def record_failure(self) -> None:
        """Count a failed attempt."""
        self.failures += 1
        if self._first_failure is None:
            self._first_failure = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the first failure; 0 before it."""
        return 0.0 if self._first_failure is None else time.monotonic() - self._first_failure

    @property
    def exhausted(self) -> bool:
        """Whether there should be no further attempt."""
        return self.failures >= self._attempts and self.elapsed >= self._seconds

    def next_wait(self) -> float:
        """Seconds to wait before the next attempt: exponential backoff with jitter."""
        longest = float(next(self._waits))
        # At least half of it: workers that failed together should not retry together.
        return longest / 2 + backoff.full_jitter(longest / 2)
