"""Reads a list in order of its ids, in several id ranges at the same time.

Page numbers are not safe while a list changes: when a row is deleted, all rows after it move up by
one, and a row can move from a page that is not read yet to one that is. A request for "the rows
from id 100 on" does not have this problem. So a list that can be filtered by id is read like this:

1. The list begins as one id range. Each request has a lower bound (`min_id=100`) and no upper
   bound; the API answers with the first rows, by id, from that bound on. The next request of the
   range has the last id of this page as its bound.
2. To read in parallel, a range is split: a new range starts at a larger id, which is estimated
   from how densely the ids lie in the pages so far (`density`). The estimate need not be exact, and
   a gap in the ids costs nothing: a page that starts in a gap starts with the first row after it.
3. A range is complete when one of its pages reaches the start of the next range. The rows beyond
   that start belong to the next range. If both have read a row, the later response counts.
4. Rows are yielded in order of their ids, each once. The rows of a range wait in memory until
   all ranges before it are complete.
5. A page without new rows is the end of the list. But if another response has had rows with larger
   ids, or if the filter has never returned a row, the page is first requested once more.
6. At the end, the number of rows is compared with the total that the API has named. Where rows
   are missing, the total is requested once more. Where the end is still in doubt, the last row is
   requested. What does not fit after that is the paginator's `contradiction`, because of which
   `ListReader` reads the list again by page number.

How long the ranges are, and how many there are at once:

- Where two ranges meet, up to a page of rows is read twice. So a range is several pages long: the
  less even the ids are, the longer, as far as its rows fit into memory while they wait.
- The first ranges are shorter, each a page longer than the one before, so that ranges end one after
  another and not all at the same time. A range that turns out longer than estimated is split again.
- Only a few ranges start before the first estimates have proven right. Where the list's total and
  its last id show that the ids lie evenly, all ranges start at once.
- Where the list can be sorted in descending order, a request for one row tells the last id. The
  last range starts there, and shows that no rows come after it.

The classes here make no requests. `next_requests` says what to request, `received` takes a page,
and `ready` returns the rows that are next.
"""

import itertools
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tap_bigcommerce.api.response import unusable_key
from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.pagination.density import Density
from tap_bigcommerce.pagination.page import Page, PageRequest, Position, RequestKind
from tap_bigcommerce.pagination.sequential import Sequential, tolerance

ASCENDING = {"sort": "id", "direction": "asc"}
DESCENDING = {"sort": "id", "direction": "desc"}
"""How most lists are sorted by id, where they can be."""

MAX_PAGES_PER_RANGE = 12

MIN_PAGES_TO_SPLIT = 3
"""A range is only split while so many pages of it are left to read."""

EVENNESS = 1.2
"""If ids lie evenly, the density of the list and of its first pages differ by no larger factor."""

MAX_ID = 2**63 - 1
MAX_4_BYTE_ID = 2**32 - 1


@dataclass(frozen=True)
class ByIdRange:
    """Declares that a list is read by id, and with which parameters of the API.

    `min_id` is the name of the parameter for the smallest id. `ascending` and `descending` are the
    parameters that sort by id; `descending` is None where the list cannot be sorted like that.

    >>> ByIdRange("min_id", {"sort": "id:asc"}).params(100)
    {'sort': 'id:asc', 'min_id': '100'}
    """

    min_id: str
    ascending: Mapping[str, str] = field(default_factory=dict)
    descending: Mapping[str, str] | None = None

    paged = True
    single = False

    def params(self, bound: int | None) -> dict[str, str]:
        """The parameters for the rows from the id `bound` on, or for the last row (None)."""
        if bound is None:
            return dict(self.descending or {})
        # From the start of the list, no bound is safer than 0.
        return {**self.ascending, **({self.min_id: str(bound)} if bound > 0 else {})}

    def make_paginator(self, name: str, after: Position, parallel: int) -> "IdRangePaginator":
        """A paginator for the rows after the id `after`; `name` is the list's in errors."""
        start = after if isinstance(after, int) else 0
        return IdRangePaginator(name, self, after=start, parallel=parallel)


Pagination = ByIdRange | Sequential
"""How a list is read, as a stream declares it."""


@dataclass(eq=False)
class IdRange:
    """The rows with ids above `start`, up to the start of the next range; read up to `reached`.

    `held` has the ids of the rows that wait for rows before them, and the page of each.
    `requested`: a request for the next page is under way. `done`: all rows have come.
    `exclude_reached`: the next bound may be the id after `reached`. `recheck`: the last page had no
    new rows, and is requested again.
    """

    start: int
    reached: int
    held: dict[int, Page] = field(default_factory=dict)
    requested: bool = False
    done: bool = False
    exclude_reached: bool = False
    recheck: bool = False

    @property
    def bound(self) -> int:
        """The lower bound of the request for its next page.

        It is the last known id, not the one after it: whether a bound is inclusive is not
        documented, and an exclusive one would skip a row. For a recheck it is one less, so that the
        response has the last known row again if the filter works.
        """
        return max(0, self.reached + self.exclude_reached - self.recheck)


@dataclass(frozen=True, eq=False)
class IdRangeRequest(PageRequest):
    """A request for rows of `id_range` from the id `bound` on, or for the last row (None)."""

    id_range: IdRange
    bound: int | None


class IdRangePaginator:
    """Decides which pages of a list to request by id, and in which order rows are yielded."""

    proven = True
    may_have_gaps = False

    def __init__(self, name: str, pagination: ByIdRange, *, parallel: int, after: int = 0) -> None:
        """For the rows with ids above `after`, in at most `parallel` ranges at once.

        `name` is the list's in errors.
        """
        self.name = name
        self.pagination = pagination
        self._after = after
        self._parallel = parallel
        self._id_ranges = [IdRange(after, after)]
        self._density = Density()
        self._pages = 0
        self._splits = 0
        self._last_page_was_full = False
        self._largest_id_seen = after
        self._may_request_last = pagination.descending is not None and parallel > 1
        self._last_id_is_known = False
        """`_largest_id_seen` is the id of the list's last row."""
        self._checks_under_way = 0
        """How many requests other than for pages are under way: they may show more rows."""
        self._filter_works = False
        """A response to a request with a bound has had rows."""
        self._end_is_doubtful = False
        """The list seems to end before rows of other responses, or its filter shows no rows."""
        self.missing_last: int | None = None
        """The id of the list's last row, where that row did not come with the others."""
        self._known_rows_in_total = 0
        self._totals: list[int] = []
        """How many rows are to come, as the API says: with the first page, and at the end."""
        self._total_was_rechecked = False
        self._all_done = False
        self.yielded_ids = array("I")
        """The ids that were yielded: 4 bytes each, or 8 from the first larger id on."""

    @property
    def _reached(self) -> int:
        """The last id that has been yielded."""
        return self.yielded_ids[-1] if self.yielded_ids else self._after

    @property
    def rows_held(self) -> int:
        """How many rows have come and wait for rows before them."""
        return sum(len(id_range.held) for id_range in self._id_ranges)

    @property
    def finished(self) -> bool:
        """All rows have been yielded, and no check of the list's end is left."""
        return self._all_done and not self._checks_under_way and self._final_check() is None

    @property
    def contradiction(self) -> str | None:
        """What the API says of the list that does not fit the rows that came; None: nothing."""
        count, last = len(self.yielded_ids), self.missing_last
        if self._lacks_rows:
            return f"the API says that there are {min(self._totals)} records, but returned {count}"
        if last is not None:
            return f"the API returned {count} records by id, but the last one has id {last}"
        if self._end_is_doubtful:
            return (
                f"the API returned {count} records by id, but did not return the last of them again"
            )
        return None

    @property
    def needs_next_page(self) -> bool:
        """The rows that are next in order have not been requested yet."""
        first = self._id_ranges[0]
        return not self._checks_under_way if self._all_done else not (first.done or first.requested)

    @property
    def all_requested(self) -> bool:
        """All rows that are left of the list have been requested."""
        return self._last_id_is_known and all(r.done or r.requested for r in self._id_ranges)

    @property
    def last_id(self) -> int | None:
        """The largest id of the list, once it is known."""
        return self._largest_id_seen if self._last_id_is_known else None

    def next_requests(self, free: int, pages_that_fit: int) -> list[IdRangeRequest]:
        """The requests to make now, the most urgent first; at most `free`.

        `pages_that_fit`: how many pages fit into memory, which limits the length of ranges.
        """
        found: list[IdRangeRequest] = []
        if self._all_done:
            if (kind := self._final_check()) is not None and not self._checks_under_way and free:
                bound = None if kind is RequestKind.LAST else self._after
                found.append(self._check(kind, self._id_ranges[0], bound))
            return found
        for id_range in self._id_ranges:
            if len(found) < free and not id_range.done and not id_range.requested:
                found.append(self._next_page(id_range))
        goes_on = self._last_page_was_full and not self._last_id_is_known
        if len(found) < free and self._may_request_last and goes_on:
            self._may_request_last = False
            found.append(self._check(RequestKind.LAST, self._id_ranges[-1], None))
        while len(found) < free and (new := self._split(pages_that_fit)) is not None:
            found.append(self._next_page(new))
        return found

    def received(self, request: PageRequest, page: Page) -> None:
        """Take the response to `request`, which `next_requests` returned.

        Raises UnexpectedResponse or BadRecord when the ids show that it cannot be trusted.
        """
        assert isinstance(request, IdRangeRequest)
        total = page.response.total
        if request.kind is RequestKind.COUNT:
            self._checks_under_way -= 1
            self._total_was_rechecked = True
            # A total that only counts the rows of its own page says nothing about the list.
            if total is not None and total > len(page.ids):
                self._totals.append(total - self._known_rows_in_total)
            return
        ids = self._checked_ids(request, page)
        self._filter_works = self._filter_works or bool(ids and request.bound)
        last = ids[-1] if ids else 0
        if request.kind is RequestKind.LAST:
            self._checks_under_way -= 1
            self._last_id_is_known = self._last_id_is_known or bool(ids)
        if self._all_done and last > self._reached and not self._end_is_doubtful:
            self._all_done, self._id_ranges = False, [IdRange(self._reached, self._reached)]
        if self._all_done:
            if last > self._reached:
                self.missing_last = last
            if request.kind is RequestKind.LAST:
                self._end_is_doubtful = False
            return
        self._largest_id_seen = max(self._largest_id_seen, last)
        if request.is_page:
            if not self._pages:
                # The total counts the row at the bound, which an earlier run has read.
                self._known_rows_in_total = int(ids[:1] == [self._after])
                self._totals = [total - self._known_rows_in_total] if total is not None else []
            self._add_page(request, page, ids)

    def ready(self) -> Iterator[tuple[Page, list[int]]]:
        """The ids that are next in order, in groups of rows of one page each."""
        while True:
            first = self._id_ranges[0]
            held, first.held = first.held, {}
            for page, group in itertools.groupby(sorted(held), held.__getitem__):
                ids = list(group)
                if self.yielded_ids.typecode == "I" and ids[-1] > MAX_4_BYTE_ID:
                    self.yielded_ids = array("Q", self.yielded_ids)
                self.yielded_ids.extend(ids)
                yield page, ids
            if not first.done:
                return
            if len(self._id_ranges) == 1:
                self._all_done = True
                return
            self._id_ranges.pop(0)

    def position(self, page: Page, key: int, *, ends_page: bool) -> int:
        """Where a stopped pass resumes once the row with this id has been written."""
        return key

    # The end of the list

    @property
    def _lacks_rows(self) -> bool:
        totals, count = self._totals, len(self.yielded_ids)
        return bool(totals) and count + tolerance(totals, self._pages) < min(totals)

    def _final_check(self) -> RequestKind | None:
        """What is still to be requested after all rows have been yielded."""
        if self._end_is_doubtful and self.pagination.descending is not None:
            return RequestKind.LAST
        return RequestKind.COUNT if self._lacks_rows and not self._total_was_rechecked else None

    # What to request

    def _check(self, kind: RequestKind, id_range: IdRange, bound: int | None) -> IdRangeRequest:
        self._checks_under_way += 1
        return IdRangeRequest(kind, self.pagination.params(bound), id_range, bound)

    def _next_page(self, id_range: IdRange) -> IdRangeRequest:
        id_range.requested, bound = True, id_range.bound
        return IdRangeRequest(RequestKind.PAGE, self.pagination.params(bound), id_range, bound)

    def _split(self, pages_that_fit: int) -> IdRange | None:
        """Start one more range, where most is left to read; None: no split is worth it."""
        at_once = min(self._parallel, pages_that_fit)
        unfinished = [id_range for id_range in self._id_ranges if not id_range.done]
        without_page = sum(id_range.reached == id_range.start for id_range in unfinished[1:])
        if len(unfinished) >= at_once or without_page >= self._max_without_page():
            return None
        # The rows of all ranges but the first wait in memory. On average half of a range has been
        # read. `fit` is a little more than the pages per range that fit into memory; a page that
        # does not fit is not requested.
        fit = math.ceil(2.5 * (pages_that_fit - at_once) / at_once)
        most = max(1, min(MAX_PAGES_PER_RANGE, fit, self._splits + 2))
        # A response without rows has shown that the list ends before its bound, and a request is
        # under way that will show whether there are rows after the known ones: more requests there
        # would mostly bring no rows.
        beyond = [r.done for r in self._id_ranges if r.start > self._largest_id_seen]
        end_is_near = any(beyond) and not all(beyond)
        best: tuple[float, int, int] | None = None
        for index, id_range in enumerate(self._id_ranges):
            spacing = self._density.at(id_range.reached)
            if id_range.done or not spacing.rows_per_page:
                continue
            pages = self._ids_left(index) / spacing.ids_per_page
            wanted = spacing.pages_per_range(most)
            # Where ranges have to be long, a short one costs as much as it gains.
            worth_it = pages >= max(MIN_PAGES_TO_SPLIT, wanted - 1)
            if not worth_it or (best is not None and pages <= best[0]):
                continue
            start = id_range.reached + spacing.distance(int(min(wanted, pages / 2)))
            if start > self._largest_id_seen and end_is_near:
                continue
            best = pages, index, start
            if pages >= wanted + MIN_PAGES_TO_SPLIT:
                # The rows after this range have to wait for it.
                break
        last = self._id_ranges[-1]
        if best is not None:
            _, index, start = best
        elif self._last_id_is_known and not last.done and last.reached < self._largest_id_seen:
            # Whether rows come after the last one can be found out now.
            index, start = len(self._id_ranges) - 1, self._largest_id_seen
        else:
            return None
        new = IdRange(start, start)
        self._id_ranges.insert(index + 1, new)
        self._splits += 1
        return new

    def _max_without_page(self) -> int:
        """How many ranges may be read at once of which no page has come yet.

        Few at first, for the list may be short, and little is known of its ids. All, where the
        API has named the list's total, and the ids lie as densely up to the last one as at the
        start of the list.
        """
        first = self.yielded_ids[0] if self.yielded_ids else 0
        spacing = self._density.at(first)
        if self._last_id_is_known and self._totals and spacing.rows_per_page:
            span = self._largest_id_seen - first + 1
            expected = (spacing.rows_per_page - 1) / spacing.ids_per_page * span
            if expected / EVENNESS <= self._totals[0] <= expected * EVENNESS:
                return self._parallel
        return max(1, self._pages // 3)

    def _ids_left(self, index: int) -> float:
        """How many ids are left to read in the range at `index`."""
        reached = self._id_ranges[index].reached
        if index + 1 < len(self._id_ranges):
            return self._id_ranges[index + 1].start - reached
        if self._last_id_is_known:
            return self._largest_id_seen - reached
        if self._checks_under_way or not self._last_page_was_full:
            return 0
        return math.inf

    # What the responses say

    def _checked_ids(self, request: IdRangeRequest, page: Page) -> list[int]:
        """The rows' ids, which must be whole numbers, rise, and not lie below the bound."""
        at_least = request.bound or 0
        for id_ in page.ids:
            if type(id_) is not int or not 1 <= id_ <= MAX_ID:
                raise unusable_key(self.name, "id", id_)
            if id_ < at_least:
                raise UnexpectedResponse(
                    f"{self.name}: asked for ids from {request.bound or 0} on, the API answered "
                    f"with id {id_} out of order. It does not sort or filter as documented, and "
                    "continuing could lose records."
                )
            at_least = id_ + 1
        return page.ids

    def _add_page(self, request: IdRangeRequest, page: Page, ids: list[int]) -> None:
        id_range = request.id_range
        id_range.requested = False
        self._pages += 1
        self._note_density(request, page, ids)
        if id_range.done:
            return  # The range before it has read all its rows meanwhile.
        new = [id_ for id_ in ids if id_ > id_range.reached]
        if new:
            id_range.reached, id_range.exclude_reached, id_range.recheck = new[-1], False, False
            id_range.held.update(dict.fromkeys(new, page))
            self._join_following(id_range)
        elif ids[:1] == [request.bound] and 1 in (
            page.limit,
            self._density.at(ids[0]).rows_per_page,
        ):
            # The list returns one row at a time, and this one shows that its bound is inclusive.
            id_range.exclude_reached = True
        elif request.bound == id_range.bound:
            # Otherwise the range before has read on into this one since the request was sent.
            self._page_without_new_rows(id_range)

    def _note_density(self, request: IdRangeRequest, page: Page, ids: list[int]) -> None:
        """Note how densely the ids of a page lie, and whether the list may end with it."""
        if not ids:
            self._last_page_was_full = False
            return
        full = self._density.at(ids[-1]).rows_per_page
        # A single row may be the one at the bound.
        self._last_page_was_full = len(ids) > 1 and len(ids) >= 0.9 * (full or page.limit)
        # Of the first page, the first id tells where the list begins.
        begin = request.bound if full and request.bound is not None else ids[0]
        self._density.add(ids[-1], ids[-1] - begin + 1, len(ids))

    def _page_without_new_rows(self, id_range: IdRange) -> None:
        """The end of the list; or in doubt a recheck of the same page (see step 5 above)."""
        largest, reached = self._largest_id_seen, id_range.reached
        is_end = largest < reached or (largest == reached and (self._filter_works or not reached))
        if not is_end and not id_range.recheck:
            id_range.recheck = True
            return
        self._last_id_is_known, self._end_is_doubtful = True, self._end_is_doubtful or not is_end
        self._largest_id_seen = min(largest, reached)
        index = self._id_ranges.index(id_range)
        for ended in self._id_ranges[index:]:
            ended.done = True
        del self._id_ranges[index + 1 :]

    def _join_following(self, id_range: IdRange) -> None:
        """If the range has reached the next one, mark it done, and give its rows beyond to that."""
        for following in self._id_ranges[self._id_ranges.index(id_range) + 1 :]:
            if id_range.reached < following.start:
                return
            id_range.done = True
            for id_ in [id_ for id_ in id_range.held if id_ > following.start]:
                page, other = id_range.held.pop(id_), following.held.get(id_)
                # Of a row that came twice, the later response counts.
                if other is None or other.response.sent_at < page.response.sent_at:
                    following.held[id_] = page
            following.reached = max(following.reached, id_range.reached)
            id_range = following
