"""Reads a list that never changes by id, in simulated time, and measures what that costs."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tap_bigcommerce.api.response import Response
from tap_bigcommerce.pagination.id_ranges import (
    ASCENDING,
    DESCENDING,
    ByIdRange,
    IdRangePaginator,
    IdRangeRequest,
)
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.pagination.page import Page

MEGABYTE = 1_000_000
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)


@dataclass(frozen=True)
class SimulatedList:
    """A list as its API returns it.

    `cap`: the most rows of a page, whatever limit is requested; `inclusive`: a lower bound includes
    the row with that id.
    """

    ids: Sequence[int]
    limit: int = 250
    cap: int = 250
    inclusive: bool = True
    sorts_descending: bool = True
    names_total: bool = False

    @property
    def fewest_pages(self) -> int:
        """How many pages hold all rows if each page is full."""
        return -(-len(self.ids) // min(self.cap, self.limit))

    def rows(self, request: IdRangeRequest) -> list[int]:
        if request.bound is None:
            return list(self.ids[-1:])
        find = bisect.bisect_left if self.inclusive else bisect.bisect_right
        begin = find(self.ids, request.bound)
        return list(self.ids[begin : begin + min(self.cap, self.limit)])


@dataclass(frozen=True)
class Cost:
    """What it takes to read a list; `most_pages` were held or under way at the same time."""

    requests: int
    time: float
    most_pages: float


def read_through(
    list_: SimulatedList,
    *,
    latency: Callable[[], float] = lambda: 1.0,
    parallel: int = 8,
    pages_that_fit: int = 32,
) -> Cost:
    """Read the list, and check that each row comes once and in order."""
    pagination = ByIdRange("min_id", ASCENDING, DESCENDING if list_.sorts_descending else None)
    paginator = IdRangePaginator("rows", pagination, parallel=parallel)
    # As ListReader does it, with responses of a megabyte.
    budget = MemoryBudget(pages_that_fit * MEGABYTE)
    held = 0.0
    under_way: list[tuple[float, int, IdRangeRequest, Page]] = []
    numbers = itertools.count()
    yielded: list[int] = []
    now, requests, most_pages = 0.0, 0, 0.0
    while not paginator.finished:
        free = min(parallel - len(under_way), max(budget.free_pages, paginator.needs_next_page))
        for request in paginator.next_requests(free, budget.pages):
            budget.request_sent()
            requests += 1
            ids = list_.rows(request)
            total = len(list_.ids) if list_.names_total else None
            response = Response("", 0, None, total, BEGIN + timedelta(seconds=now), BEGIN)
            page = Page(ids, list_.limit, response)
            heapq.heappush(under_way, (now + latency(), next(numbers), request, page))
        most_pages = max(most_pages, held + len(under_way))
        assert under_way, "the paginator makes no request, and is not finished"
        now, _, request, page = heapq.heappop(under_way)
        paginator.received(request, page)
        for _, ids in paginator.ready():
            yielded += ids
        held = paginator.rows_held / min(list_.cap, list_.limit)
        budget.request_ended(MEGABYTE)
        budget.waiting[paginator] = held * MEGABYTE
    assert yielded == list(list_.ids)
    return Cost(requests, now, most_pages)
