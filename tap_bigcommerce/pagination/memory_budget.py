"""Limits the bytes of responses that are under way or wait to be written.

Parsed rows take several times as much memory, but few are parsed at once, however many pages are
under way: a part of the page that is written, or two pages while their rows are completed by more
requests.
"""

FIRST_ESTIMATE = 1_000_000
"""Bytes: the estimated size of a response before the first one has come."""


class MemoryBudget:
    """Counts bytes that wait to be written, and estimates those of requests under way."""

    def __init__(self, limit: int) -> None:
        """`limit` is in bytes."""
        self._limit = limit
        self.waiting: dict[object, float] = {}
        """How many bytes wait to be written, by the object that holds them."""
        self._under_way = 0
        self._typical_size = float(FIRST_ESTIMATE)

    @property
    def free_pages(self) -> int:
        """How many more pages may be requested."""
        left = self._limit - sum(self.waiting.values()) - self._under_way * self._typical_size
        return max(0, int(left / self._typical_size))

    @property
    def pages(self) -> int:
        """How many pages fit in all."""
        return int(self._limit / self._typical_size)

    def request_sent(self) -> None:
        """Count one more request that is under way."""
        self._under_way += 1

    def request_ended(self, size: int | None) -> None:
        """A request has ended, with a response of `size` bytes or (None) without one."""
        self._under_way -= 1
        if size is not None:
            # The estimate grows quickly and shrinks slowly, so that the limit is kept.
            weight = 0.5 if size > self._typical_size else 0.1
            self._typical_size = max(1.0, self._typical_size + (size - self._typical_size) * weight)
