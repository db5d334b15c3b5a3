"""The walk by id: a list read in order of its ids, in several stretches at once.

Page numbers drift: when a row is deleted or leaves the filter, the next ones move up, and one is
skipped. A walk by id asks for what comes after the last id that it has, and cannot drift.

Every request asks from a starting point on, without an upper bound: a gap costs nothing then, for
an answer that begins in it begins with the first id after it. The list is cut into *stretches* by
starting points; a stretch is proven whole once an answer reaches the next starting point. Each
stretch is read page after page, several stretches at once.

Where two stretches meet, some rows are read twice, up to a page of them. So a stretch is several
pages long: as many as the unevenness of the ids asks for and as memory allows, for its rows wait
until all before them have come. The first ones are shorter, each a page longer than the one
before: they end one after another then, and so do all that follow them. A stretch that proves
longer than thought is cut again, and towards the end of the list the longest one is. Few are begun
before the first have shown that their starting points are right, unless the list's total and last
row say so. The last one begins at that row, and proves that nothing lies behind it.

The walk does not believe that a list has ended because an answer is empty: a filter by id may have
failed. Nor does it where the list's total says that rows are missing. What it still doubts at its
end, after a question or two more, is for another way of reading to settle.

This file makes no requests. It says what to ask for, is told what came, and hands on rows in the
order of their ids, each id once.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tap_bigcommerce.exceptions import UnexpectedResponse
from tap_bigcommerce.pagination.density import Density
from tap_bigcommerce.pagination.page import Page, Position, RequestKind, without_key
from tap_bigcommerce.pagination.sequential import Sequential, slack

ASCENDING = {"sort": "id", "direction": "asc"}
DESCENDING = {"sort": "id", "direction": "desc"}
"""How most lists are sorted by id, where they can be."""

LONGEST_RANGE = 12
"""Pages."""

WORTH_A_CUT = 3
"""Pages that a stretch must still be long for one more to begin in it."""

EVEN = 1.2
"""By how much ids may lie more or less densely on the whole than at one place."""

LARGEST_ID = 2**63 - 1
LARGEST_OF_4_BYTES = 2**32 - 1


@dataclass(eq=False)
class IdRange:
    """The rows with ids above `start`, up to the next stretch's start; known up to `reached`."""

    start: int
    reached: int
    held: dict[int, Page] = field(default_factory=dict)
    """Rows that wait for their turn, by their ids: each is the page that it came with."""
    asked: bool = False
    done: bool = False
    step_over: bool = False
    """The next bound may be the id after `reached`."""
    doubted: bool = False
    """An answer denied rows that others had shown, or the filter has shown none yet: ask again."""

    @property
    def bound(self) -> int:
        """Where its next page is asked for.

        From the last id that is known, not the one after it: whether a bound is inclusive is not
        documented, and an exclusive one would skip a row. In doubt from one less, so that the row
        shows itself.
        """
        return max(0, self.reached + self.step_over - self.doubted)


@dataclass(frozen=True, eq=False)
class PageRequest:
    """A request to be made: rows from the id `bound` on, or the last row (`bound` None)."""

    kind: RequestKind
    id_range: IdRange
    bound: int | None


class IdRangePaginator:
    """One walk through one list. `noun` names the list in errors."""

    proven = True
    doubted = False

    def __init__(self, noun: str, *, after: int = 0, can_see_last: bool, parallel: int) -> None:
        """Rows with ids above `after`; `parallel` stretches at once at the most.

        `can_see_last`: the list can be sorted downwards, so that a request of one row says where
        it ends.
        """
        self.noun = noun
        self._after = after
        self._can_see_last = can_see_last
        self._parallel = parallel
        self._id_ranges = [IdRange(after, after)]
        self._density = Density()
        self._pages = 0
        self._cuts = 0
        self._last_page_was_full = False
        self._largest_shown = after
        self._may_ask_last = can_see_last and parallel > 1
        self._knows_last = False
        """The largest id that has been shown is that of the list's last row."""
        self._questions = 0
        """Requests under way that are for no page: they may show that there is more."""
        self._filter_works = False
        """Some answer to a request with a bound had rows."""
        self._shows_no_end = False
        """Where the list seems to end, its filter has shown none of the rows that are there."""
        self.denied: int | None = None
        """The list's last row, where it did not come with the others."""
        self._known = 0
        self._totals: list[int] = []
        """How many rows are to come, as the API says: at the beginning, and at the end."""
        self._counted = False
        self._walked = False
        self.handed_on = array("I")
        """The ids of rows, 4 bytes each, or 8 from the first one on that needs them."""

    @property
    def _reached(self) -> int:
        """The last id that has been handed on."""
        return self.handed_on[-1] if self.handed_on else self._after

    @property
    def rows_held(self) -> int:
        """How many rows have come and wait for others before them."""
        return sum(len(id_range.held) for id_range in self._id_ranges)

    @property
    def finished(self) -> bool:
        """All rows have been handed on, and what may still be in doubt has been asked about."""
        return self._walked and not self._questions and self._closing() is None

    @property
    def contradiction(self) -> str | None:
        """What the API says of the list that does not fit what has come, at the end."""
        shown = len(self.handed_on)
        if self._lacks_rows:
            return f"the API says that there are {min(self._totals)} records, and showed {shown}"
        if self.denied is not None:
            return f"the API showed {shown} records by id, and the last one has id {self.denied}"
        if self._shows_no_end:
            return f"the API showed {shown} records by id, and then none of the last of them again"
        return None

    @property
    def awaits(self) -> bool:
        """The rows that come next in order have not been asked for."""
        front = self._id_ranges[0]
        return not self._questions if self._walked else not front.done and not front.asked

    @property
    def ending(self) -> bool:
        """All that is left of the list is on its way."""
        return self._knows_last and all(s.done or s.asked for s in self._id_ranges)

    @property
    def end(self) -> int | None:
        """The largest id of the list, once it is known."""
        return self._largest_shown if self._knows_last else None

    def next_requests(self, free: int, pages_that_fit: int) -> list[PageRequest]:
        """What to ask for now, at most `free` requests, the most urgent first.

        `pages_that_fit` into memory bound how far apart starting points are.
        """
        found: list[PageRequest] = []
        if self._walked:
            if (kind := self._closing()) is not None and not self._questions and free:
                self._questions += 1
                bound = None if kind is RequestKind.LAST else self._after
                found.append(PageRequest(kind, self._id_ranges[0], bound))
            return found
        for id_range in self._id_ranges:
            if len(found) < free and not id_range.done and not id_range.asked:
                found.append(self._next(id_range))
        may_ask_last = self._may_ask_last and not self._knows_last and self._last_page_was_full
        if len(found) < free and may_ask_last:
            self._may_ask_last = False
            self._questions += 1
            found.append(PageRequest(RequestKind.LAST, self._id_ranges[-1], None))
        while len(found) < free and (cut := self._cut(pages_that_fit)) is not None:
            found.append(self._next(cut))
        return found

    def received(self, request: PageRequest, page: Page) -> None:
        """What came for `ask`. Raises UnexpectedResponse or BadRecord when it cannot be trusted."""
        total = page.response.total
        if request.kind is RequestKind.COUNT:
            self._questions -= 1
            self._counted = True
            # A total that counts what the page shows says nothing.
            if total is not None and total > len(page.ids):
                self._totals.append(total - self._known)
            return
        ids = self._checked_ids(request, page)
        self._filter_works = self._filter_works or bool(ids and request.bound)
        last = ids[-1] if ids else 0
        if request.kind is RequestKind.LAST:
            self._questions -= 1
            self._knows_last = self._knows_last or bool(ids)
        if self._walked and last > self._reached and not self._shows_no_end:
            self._walked, self._id_ranges = False, [IdRange(self._reached, self._reached)]
        if self._walked:
            if last > self._reached:
                self.denied = last
            if request.kind is RequestKind.LAST:
                self._shows_no_end = False
            return
        self._largest_shown = max(self._largest_shown, last)
        if request.kind is RequestKind.PAGE:
            if not self._pages:
                # The row that it was asked from is not one of those that are to come.
                self._known = int(ids[:1] == [self._after])
                self._totals = [total - self._known] if total is not None else []
            self._take_page(request, page, ids)

    def ready(self) -> Iterator[tuple[Page, list[int]]]:
        """The ids that are proven to be next, as runs of rows of one page each."""
        while True:
            front = self._id_ranges[0]
            held, front.held = front.held, {}
            for page, run in itertools.groupby(sorted(held), held.__getitem__):
                ids = list(run)
                if self.handed_on.typecode == "I" and ids[-1] > LARGEST_OF_4_BYTES:
                    self.handed_on = array("Q", self.handed_on)
                self.handed_on.extend(ids)
                yield page, ids
            if not front.done:
                return
            if len(self._id_ranges) == 1:
                self._walked = True
                return
            self._id_ranges.pop(0)

    def position(self, page: Page, key: int, *, ends_page: bool) -> int:
        """Where a stopped walk could go on once the row with this id has been written."""
        return key

    # Closing

    @property
    def _lacks_rows(self) -> bool:
        totals = self._totals
        return bool(totals) and len(self.handed_on) + slack(totals, self._pages) < min(totals)

    def _closing(self) -> RequestKind | None:
        """What is still to be asked when all rows have come."""
        if self._shows_no_end and self._can_see_last:
            return RequestKind.LAST
        return RequestKind.COUNT if self._lacks_rows and not self._counted else None

    # Planning

    def _next(self, id_range: IdRange) -> PageRequest:
        id_range.asked = True
        return PageRequest(RequestKind.PAGE, id_range, id_range.bound)

    def _cut(self, pages_that_fit: int) -> IdRange | None:
        """Begin one more stretch, where most is left to read; None where it is not worth it."""
        at_once = min(self._parallel, pages_that_fit)
        live = [id_range for id_range in self._id_ranges if not id_range.done]
        blind = sum(id_range.reached == id_range.start for id_range in live[1:])
        if len(live) >= at_once or blind >= self._most_blind():
            return None
        # All but the first wait, and are about half read: this is a little more than would fit if
        # nothing were ever late, and what does not fit is not asked for.
        fit = math.ceil(2.5 * (pages_that_fit - at_once) / at_once)
        most = max(1, min(LONGEST_RANGE, fit, self._cuts + 2))
        # An answer has shown that the list ends before it, and another one is on its way to show
        # whether there are rows beyond those that are known: more of them would mostly be empty.
        beyond = [s.done for s in self._id_ranges if s.start > self._largest_shown]
        looks_for_end = any(beyond) and not all(beyond)
        best: tuple[float, int, int] | None = None
        for place, id_range in enumerate(self._id_ranges):
            spacing = self._density.at(id_range.reached)
            if id_range.done or not spacing.rows_a_page:
                continue
            pages = self._ids_left(place) / spacing.ids_a_page
            wanted = spacing.pages_a_range(most)
            # Where stretches have to be long, to cut one short costs as much as it gains.
            worth_it = pages >= max(WORTH_A_CUT, wanted - 1)
            if not worth_it or (best is not None and pages <= best[0]):
                continue
            start = id_range.reached + spacing.ids(int(min(wanted, pages / 2)))
            if start > self._largest_shown and looks_for_end:
                continue
            best = pages, place, start
            if pages >= wanted + WORTH_A_CUT:
                # What lies behind it waits for it.
                break
        last = self._id_ranges[-1]
        if best is not None:
            _, place, start = best
        elif self._knows_last and not last.done and last.reached < self._largest_shown:
            # What proves that nothing lies behind the last row need not wait for all before it.
            place, start = len(self._id_ranges) - 1, self._largest_shown
        else:
            return None
        new = IdRange(start, start)
        self._id_ranges.insert(place + 1, new)
        self._cuts += 1
        return new

    def _most_blind(self) -> int:
        """How many stretches may be read at once whose starting points have not proven right.

        A slow start, for the list may be short, and little is known of its ids; but where the API
        has named the list's total, and the ids lie as densely up to its last row as where it
        begins, starting points will prove right.
        """
        first = self.handed_on[0] if self.handed_on else 0
        there = self._density.at(first)
        if self._knows_last and self._totals and there.rows_a_page:
            span = self._largest_shown - first + 1
            expected = (there.rows_a_page - 1) / there.ids_a_page * span
            if expected / EVEN <= self._totals[0] <= expected * EVEN:
                return self._parallel
        return max(1, self._pages // 3)

    def _ids_left(self, place: int) -> float:
        """How many ids are left in the stretch at `place`."""
        reached = self._id_ranges[place].reached
        if place + 1 < len(self._id_ranges):
            return self._id_ranges[place + 1].start - reached
        if self._knows_last:
            return self._largest_shown - reached
        if self._questions or not self._last_page_was_full:
            return 0
        return math.inf

    # Learning

    def _checked_ids(self, request: PageRequest, page: Page) -> list[int]:
        """The rows' ids, which must be whole numbers, rise, and lie beyond the bound."""
        at_least = request.bound or 0
        for id_ in page.ids:
            if type(id_) is not int or not 1 <= id_ <= LARGEST_ID:
                raise without_key(self.noun, "id", id_)
            if id_ < at_least:
                raise UnexpectedResponse(
                    f"{self.noun}: asked for ids from {request.bound or 0} on, the API answered "
                    f"with id {id_} out of place. It does not sort or filter as documented, and "
                    "going on could lose records."
                )
            at_least = id_ + 1
        return page.ids

    def _take_page(self, request: PageRequest, page: Page, ids: list[int]) -> None:
        id_range = request.id_range
        id_range.asked = False
        self._pages += 1
        self._learn(request, page, ids)
        if id_range.done:
            return  # It has been read from the one before it meanwhile.
        new = [id_ for id_ in ids if id_ > id_range.reached]
        if new:
            id_range.reached, id_range.step_over, id_range.doubted = new[-1], False, False
            id_range.held.update(dict.fromkeys(new, page))
            self._meet_next(id_range)
        elif ids[:1] == [request.bound] and 1 in (page.limit, self._density.at(ids[0]).rows_a_page):
            # The list gives one row at a time, and this one shows that its bound is inclusive.
            id_range.step_over = True
        elif request.bound == id_range.bound:
            # Else the stretch before has gone on into this one since the request was sent.
            self._take_nothing(id_range)

    def _learn(self, request: PageRequest, page: Page, ids: list[int]) -> None:
        """What a page tells about the list: how dense it is, and whether it may end here."""
        if not ids:
            self._last_page_was_full = False
            return
        full = self._density.at(ids[-1]).rows_a_page
        # A single row may be the one that was asked from.
        self._last_page_was_full = len(ids) > 1 and len(ids) >= 0.9 * (full or page.limit)
        # Where nothing is known yet, the first id tells where the list begins.
        begin = request.bound if full and request.bound is not None else ids[0]
        self._density.received(ids[-1], ids[-1] - begin + 1, len(ids))

    def _take_nothing(self, id_range: IdRange) -> None:
        """No new row: the end of the list, unless others have shown rows beyond, or nothing shows
        that its filter answers. That is asked once more."""
        shown, reached = self._largest_shown, id_range.reached
        is_end = shown < reached or (shown == reached and (self._filter_works or not reached))
        if not is_end and not id_range.doubted:
            id_range.doubted = True
            return
        self._knows_last, self._shows_no_end = True, self._shows_no_end or not is_end
        self._largest_shown = min(shown, reached)
        place = self._id_ranges.index(id_range)
        for ended in self._id_ranges[place:]:
            ended.done = True
        del self._id_ranges[place + 1 :]

    def _meet_next(self, id_range: IdRange) -> None:
        """Hand over what lies beyond the next starting point; the stretch is whole then."""
        for following in self._id_ranges[self._id_ranges.index(id_range) + 1 :]:
            if id_range.reached < following.start:
                return
            id_range.done = True
            for id_ in [id_ for id_ in id_range.held if id_ > following.start]:
                page, there = id_range.held.pop(id_), following.held.get(id_)
                # Of an id that came twice the later answer counts.
                if there is None or there.response.sent_at < page.response.sent_at:
                    following.held[id_] = page
            following.reached = max(following.reached, id_range.reached)
            id_range = following


@dataclass(frozen=True)
class ByIdRange:
    """How a list is asked for rows by id.

    `bound` is the parameter for the smallest id; `upwards` and `downwards` sort by it (`downwards`
    None: the list cannot be sorted so).
    """

    bound: str
    upwards: Mapping[str, str] = field(default_factory=dict)
    downwards: Mapping[str, str] | None = None

    def place(self, request: PageRequest) -> dict[str, str]:
        """The parameters for the rows that `ask` wants."""
        if request.bound is None:
            return dict(self.downwards or {})
        # No bound at all is the plainest way to say "from the start".
        return {**self.upwards, **({self.bound: str(request.bound)} if request.bound > 0 else {})}

    paged = True
    single = False

    def begin(self, noun: str, after: Position, parallel: int) -> IdRangePaginator:
        """A walk that goes on behind the id `after`."""
        start, sees_last = after if isinstance(after, int) else 0, self.downwards is not None
        return IdRangePaginator(noun, after=start, can_see_last=sees_last, parallel=parallel)


Pagination = ByIdRange | Sequential
"""A way to walk, as a stream declares it."""
