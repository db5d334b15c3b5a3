"""Lists of ids like those of real stores, which are read by id in simulated time."""

from __future__ import annotations

import bisect
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
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
LAYOUTS = ("dense", "holes", "sparse", "clusters", "huge gaps", "thin, then dense")


def random_ids(layout: str, count: int, chance: random.Random) -> list[int]:
    """`count` ids in ascending order."""
    if layout == "dense":
        return list(range(1, count + 1))
    if layout == "holes":
        return sorted(chance.sample(range(1, 2 * count), count))
    if layout == "sparse":
        return sorted(chance.sample(range(1, 10_000 * count), count))
    if layout == "clusters":
        length = chance.randint(2, 60)
        return [index // length * 1000 * length + index % length + 1 for index in range(count)]
    if layout == "huge gaps":
        length = chance.randint(20, 200)
        return [index + index // length * 10**9 + 1 for index in range(count)]
    thin = sorted(chance.sample(range(1, 33 * count), count // 2))
    return thin + list(range(33 * count, 33 * count + count - count // 2))


@dataclass
class SimulatedList:
    """A list as its API returns it.

    `cap`: the most rows of a page, whatever limit is requested; `inclusive`: a lower bound includes
    the row with that id. `total`: the total that the API names, as a multiple of the real one;
    None: it names none.
    """

    ids: list[int]
    limit: int = 250
    cap: int = 250
    inclusive: bool = True
    sorts_descending: bool = True
    total: float | None = None
    deleted: set[int] = field(default_factory=set)

    @property
    def fewest_pages(self) -> int:
        """How many pages hold all rows if each page is full."""
        return -(-len(self.ids) // min(self.cap, self.limit))

    def respond(self, request: IdRangeRequest, limit: int, sent_at: float) -> Page:
        begin = -1
        if request.bound is not None:
            find = bisect.bisect_left if self.inclusive else bisect.bisect_right
            begin = find(self.ids, request.bound)
        ids = self.ids[begin:][: min(self.cap, limit)]
        total = None if self.total is None else int(self.total * len(self.ids))
        response = Response("", 0, None, total, BEGIN + timedelta(seconds=sent_at), BEGIN)
        return Page(list(ids), limit, response)

    def change(self, chance: random.Random) -> None:
        last = self.ids[-1] if self.ids else 0
        kind = chance.choice(("delete", "insert", "append"))
        if kind == "append" or not self.ids:
            self.ids.append(last + chance.choice((1, 1, 40)))
        elif kind == "insert":
            new = chance.randint(1, last)
            if new not in self.ids:
                bisect.insort(self.ids, new)
        else:
            # The last rows more often than others: the paginator may know them early.
            id_ = chance.choice(self.ids[chance.choice((0, -3)) :])
            self.ids.remove(id_)
            self.deleted.add(id_)


@dataclass(frozen=True)
class Reading:
    """The ids that were read, and what it took; `most_pages` were held or under way at once."""

    ids: list[int]
    requests: int
    time: float
    most_pages: float


def read_through(
    list_: SimulatedList,
    *,
    latency: Callable[[], float] = lambda: 1.0,
    parallel: int = 8,
    pages_that_fit: int = 32,
    after: int = 0,
    changes: float = 0.0,
    short_pages: float = 0.0,
    chance: random.Random | None = None,
) -> Reading:
    """Read the list to its end.

    The list changes in a share of `changes` of the moments; a share of `short_pages` has one row.
    """
    chance = chance or random.Random(1)
    pagination = ByIdRange("min_id", ASCENDING, DESCENDING if list_.sorts_descending else None)
    paginator = IdRangePaginator("rows", pagination, after=after, parallel=parallel)
    # As ListReader does it, with responses of a megabyte.
    budget = MemoryBudget(pages_that_fit * MEGABYTE)
    held = 0.0
    # When something happens, a unique number, the request, when it was sent, and its response.
    under_way: list[tuple[float, int, IdRangeRequest, float, Page | None]] = []
    numbers = itertools.count()
    yielded: list[int] = []
    now, requests, most_pages = 0.0, 0, 0.0
    while not paginator.finished:
        free = min(parallel - len(under_way), max(budget.free_pages, paginator.needs_next_page))
        for new in paginator.next_requests(free, budget.pages):
            budget.request_sent()
            requests += 1
            heapq.heappush(under_way, (now + latency() / 2, next(numbers), new, now, None))
        most_pages = max(most_pages, held + len(under_way))
        assert under_way, "the paginator makes no request, and is not finished"
        assert requests < 500 + 10 * len(list_.ids), "the paginator does not come to an end"
        if chance.random() < changes:
            list_.change(chance)
        now, _, request, sent_at, page = heapq.heappop(under_way)
        if page is None:
            limit = 1 if chance.random() < short_pages else list_.limit
            page = list_.respond(request, limit, sent_at)
            arrives = now + (now - sent_at)
            heapq.heappush(under_way, (arrives, next(numbers), request, sent_at, page))
            continue
        paginator.received(request, page)
        for _, ids in paginator.ready():
            yielded += ids
        held = paginator.rows_held / min(list_.cap, list_.limit)
        budget.request_ended(MEGABYTE)
        budget.waiting[paginator] = held * MEGABYTE
    assert changes or yielded == [id_ for id_ in list_.ids if id_ > after]
    return Reading(yielded, requests, now, most_pages)
