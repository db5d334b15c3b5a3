"""Reads a list page after page, and decides when the list has ended.

This is for lists that cannot be filtered by id. It works like this:

1. The first request asks for the start of the list. Each response tells where the list goes on: at
   a cursor, or at the next page number. If it says nothing, the next page is requested if this one
   may have been full. A stream declares what is usual for its list, but a response has priority.
2. Rows are yielded as they come, each once: rows with known keys are dropped.
3. A list that says it goes on, by a link to a next page, its number of pages or its total, is read
   on after a page without new rows. Only several such pages in a row are its end.
4. Page numbers are not safe while a list changes: when a row is deleted, all rows after it move up
   by one, and a row can move from a page that is not read yet to one that is. So each pass, from
   the first page to the last one, is checked at its end. It is proven complete if all rows came by
   cursor or on one page, or if as many came as the list's total, which stayed the same. Otherwise
   the list is read again, at most `MAX_REREADS` times, until two passes have had the same rows.
5. What the API still says that does not fit the rows, for example a larger total, is the
   paginator's `contradiction`.

As in `id_ranges`, the classes here make no requests.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tap_bigcommerce.api.response import Key
from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.pagination.page import Page, PageRequest, Position, RequestKind

MAX_REREADS = 2
"""How often a list is read again that changed during a pass, or contradicted itself."""

MAX_PAGES_WITHOUT_NEW = 3
"""A list that announces more pages ends after this many consecutive pages without new rows."""

MAX_PAGES_WITHOUT_NEW_BY_CURSOR = 500
"""The same for pages by cursor: the API may filter a list after dividing it into pages."""

MAX_SHIFTED_ROWS = 20
"""After this many consecutive known rows, on full pages, a list has ended. Fewer may only have been
moved to these pages by rows that were inserted before them."""


def tolerance(totals: Sequence[int], pages: int) -> int:
    """How many rows may be missing from a list that changed while it was read in `pages` pages.

    A row that was deleted before it was read, or inserted where the list was read already, is
    missing without fault: as many as the API's successive `totals` differ, and one for each page,
    because changes between two totals may cancel each other out. 0 where the total did not change.
    """
    changes = sum(abs(one - two) for one, two in itertools.pairwise(totals))
    return changes + pages if changes else 0


@dataclass(frozen=True)
class Sequential:
    """Declares that a list is read page after page, as its responses say.

    `params` are sent with every request.
    """

    params: Mapping[str, str] = field(default_factory=dict)

    paged = True
    single = False
    ends_at_short_page = True
    """A page that cannot be full is the last one, unless the API says that the list goes on."""

    def make_paginator(self, name: str, after: Position, parallel: int) -> "SequentialPaginator":
        """A paginator that starts at the cursor `after`, if that is one; `name` is for errors."""
        return SequentialPaginator(name, self, after)

    def after(self, page: Page, number: int) -> Mapping[str, str]:
        """The parameters for the page after `page`, which names no cursor: page number `number`."""
        return {"page": str(number)}


class ByPage(Sequential):
    """Reads by page number, up to the total on a short page, or to a page without new rows."""

    ends_at_short_page = False


class ByCursor(Sequential):
    """Reads by cursor, as long as the API links to a next page."""


class AllAtOnce(Sequential):
    """Reads a list that takes no limit and comes in one response."""

    paged = False


class OneObject(AllAtOnce):
    """Reads an object instead of a list."""

    single = True


class SequentialPaginator:
    """Decides which page of a list to request next; each row is yielded once, by its key.

    `may_have_gaps`: rows may be missing among those that were yielded so far. At the end, `proven`
    says that no row can be missing, and `contradiction` what does not fit the rows that came.
    """

    last_id: int | None = None
    """It is not known where the list ends."""
    needs_next_page = all_requested = True
    """Always: there is only one request to make, and the main thread waits for it."""
    rows_held = 0
    """No row waits for rows before it."""

    def __init__(
        self,
        name: str,
        pagination: Sequential,
        after: Position = None,
        *,
        yielded: Iterable[Key] = (),
        expected_last: Key = None,
        descending: Mapping[str, str] | None = None,
    ) -> None:
        """Read the list that errors call `name`, from its start or from the cursor `after`.

        `yielded` are the keys of rows that another paginator has yielded before. `expected_last`
        is the key of the list's last row, which is the first one when it is sorted by `descending`.
        """
        self.name = name
        self._pagination = pagination
        self._expected_last = expected_last
        self._descending = descending or {}
        self._resumed = after is not None
        self._seen: set[Key] = set(yielded)
        self._keys_before: set[Key] | None = None
        """The keys of the pass before this one."""
        self._pass = _Pass()
        start = {} if after is None else {"after": str(after)}
        self._next: PageRequest | None = self._request(start)
        self._request_under_way = False
        self._ready: list[tuple[Page, list[Key]]] = []
        self._rereads = 0
        self.proven = True
        self.may_have_gaps = False
        self.contradiction: str | None = None

    @property
    def finished(self) -> bool:
        """The list has ended."""
        return self._next is None

    def next_requests(self, free: int, pages_that_fit: int) -> list[PageRequest]:
        """The request for the next page, once the page before it has come."""
        if self._request_under_way or self._next is None or free < 1:
            return []
        self._request_under_way = True
        return [self._next]

    def received(self, request: PageRequest, page: Page) -> None:
        """Take the response to `request`, and decide what to request next.

        Raises UnexpectedResponse when the response does not tell where the list goes on.
        """
        self._request_under_way = False
        if request.kind is RequestKind.COUNT:
            self._pass.recheck_total(page)
        elif request.kind is RequestKind.LAST:
            self._expected_last = page.ids[0] if page.ids else None
        else:
            new = [key for key in dict.fromkeys(page.ids) if key not in self._seen]
            self._seen.update(new)
            if new:
                self._ready.append((page, new))
            if request.number is not None and page.limit != self._pass.last_page.limit:
                # Pages of another size start at other rows, so their numbers begin again at 1.
                self._start_over()
                return
            self._pass.add(page, request)
        self._next = self._next_request()
        if self._next is None and not self.restart_if_resumed():
            self._end_pass()

    def restart_if_resumed(self) -> bool:
        """Read the list from its start if nothing came from the cursor where it should resume.

        The API may have forgotten the cursor. Returns whether the list is read from its start.
        """
        if not self._resumed or self._seen:
            return False
        self._start_over()
        return True

    def ready(self) -> Iterator[tuple[Page, list[Key]]]:
        """The keys of the new rows, page by page."""
        ready, self._ready = self._ready, []
        yield from ready

    def position(self, page: Page, key: Key, *, ends_page: bool) -> Position:
        """Where a stopped pass resumes once the row with this key has been written.

        This is the cursor at the end of a page; None: at the start.
        """
        named = page.response.next if ends_page and not self.may_have_gaps else None
        return named.cursor if named is not None else None

    def _request(
        self, params: Mapping[str, str], kind: RequestKind = RequestKind.PAGE
    ) -> PageRequest:
        return PageRequest(kind, {**self._pagination.params, **params})

    def _next_request(self) -> PageRequest | None:
        """What to request next. None: the list has ended, or returns no new rows any more."""
        read, request, page = self._pass, self._pass.last_request, self._pass.last_page
        named = page.response.next
        if named is not None and named.invalid is not None:
            raise UnexpectedResponse(
                f"{self.name}: the API names a next page in a way that cannot be understood "
                f"({named.invalid}). Continuing could lose records."
            )
        if named is not None and named.cursor is not None:
            if named.cursor not in read.cursors:
                read.cursors.add(named.cursor)
                if read.pages_without_new >= MAX_PAGES_WITHOUT_NEW_BY_CURSOR:
                    return None
                return self._request({"after": named.cursor})
            if "after" in request.params:
                self.may_have_gaps = True
                raise UnexpectedResponse(
                    f"{self.name}: the API names a next page that it has named before (cursor "
                    f"{named.cursor}). Continuing would never end, and stopping could lose records."
                )
        lacks_rows = read.lacks_rows and not self._resumed
        may_be_last = read.total_is_reached or (
            self._pagination.ends_at_short_page and not read.may_be_full
        )
        goes_on = (
            named is not None
            or read.pages < (page.response.total_pages or 0)
            or (not read.pages_without_new and not may_be_last)
            or read.may_have_shifted
        )
        ends = read.pages_without_new >= MAX_PAGES_WITHOUT_NEW and not read.may_have_shifted
        if ends or not (goes_on or lacks_rows):
            return None
        if not goes_on and not read.total_was_rechecked:
            # Rows may have been deleted since the first page.
            return self._request({}, RequestKind.COUNT)
        self.may_have_gaps = self.may_have_gaps or bool(read.cursors)
        if request.number is not None:
            return self._request({"page": str(request.number + 1)})
        next_number = max(2, len(read.keys) // max(1, read.longest_page) + 1)
        return self._request(self._pagination.after(page, next_number))

    def _end_pass(self) -> None:
        """Check the pass; read the list again if rows may be missing."""
        read = self._pass
        if self._resumed:
            # How many of its rows an earlier run has written is not known here.
            if read.lacks_rows:
                self._start_over()
            return
        contradiction = read.contradiction(paged=self._pagination.paged)
        last = self._expected_last
        if contradiction is None and last is not None and last not in self._seen:
            if not read.last_was_requested:
                # It may have been deleted since.
                read.last_was_requested = True
                self._next = self._request(self._descending, RequestKind.LAST)
                return
            contradiction = (
                f"the API returned {len(read.keys)} records, but not the last one of the list, "
                f"which has id {last}"
            )
        same_as_before = self._keys_before == read.keys
        if contradiction is None and (same_as_before or read.is_proven):
            return
        if self._rereads < MAX_REREADS and not (same_as_before and self._rereads):
            self._rereads += 1
            self._start_over()
        else:
            self.proven, self.contradiction = False, contradiction

    def _start_over(self) -> None:
        self.may_have_gaps, self._resumed, self._request_under_way = True, False, False
        self._keys_before, self._pass = self._pass.keys, _Pass()
        self._next = self._request({})


class _Pass:
    """One reading of a list, from its first page to its last."""

    last_page: Page
    last_request: PageRequest

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.pages = 0
        self.pages_without_new = 0
        """How many pages without new rows have come since the last one with new rows."""
        self._repeated_rows = 0
        """How many rows those pages had."""
        self._pages_with_new = 0
        self._had_full_page = False
        self.longest_page = 0
        self.cursors: set[str] = set()
        self._totals: list[int] = []
        """How many rows the list has, as the API says with each page."""
        self._end_total: list[int] = []
        """The same, requested again at the end; empty or one number."""
        self.total_was_rechecked = False
        self.last_was_requested = False
        self._total_pages = 0

    def add(self, page: Page, request: PageRequest) -> None:
        """Add a page and its request."""
        self.last_page, self.last_request = page, request
        before = len(self.keys)
        self.keys.update(page.ids)
        self.pages_without_new = 0 if len(self.keys) > before else self.pages_without_new + 1
        self._repeated_rows = self._repeated_rows + len(page.ids) if self.pages_without_new else 0
        # The total of a later page without new rows is not reliable.
        if page.response.total is not None and not (self.pages_without_new and self.pages):
            self._totals.append(page.response.total)
        if not self.pages:
            self._total_pages = page.response.total_pages or 0
        self.pages += 1
        if not self.pages_without_new:
            self._pages_with_new += 1
            self._had_full_page |= self.may_be_full and len(page.ids) >= page.limit
            self.longest_page = max(self.longest_page, len(page.ids))

    def recheck_total(self, page: Page) -> None:
        """Note the total that came with a single row."""
        self.total_was_rechecked = True
        total = page.response.total
        # A total that only counts the rows of its own page says nothing about the list.
        if total is not None and total > len(page.ids):
            self._end_total = [total]

    @property
    def may_be_full(self) -> bool:
        """The last page may be as long as pages of this list get, and no page has had a cursor."""
        by_cursor = self.cursors or self.last_page.response.has_cursors
        return len(self.last_page.ids) >= self.last_page.min_full_page and not by_cursor

    @property
    def _ends_with_known_page(self) -> bool:
        """The last page is as long as a full one, and has no new rows."""
        full = self.last_page.min_full_page
        if self._pages_with_new > 1:
            full = min(full, self.longest_page)
        return self.pages_without_new > 0 and len(self.last_page.ids) >= full

    @property
    def may_have_shifted(self) -> bool:
        """The last rows may be known only because new rows have moved them to a later page."""
        are_few = self._repeated_rows < MAX_SHIFTED_ROWS
        return are_few and self._pages_with_new > 1 and self._ends_with_known_page

    @property
    def _expected(self) -> int:
        """How many rows the list has at least, as the API says."""
        return min([*self._totals[:1], *self._end_total], default=0)

    @property
    def lacks_rows(self) -> bool:
        """Fewer rows have come than the API says that there are."""
        return len(self.keys) < self._expected

    @property
    def total_is_reached(self) -> bool:
        """The last page cannot be full, and as many rows have come as each page's total says.

        The total alone is no end: it may be too low, or count the rows of its page only.
        """
        page = self.last_page
        is_short = len(page.ids) < max(page.min_full_page, self.longest_page)
        return is_short and set(self._totals) == {len(self.keys)}

    @property
    def is_proven(self) -> bool:
        """No row can have moved from a page that was not read yet to one that was.

        All rows came by cursor or on one page; or as many came as the total, which stayed the same.
        """
        if self.cursors and self.last_request.number is None:
            return True
        if set(self._totals) == {len(self.keys)}:
            return True
        return self._pages_with_new <= 1 and not self._had_full_page

    def contradiction(self, *, paged: bool) -> str | None:
        """What the API says of the list that does not fit the rows that came; None: nothing.

        `paged`: the list takes a limit.
        """
        count, last = len(self.keys), self.last_page
        if self._totals and count <= self._expected:
            if count + tolerance([*self._totals, *self._end_total], self.pages) >= self._expected:
                return None
            return f"the API says that there are {self._expected} records, but returned {count}"
        if last.response.next is not None:
            return f"the API returned {count} records, and names a next page without new records"
        if self._total_pages > self._pages_with_new:
            pages = f"{self._total_pages} pages, but returned {self._pages_with_new}"
            return f"the API says that there are {pages}, with {count} records"
        if self._ends_with_known_page and (paged or self._pages_with_new > 1):
            return f"the API returned {count} records, and then {len(last.ids)} of them again"
        return None
