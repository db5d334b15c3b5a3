"""Walks that read one page after another: by page number, by cursor, or all at once.

For lists that cannot be filtered by id. Page numbers drift when rows are deleted meanwhile, so
such a list is compared with the total that the API names, or with itself, and read again when
they differ.

Like the walk by id, this file makes no requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tap_bigcommerce.pages.page import Page
from tap_bigcommerce.pages.walk import Position, What
from tap_bigcommerce.row_keys import Key

READ_AGAIN = 2
"""How often a list is read again that changed while it was read."""

ONE_PAGE = 2
"""Answers: one with all rows, and one with nothing new."""


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
    drifts = False
    """Rows move from page to page when others are deleted."""

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

    drifts = True

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
        self._checks = places.drifts and after is None
        self._asked = False
        self._seen: set[Key] = set()
        self._ready: list[tuple[Page, list[Key]]] = []
        self._limit: int | None = None
        self._pass = _Pass()
        self._pass_before: _Pass | None = None
        self._again = 0
        self.finished = False
        self.proven = True
        self.rows_read = 0
        self.duplicates = 0

    @property
    def rows_held(self) -> int:
        """How many rows have come and have not been handed on."""
        return sum(len(keys) for _, keys in self._ready)

    @property
    def awaits(self) -> bool:
        """The next page has not been asked for."""
        return not self._asked and not self.finished

    @property
    def ending(self) -> bool:
        """Nothing more can be asked for now."""
        return self._asked or self.finished

    @property
    def end(self) -> int | None:
        """Nobody knows."""
        return None

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
        if self._limit not in (None, page.limit) and self._places.drifts:
            # Pages of another size lie elsewhere: count them anew. What came is good all the same.
            self._start_over(page.limit)
            return
        self._limit = page.limit
        brought_new = self._pass.take(page)
        self._next = self._places.next(page, self._pass.pages) if brought_new else None
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
        whole = not self._checks or self._pass.is_whole(self._pass_before)
        if whole or self._again >= READ_AGAIN:
            self.finished, self.proven = True, whole
            return
        self._again += 1
        self._start_over(self._limit)

    def _start_over(self, limit: int | None) -> None:
        self._pass_before, self._pass = self._pass, _Pass()
        self._limit = limit
        self._next = self._places.first(None)


class _Pass:
    """One reading of a list, from its first page to its last."""

    def __init__(self) -> None:
        self.pages = 0
        self.keys: set[Key] = set()
        self.totals: set[int] = set()

    def take(self, page: Page) -> bool:
        """Note a page; whether it brought anything new to this pass."""
        self.pages += 1
        before = len(self.keys)
        self.keys.update(page.ids)
        if page.answer.total is not None:
            self.totals.add(page.answer.total)
        return len(self.keys) > before

    def is_whole(self, before: _Pass | None) -> bool:
        """No row can have slipped from a page not yet read to one read already.

        Where the API names a total, it stayed the same, and as many rows came. Where it does not,
        the pass before brought the same rows, or all came with one answer.
        """
        if self.totals:
            return self.totals == {len(self.keys)}
        return self.pages <= ONE_PAGE or (before is not None and before.keys == self.keys)
