"""The wish to stop, and waits that heed it."""

from __future__ import annotations

import time

from tap_bigcommerce.exceptions import Interrupted

LONGEST_NAP = 0.2
"""Seconds between two looks at the wish to stop."""


class Shutdown:
    """Set by a signal handler, looked at by everything that waits.

    A plain attribute and short naps instead of an Event: a handler that runs while its own
    thread holds an Event's lock would wait for itself for ever.
    """

    def __init__(self) -> None:
        self.signum: int | None = None

    def ask(self, signum: int) -> None:
        """Ask everything to stop because of the signal `signum`."""
        self.signum = signum

    def check(self) -> None:
        """Raises Interrupted once somebody has asked to stop."""
        if self.signum is not None:
            raise Interrupted(self.signum)

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; raises Interrupted as soon as somebody asks to stop."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, LONGEST_NAP))
