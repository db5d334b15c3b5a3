"""A walk by id through a list that never changes, in simulated time: what it costs."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tap_bigcommerce.api.response import Response
from tap_bigcommerce.pagination.id_ranges import IdRangePaginator, PageRequest
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.pagination.page import Page

MEGABYTE = 1_000_000
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)


@dataclass(frozen=True)
class SimulatedList:
    """A list as its API gives it.

    `cap`: the most rows that a page holds, whatever limit is asked for; `inclusive`: a bound's own
    row belongs to the answer.
    """

    ids: Sequence[int]
    limit: int = 250
    cap: int = 250
    inclusive: bool = True
    can_see_last: bool = True
    names_total: bool = False

    @property
    def fewest_pages(self) -> int:
        """How many pages the list is long at the fullest packing."""
        return -(-len(self.ids) // min(self.cap, self.limit))

    def rows(self, ask: PageRequest) -> list[int]:
        if ask.bound is None:
            return list(self.ids[-1:])
        find = bisect.bisect_left if self.inclusive else bisect.bisect_right
        begin = find(self.ids, ask.bound)
        return list(self.ids[begin : begin + min(self.cap, self.limit)])


@dataclass(frozen=True)
class Cost:
    """What a walk came to: requests, time, and pages held or under way at the same time."""

    requests: int
    time: float
    most_pages: float


def walk_through(
    list_: SimulatedList,
    *,
    latency: Callable[[], float] = lambda: 1.0,
    parallel: int = 8,
    pages_that_fit: int = 32,
) -> Cost:
    """Walk through the list, and check that each row comes once and in order."""
    walk = IdRangePaginator("rows", can_see_last=list_.can_see_last, parallel=parallel)
    # As a reading does it, with answers of a megabyte.
    budget = MemoryBudget(pages_that_fit * MEGABYTE)
    held = 0.0
    under_way: list[tuple[float, int, PageRequest, Page]] = []
    numbers = itertools.count()
    handed_on: list[int] = []
    now, requests, most_pages = 0.0, 0, 0.0
    while not walk.finished:
        free = min(parallel - len(under_way), max(budget.room, walk.awaits))
        for ask in walk.next_requests(free, budget.pages):
            budget.sent()
            requests += 1
            ids = list_.rows(ask)
            total = len(list_.ids) if list_.names_total else None
            answer = Response("", 0, None, total, BEGIN + timedelta(seconds=now), BEGIN)
            page = Page(ids, list_.limit, answer)
            heapq.heappush(under_way, (now + latency(), next(numbers), ask, page))
        most_pages = max(most_pages, held + len(under_way))
        assert under_way, "the walk has come to a halt"
        now, _, ask, page = heapq.heappop(under_way)
        walk.received(ask, page)
        for _, ids in walk.ready():
            handed_on += ids
        held = walk.rows_held / min(list_.cap, list_.limit)
        budget.ended(MEGABYTE)
        budget.waiting[walk] = held * MEGABYTE
    assert handed_on == list(list_.ids)
    return Cost(requests, now, most_pages)
