"""How many bytes of answers may be under way or wait to be written.

What is parsed takes several times as much, but little is parsed at once, however much is under way:
a part of the page that is written; where lookups are waited for, two pages at the most.
"""

from __future__ import annotations

FIRST_GUESS = 1_000_000
"""Bytes: how large an answer is taken to be before one has come."""


class MemoryBudget:
    """Bytes in flight (as large as answers have been lately) and bytes that wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.waiting: dict[object, float] = {}
        """How many bytes wait to be written, by whatever holds them."""
        self._in_flight = 0
        self._typical = float(FIRST_GUESS)

    @property
    def room(self) -> int:
        """How many more pages may be asked for."""
        left = self._most - sum(self.waiting.values()) - self._in_flight * self._typical
        return max(0, int(left / self._typical))

    @property
    def pages(self) -> int:
        """How many pages fit in all."""
        return int(self._most / self._typical)

    def sent(self) -> None:
        self._in_flight += 1

    def ended(self, size: int | None) -> None:
        """A request has ended, with an answer of `size` bytes or without one."""
        self._in_flight -= 1
        if size is not None:
            # Quick to grow, slow to shrink: it is the bound that matters.
            weight = 0.5 if size > self._typical else 0.1
            self._typical = max(1.0, self._typical + (size - self._typical) * weight)
