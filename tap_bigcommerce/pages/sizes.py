"""How many rows of a list to ask for at once: fewer when it fails, more when it works again."""

from __future__ import annotations

import threading

GOOD_PAGES = 8
"""After so many good pages in a row the size doubles again."""

LARGEST_ANSWER = 4_000_000
"""Bytes. A larger answer halves the size, for several of them are held at once."""


class PageSize:
    """The `limit` of one list. Several workers use it at once."""

    def __init__(self, largest: int) -> None:
        self._lock = threading.Lock()
        self._largest = largest
        self._limit = largest
        self._good = 0
        self._good_needed = GOOD_PAGES
        self._largest_that_worked = 0

    @property
    def limit(self) -> int:
        return self._limit

    def failed(self, limit: int, most: int | None = None) -> None:
        """A page of `limit` rows did not come; `most` is the largest that the API names.

        Workers that fail with the same limit at the same time halve it once, not each.
        """
        with self._lock:
            if most is not None and most < limit:
                self._largest = min(self._largest, most)
                self._limit = min(self._limit, most)
            elif limit <= self._limit:
                self._limit = max(1, limit // 2)
                if limit > self._largest_that_worked:
                    # Tried before and failed again: wait longer before the next try.
                    self._good_needed *= 2
            self._good = 0

    def was_outage(self) -> None:
        """Even the smallest page had failed, and now it works: its size was not the reason."""
        with self._lock:
            self._limit = max(self._limit, self._largest_that_worked)

    def was_no_reason(self) -> None:
        """Pages failed because of something else in the request, which is in it no more."""
        with self._lock:
            self._limit = self._largest

    def worked(self, limit: int, size: int, *, grows: bool = True) -> None:
        """A page of `limit` rows came, in `size` bytes. `grows`: the next ones may be larger."""
        with self._lock:
            self._largest_that_worked = max(self._largest_that_worked, limit)
            if size > LARGEST_ANSWER and limit > 1:
                self._largest = min(self._largest, max(1, limit // 2))
                self._limit = min(self._limit, self._largest)
                return
            if limit < self._limit or not grows:
                return
            self._good += 1
            needed = GOOD_PAGES if limit * 2 <= self._largest_that_worked else self._good_needed
            if self._good >= needed:
                self._good = 0
                self._limit = min(self._limit * 2, self._largest)
