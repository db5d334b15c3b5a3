"""Shutdown flag set by signal handlers, and an interruptible sleep."""

import time

from tap_bigcommerce.exceptions import Interrupted

STOPPED = 128
"""The exit status of a run that a signal has stopped is this plus the number of the signal."""

POLL_INTERVAL = 0.2
"""Seconds between two checks of the flag, at most."""


class Shutdown:
    """A flag that a signal handler sets. Everything that waits checks it.

    It is a plain attribute that is polled, not a threading.Event: a signal handler that runs while
    its own thread holds the lock of an Event would deadlock.
    """

    def __init__(self) -> None:
        self.signum: int | None = None

    def request(self, signum: int) -> None:
        """Set the flag. `signum` is the number of the signal."""
        self.signum = signum

    def check(self) -> None:
        """Raises Interrupted if the flag is set."""
        if self.signum is not None:
            raise Interrupted(self.signum)

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`. Raises Interrupted soon after the flag is set."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, POLL_INTERVAL))
