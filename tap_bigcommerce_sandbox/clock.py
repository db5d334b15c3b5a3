"""The store's clock: this machine's time plus an offset."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """The store's time, in seconds since 1970."""

    def __init__(self, skew: float = 0.0, source: Callable[[], float] = time.time) -> None:
        self.skew = skew
        self._source = source

    def now(self) -> float:
        """The store's time with fractions of a second."""
        return self._source() + self.skew

    def second(self) -> int:
        """The store's time as in rows: whole seconds, rounded down."""
        return int(self.now())
