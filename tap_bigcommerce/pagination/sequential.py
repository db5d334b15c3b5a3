"""Lists that are read one page after another, and what decides that such a list has ended.

A list may name its next page by cursor or by number, or give all its rows at once. Whatever a
stream declares, the answers decide: a list that says it goes on is read on. Page numbers drift when
rows are deleted meanwhile, so what was read is compared with the total that the API names, or with
itself, and read again when they differ.

Like the walk by id, this file makes no requests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tap_bigcommerce.api.response import Key
from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.pagination.page import Page, Position, RequestKind

READ_AGAIN = 2
"""How often a list is read again that changed while it was read, or contradicted itself."""

MOST_BARREN = 3
"""Pages by number without anything new, one after another, before a list ends that says more."""

MOST_SHIFTED = 20
"""Rows that may have entered before the reader, one after another, and push known ones behind it:
so many known ones, in full pages, are no end, however few rows a page has."""

MOST_BARREN_BY_CURSOR = 500
"""The same by cursor: a list may be filtered after it has been cut into pages."""


def slack(totals: Sequence[int], pages: int) -> int:
    """How many rows a list that changes may seem to lack, by the totals that it named meanwhile.

    What is deleted before the reader comes by, and what enters behind it, makes the difference: as
    much as the totals show, and for each page as much as may have cancelled out in them.
    """
    changes = sum(abs(one - two) for one, two in itertools.pairwise(totals))
    return changes + pages if changes else 0


@dataclass(frozen=True, eq=False)
class PageRequest:
    """A page to be asked for, with `params`. The walk has only one at a time."""

    params: Mapping[str, str]
    kind: RequestKind = RequestKind.PAGE

    @property
    def number(self) -> int | None:
        """The page's number, where it is asked for by number."""
        return int(self.params["page"]) if "page" in self.params else None


@dataclass(frozen=True)
class Sequential:
    """How a list is read in turn, as a stream declares it; as it is: as its answers say.

    `params` go with every page.
    """

    params: Mapping[str, str] = field(default_factory=dict)

    paged = True
    single = False
    reads_on = False
    """A page with anything new is followed by one more request, however short it is."""

    def begin(self, noun: str, after: Position, parallel: int) -> SequentialPaginator:
        """A walk that reads one page after another, on from `after` where that is possible."""
        return SequentialPaginator(noun, self, after)

    def place(self, request: PageRequest) -> dict[str, str]:
        """The parameters of a page."""
        return {**self.params, **request.params}

    def behind(self, page: Page, number: int) -> Mapping[str, str]:
        """Where a page begins that is behind `page` and has no cursor, or is the `number`th."""
        return {"page": str(number)}


class ByPage(Sequential):
    """Page numbers, up to a page that brings nothing new."""

    reads_on = True


class ByCursor(Sequential):
    """Cursors, as long as the API links to a next page."""


class ByListingId(Sequential):
    """The `listing_id` of the last row that came."""

    def behind(self, page: Page, number: int) -> Mapping[str, str]:
        """Behind the last row."""
        rows = page.response.content
        return {"after": str(rows[-1].get("listing_id"))} if rows else super().behind(page, number)


class AllAtOnce(Sequential):
    """A list that comes in one answer, and takes no limit."""

    paged = False


class OneObject(AllAtOnce):
    """An object instead of a list."""

    single = True


class SequentialPaginator:
    """One walk, page after page; each row once, by its key."""

    end: int | None = None
    """Nobody knows."""
    awaits = ending = True
    """It has one request under way, or may have it; more cannot be asked for at once."""
    rows_held = 0
    """What has come need not wait."""

    def __init__(
        self,
        noun: str,
        kind: Sequential,
        after: Position = None,
        *,
        handed_on: Iterable[Key] = (),
        awaited: Key = None,
        downwards: Mapping[str, str] | None = None,
    ) -> None:
        """`handed_on` are the keys of rows that another walk has brought already; `awaited` is that
        of the list's last row, the first one when it is sorted by `downwards`."""
        self._noun = noun
        self._kind = kind
        self._awaited = awaited
        self._downwards = downwards or {}
        self._resumed = after is not None
        self._seen: set[Key] = set(handed_on)
        self._keys_before: set[Key] | None = None
        """Of the last pass."""
        self._pass = _Pass()
        self._next: PageRequest | None = PageRequest({} if after is None else {"after": str(after)})
        self._asked = False
        self._ready: list[tuple[Page, list[Key]]] = []
        self._again = 0
        self.proven = True
        self.doubted = False
        self.contradiction: str | None = None

    @property
    def finished(self) -> bool:
        """There is nothing more to be asked for."""
        return self._next is None

    def next_requests(self, free: int, pages_that_fit: int) -> list[PageRequest]:
        """The next page, once the one before it has come."""
        if self._asked or self._next is None or free < 1:
            return []
        self._asked = True
        return [self._next]

    def received(self, request: PageRequest, page: Page) -> None:
        """Take the rows that are new, and see what comes next."""
        self._asked = False
        if request.kind is RequestKind.COUNT:
            self._pass.count_again(page)
        elif request.kind is RequestKind.LAST:
            self._awaited = page.ids[0] if page.ids else None
        else:
            new = [key for key in dict.fromkeys(page.ids) if key not in self._seen]
            self._seen.update(new)
            if new:
                self._ready.append((page, new))
            if request.number is not None and page.limit != self._pass.last_page.limit:
                # Pages of another size lie elsewhere: count them anew. What came is good.
                self._start_over()
                return
            self._pass.take(page, request)
        self._next = self._what_follows()
        if self._next is None and not self.begins_anew():
            self._end()

    def begins_anew(self) -> bool:
        """The API may have forgotten the cursor at which an earlier walk stopped."""
        if not self._resumed or self._seen:
            return False
        self._start_over()
        return True

    def ready(self) -> Iterator[tuple[Page, list[Key]]]:
        """The rows that came, page by page."""
        ready, self._ready = self._ready, []
        yield from ready

    def position(self, page: Page, key: Key, *, ends_page: bool) -> Position:
        """Where a stopped walk could go on once the row with this key has been written: at the
        cursor that its page ends with."""
        named = page.response.next if ends_page and not self.doubted else None
        return named.cursor if named is not None else None

    def _what_follows(self) -> PageRequest | None:
        """What to ask for now; None: the list has ended, or says more and brings nothing new."""
        read, request, page = self._pass, self._pass.last_request, self._pass.last_page
        named = page.response.next
        if named is not None and named.invalid is not None:
            raise UnexpectedResponse(
                f"{self._noun}: the API names a next page in a way that cannot be understood "
                f"({named.invalid}). Going on could lose records."
            )
        if named is not None and named.cursor is not None:
            if named.cursor not in read.cursors:
                read.cursors.add(named.cursor)
                return (
                    PageRequest({"after": named.cursor})
                    if read.barren < MOST_BARREN_BY_CURSOR
                    else None
                )
            if "after" in request.params:
                self.doubted = True
                raise UnexpectedResponse(
                    f"{self._noun}: the API names a next page that it has named before (cursor "
                    f"{named.cursor}). Going on would never end, and ending could lose records."
                )
        lacks_rows = read.lacks_rows and not self._resumed
        goes_on = (
            named is not None
            or read.pages < (page.response.total_pages or 0)
            or (not read.barren and (self._kind.reads_on or read.may_be_full))
            or read.may_have_shifted
        )
        ends = read.barren >= MOST_BARREN and not read.may_have_shifted
        if ends or not (goes_on or lacks_rows):
            return None
        if not goes_on and not read.counted:
            # Rows may have been deleted since the list began to be read.
            return PageRequest({}, RequestKind.COUNT)
        self.doubted = self.doubted or bool(read.cursors)
        if request.number is not None:
            return PageRequest({"page": str(request.number + 1)})
        next_number = max(2, len(read.keys) // max(1, read.largest) + 1)
        return PageRequest(self._kind.behind(page, next_number))

    def _end(self) -> None:
        """The pass is over: read the list again, where that is called for."""
        read = self._pass
        if self._resumed:
            # How many of its rows an earlier run has written is not known here.
            if read.lacks_rows:
                self._start_over()
            return
        contradiction = read.contradiction(paged=self._kind.paged)
        if contradiction is None and self._awaited is not None and self._awaited not in self._seen:
            if not read.asked_last:
                # It may have been deleted since.
                read.asked_last = True
                self._next = PageRequest(self._downwards, RequestKind.LAST)
                return
            contradiction = (
                f"the API showed {len(read.keys)} records, and not the list's last one, which has "
                f"id {self._awaited}"
            )
        settled = self._keys_before == read.keys
        if contradiction is None and (settled or read.is_whole):
            return
        if self._again < READ_AGAIN and not (settled and self._again):
            self._again += 1
            self._start_over()
        else:
            self.proven, self.contradiction = False, contradiction

    def _start_over(self) -> None:
        self.doubted, self._resumed, self._asked = True, False, False
        self._keys_before, self._pass = self._pass.keys, _Pass()
        self._next = PageRequest({})


class _Pass:
    """One reading of a list, from its first page to its last."""

    last_page: Page
    last_request: PageRequest

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.pages = 0
        self.barren = 0
        """How many pages without anything new have come since the last one with something."""
        self._known_again = 0
        """How many rows they had."""
        self.cursors: set[str] = set()
        self.largest = 0
        """How many rows the longest page has had."""
        self._totals: list[int] = []
        """How many rows the list has, as the API says, page by page."""
        self.counted = False
        self.asked_last = False
        self._count: list[int] = []
        """The same, asked for anew at the end."""
        self._total_pages = 0
        self._fruitful = 0
        self._has_full = False

    def take(self, page: Page, request: PageRequest) -> None:
        """Note a page."""
        self.last_page, self.last_request = page, request
        before = len(self.keys)
        self.keys.update(page.ids)
        self.barren = 0 if len(self.keys) > before else self.barren + 1
        self._known_again = self._known_again + len(page.ids) if self.barren else 0
        # What denies rows that have been shown says nothing of how many there are.
        if page.response.total is not None and not (self.barren and self.pages):
            self._totals.append(page.response.total)
        if not self.pages:
            self._total_pages = page.response.total_pages or 0
        self.pages += 1
        if not self.barren:
            self._fruitful += 1
            self._has_full |= self.may_be_full and len(page.ids) >= page.limit
            self.largest = max(self.largest, len(page.ids))

    def count_again(self, page: Page) -> None:
        """Note the total that came with a single row."""
        self.counted = True
        total = page.response.total
        # A total that counts what the page shows says nothing.
        if total is not None and total > len(page.ids):
            self._count = [total]

    @property
    def may_be_full(self) -> bool:
        """The last page may be as long as the list gives pages, and none has named a cursor."""
        by_cursor = self.cursors or self.last_page.response.has_cursors
        return len(self.last_page.ids) >= self.last_page.min_full_page and not by_cursor

    @property
    def _shows_known_page(self) -> bool:
        """The last page is as long as a full one, and has nothing new."""
        most = self.last_page.min_full_page
        if self._fruitful > 1:
            most = min(most, self.largest)
        return self.barren > 0 and len(self.last_page.ids) >= most

    @property
    def may_have_shifted(self) -> bool:
        """The rows that came again are so few that others may have pushed them behind the reader's
        place."""
        few = self._known_again < MOST_SHIFTED
        return few and self._fruitful > 1 and self._shows_known_page

    @property
    def _expected(self) -> int:
        """How many rows the list has, as the API says, at least."""
        return min([*self._totals[:1], *self._count], default=0)

    @property
    def lacks_rows(self) -> bool:
        """The API says that there are more rows than have come."""
        return len(self.keys) < self._expected

    @property
    def is_whole(self) -> bool:
        """No row can have slipped from a page not yet read to one read already.

        All came by cursor, or with one answer; or the API names a total that stayed the same, and
        as many rows came.
        """
        if self.cursors and self.last_request.number is None:
            return True
        if self._totals and set(self._totals) == {len(self.keys)}:
            return True
        return self._fruitful <= 1 and not self._has_full

    def contradiction(self, *, paged: bool) -> str | None:
        """What the API says of the list that does not fit what has come. `paged` as for kinds."""
        shown, last = len(self.keys), self.last_page
        if self._totals and shown <= self._expected:
            if shown + slack([*self._totals, *self._count], self.pages) >= self._expected:
                return None
            return f"the API says that there are {self._expected} records, and showed {shown}"
        if last.response.next is not None:
            return f"the API showed {shown} records, and names a next page that brings nothing new"
        if self._total_pages > self._fruitful:
            pages = f"{self._total_pages} pages, and showed {self._fruitful}"
            return f"the API says that there are {pages}, with {shown} records"
        if self._shows_known_page and (paged or self._fruitful > 1):
            return f"the API showed {shown} records, and then {len(last.ids)} of them again"
        return None
