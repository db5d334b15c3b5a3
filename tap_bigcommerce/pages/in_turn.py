"""Walks that read one page after another: by page number, by cursor, or all at once.

For lists that cannot be filtered by id. Page numbers drift when rows are deleted meanwhile, so
such a list is compared with the total that the API names, and read again when they differ.

Like the walk by id, this file makes no requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tap_bigcommerce.pages.page import Key, Page
from tap_bigcommerce.pages.walk import Position, What

READ_AGAIN = 2
"""How often a list is read again whose rows are not as many as the API says."""


@dataclass(frozen=True, eq=False)
class Ask:
    """A page to be asked for, with `params`. The walk has only one at a time."""

    params: Mapping[str, str]
    what: What = What.PAGE
    awaited: bool = True


class _Turns:
    """What the kinds of this file share, as a stream declares them."""

    paged = True
    single = False
    pages_may_grow = False

    def begin(self, noun: str, after: Position, parallel: int) -> InTurn:
        """A walk that reads one page after another, on from `after` where that is possible."""
        return InTurn(noun, self, after)

    def place(self, ask: Ask) -> dict[str, str]:
        """The parameters of a page."""
        return dict(ask.params)

    def first(self, after: Position) -> Mapping[str, str]:
        """The first page's parameters, or where a stopped walk goes on."""
        return {}

    def next(self, page: Page, number: int) -> Mapping[str, str] | None:
        """The parameters of what comes behind `page`, the `number`th of the walk; None: nothing."""
        return None

    def position(self, page: Page) -> Position:
        """Where a stopped walk could go on behind `page`; None: only at the start."""
        return None


class ByPage(_Turns):
    """Page numbers, up to a page that brings nothing new."""

    def next(self, page: Page, number: int) -> Mapping[str, str] | None:
        """The next number."""
        return {"page": str(number + 1)}


class ByCursor(_Turns):
    """Cursors, as long as the API links to a next page."""

    pages_may_grow = True

    def first(self, after: Position) -> Mapping[str, str]:
        """From the cursor on at which a walk was stopped."""
        return {"after": after} if isinstance(after, str) else {}

    def next(self, page: Page, number: int) -> Mapping[str, str] | None:
        """The cursor that the page ends with."""
        cursor = page.answer.next_cursor
        return {"after": cursor} if cursor is not None else None

    def position(self, page: Page) -> Position:
        """The cursor that the page ends with."""
        return page.answer.next_cursor


class AllAtOnce(_Turns):
    """A list that comes in one answer."""

    paged = False


class OneObject(AllAtOnce):
    """An object instead of a list."""

    single = True


class InTurn:
    """One walk, page after page; each row once, by its key."""

    def __init__(self, noun: str, places: _Turns, after: Position = None) -> None:
        self._noun = noun
        self._places = places
        self._next: Mapping[str, str] | None = places.first(after)
        self._resumed = after is not None
        self._asked = False
        self._number = 0
        self._limit: int | None = None
        self._seen: set[Key] = set()
        self._ready: list[tuple[Page, list[Key]]] = []
        self._total: int | None = None
        self._again = 0
        self.finished = False
        self.rows_read = 0
        self.duplicates = 0

    @property
    def rows_held(self) -> int:
        return sum(len(keys) for _, keys in self._ready)

    @property
    def awaits(self) -> bool:
        return not self._asked and not self.finished

    @property
    def ending(self) -> bool:
        return self._asked or self.finished

    def asks(self, free: int, pages_that_fit: int) -> list[Ask]:
        """The next page, once the one before it has come."""
        if self._asked or self.finished or free < 1 or self._next is None:
            return []
        self._asked = True
        return [Ask(self._next)]

    def answered(self, ask: Ask, page: Page) -> None:
        """Take the rows that are new, and see what comes next."""
        self._asked = False
        self.rows_read += len(page.ids)
        new = [key for key in dict.fromkeys(page.ids) if key not in self._seen]
        self.duplicates += len(page.ids) - len(new)
        self._seen.update(new)
        if new:
            self._ready.append((page, new))
        if page.answer.total is not None:
            self._total = page.answer.total
        if self._limit not in (None, page.limit) and not self._places.pages_may_grow:
            # Pages of another size lie elsewhere: count them anew. What came is good all the same.
            self._start_over(page.limit)
            return
        self._limit = page.limit
        self._number += 1
        self._next = self._places.next(page, self._number) if new else None
        if self._next is None:
            self._end()

    def ready(self) -> Iterator[tuple[Page, list[Key]]]:
        """The rows that came, page by page."""
        ready, self._ready = self._ready, []
        yield from ready

    def position(self, page: Page, key: Key, *, ends_page: bool) -> Position:
        """Where a stopped walk could go on once the row with this key has been written."""
        return self._places.position(page) if ends_page else None

    def _end(self) -> None:
        total_differs = self._total is not None and self._total > len(self._seen)
        if total_differs and not self._resumed and self._again < READ_AGAIN:
            self._again += 1
            self._start_over(self._limit)
            return
        self.finished = True

    def _start_over(self, limit: int | None) -> None:
        self._number, self._limit = 0, limit
        self._next = self._places.first(None)
