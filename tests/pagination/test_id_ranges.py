"""Reading by id: whatever the order of requests, changes and responses, no row is skipped; and what
it costs: requests beyond those for full pages, time, and memory."""

import bisect
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_store import LAYOUTS, random_ids

from tap_bigcommerce.api.response import Response
from tap_bigcommerce.exceptions import BadRecord, TapError, UnexpectedResponse
from tap_bigcommerce.pagination.id_ranges import (
    ASCENDING,
    DESCENDING,
    ByIdRange,
    IdRangePaginator,
    IdRangeRequest,
)
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.pagination.page import Page, RequestKind

MEGABYTE = 1_000_000
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)


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


Options = dict[str, Any]

READINGS = st.fixed_dictionaries(
    {
        "parallel": st.integers(1, 8),
        "pages_that_fit": st.sampled_from([0, 1, 4, 32, 200]),
        "after": st.sampled_from([0, 0, 20]),
        "changes": st.sampled_from([0.0, 0.05, 0.3]),
        "short_pages": st.sampled_from([0.0, 0.3]),
    }
)
APIS = st.fixed_dictionaries(
    {
        "limit": st.integers(1, 12),
        "cap": st.sampled_from([1, 3, 250]),
        "inclusive": st.booleans(),
        "sorts_descending": st.booleans(),
        "total": st.sampled_from([None, 1, 1, 0, 0.1, 50]),
    }
)


@settings(max_examples=12 * settings().max_examples, deadline=None, print_blob=True)
@given(st.integers(0, 2**32), st.sampled_from(LAYOUTS), st.integers(0, 120), APIS, READINGS)
def test_no_row_is_skipped(
    seed: int, layout: str, rows: int, api: Options, reading: Options
) -> None:
    chance = random.Random(seed)
    list_ = SimulatedList(random_ids(layout, rows, chance), **api)
    before = {id_ for id_ in list_.ids if id_ > reading["after"]}
    ids = read_through(list_, latency=chance.random, chance=chance, **reading).ids
    assert ids == sorted(set(ids))
    assert before - list_.deleted <= set(ids)


def page(*ids: Any, limit: int = 10) -> Page:
    return Page(list(ids), limit, Response("", 0, None, None, BEGIN, BEGIN))


def new_paginator(after: int = 0, **pagination: Any) -> IdRangePaginator:
    return IdRangePaginator("rows", ByIdRange("min_id", **pagination), after=after, parallel=8)


def paginator_that_knows(last: int) -> IdRangePaginator:
    """A paginator that has read the rows 1 to 10, and knows that this is the last id."""
    paginator = new_paginator(descending=DESCENDING)
    paginator.received(paginator.next_requests(1, 32)[0], page(*range(1, 11)))
    front, last_request = paginator.next_requests(2, 32)
    assert last_request.kind is RequestKind.LAST
    paginator.received(last_request, page(last, limit=1))
    paginator.received(front, page(10))
    return paginator


def test_a_page_without_rows_that_came_before_is_requested_again() -> None:
    paginator = paginator_that_knows(last=20)
    (again,) = paginator.next_requests(1, 32)
    assert (again.kind, again.bound) == (RequestKind.PAGE, 9)
    paginator.received(again, page(*range(10, 20)))
    assert [ids for _, ids in paginator.ready()] == [list(range(1, 11)), list(range(11, 20))]
    assert not paginator.finished


@pytest.mark.parametrize(("last", "contradiction"), [(10, "None"), (20, "last one has id 20")])
def test_if_rows_stay_missing_the_last_one_is_requested(last: int, contradiction: str) -> None:
    """Which may have been deleted meanwhile."""
    paginator = paginator_that_knows(last=20)
    paginator.received(paginator.next_requests(1, 32)[0], page(10))
    assert [ids for _, ids in paginator.ready()] == [list(range(1, 11))]
    (last_request,) = paginator.next_requests(1, 32)
    assert last_request.kind is RequestKind.LAST
    paginator.received(last_request, page(last, limit=1))
    assert paginator.finished
    assert contradiction in str(paginator.contradiction)


def test_ids_may_be_up_to_eight_bytes_large() -> None:
    ids = [1, 2**32 - 1, 2**32, 2**40, 2**63 - 1]
    assert read_through(SimulatedList(ids, limit=3), parallel=1).ids == ids


@pytest.mark.parametrize("front_is_later", [True, False])
def test_of_a_row_that_came_twice_the_later_response_counts(front_is_later: bool) -> None:
    paginator = new_paginator()
    paginator.received(paginator.next_requests(1, 32)[0], page(*range(1, 11)))
    front, behind = paginator.next_requests(8, 32)
    assert behind.bound is not None
    both = list(range(behind.bound + 1, behind.bound + 5))
    pages = [page(*range(11, both[-1] + 1)), page(*both)]
    pages[not front_is_later].response.sent_at += timedelta(seconds=1)
    paginator.received(behind, pages[1])
    paginator.received(front, pages[0])
    source = {id_: source for source, ids in paginator.ready() for id_ in ids}
    assert all(source[id_] is pages[not front_is_later] for id_ in both)


@pytest.mark.parametrize(
    ("after", "ids", "kind", "message"),
    [
        (0, (3, 2), UnexpectedResponse, "does not sort or filter as documented"),
        (0, (2, 2), UnexpectedResponse, "does not sort or filter as documented"),
        (50, (1, 2, 3), UnexpectedResponse, "from 50 on, the API answered with id 1"),
        *[(0, (id_,), BadRecord, "no usable id") for id_ in (None, "7", 7.0, True, 0, 2**63)],
    ],
)
def test_odd_ids_are_errors(after: int, ids: Any, kind: type[TapError], message: str) -> None:
    paginator = new_paginator(after)
    with pytest.raises(kind, match=message):
        paginator.received(paginator.next_requests(1, 32)[0], page(*ids))


# What it costs

ROWS = 50_000
PAGES = ROWS // 250


def holes(share: float) -> list[int]:
    """Random ids without this share of them."""
    return sorted(random.Random(1).sample(range(1, int(ROWS / (1 - share))), ROWS))


DENSE = list(range(1, ROWS + 1))
EVEN = {"dense": DENSE, "2% holes": holes(0.02), "10% holes": holes(0.1), "50% holes": holes(0.5)}
UNEVEN = {
    "every 10,000th": list(range(10_000, 10_000 * (ROWS + 1), 10_000)),
    "a filter of a smaller list": [*range(1, 45_001, 33), *range(45_001, 50_001)],
    **{layout: random_ids(layout, ROWS, random.Random(1)) for layout in LAYOUTS[2:]},
}

every_api = pytest.mark.parametrize(
    "api",
    [
        {"sorts_descending": sorts, "total": total, "inclusive": inclusive}
        for sorts, total, inclusive in ((True, 1, True), (True, None, False), (False, 1, False))
    ],
    ids=str,
)


def unequal(seed: int) -> Callable[[], float]:
    """Latencies that differ by half, and now and then one that is three times as long."""
    chance = random.Random(seed)
    return lambda: 1 + chance.random() / 2 + (2.0 if chance.random() < 0.02 else 0.0)


@every_api
@pytest.mark.parametrize("kind", [*EVEN, *UNEVEN])
def test_even_ids_cost_a_tenth_more_and_uneven_ones_a_quarter(kind: str, api: Options) -> None:
    list_ = SimulatedList({**EVEN, **UNEVEN}[kind], **api)
    most = (1.1 if kind in EVEN else 1.25) * list_.fewest_pages
    for seed in range(2):
        assert read_through(list_, latency=unequal(seed)).requests <= most


@every_api
def test_a_list_of_few_pages_costs_at_most_three_requests_more(api: Options) -> None:
    """With an exclusive bound, a fourth one shows whether the filter works at all."""
    chance = random.Random(1)
    for spread in (1, 2, 10_000):
        for rows in (*range(1, 1000, 21), 249, 250, 251, 499, 500, 501, 750, 751, 999, 1000):
            list_ = SimulatedList(sorted(chance.sample(range(1, rows * spread + 1), rows)), **api)
            most = list_.fewest_pages + 4 - api["inclusive"]
            assert read_through(list_).requests <= most, f"{rows} rows"


@every_api
def test_four_fifths_of_the_parallelism_are_used(api: Options) -> None:
    used = {
        kind: PAGES / (8 * read_through(SimulatedList(EVEN[kind], **api)).time)
        for kind in ("dense", "2% holes", "10% holes")
    }
    assert used["dense"] >= 0.8
    if api["total"] and api["sorts_descending"]:
        # Total and last row show that ids are even: there is no slow start.
        assert min(used.values()) >= 0.85, used


def test_what_proves_the_end_of_a_list_is_asked_while_its_last_pages_are_on_their_way() -> None:
    # The first page; the second one and the last row; the third page, and what is behind it.
    assert read_through(SimulatedList(list(range(1, 521)))).time == 3


@pytest.mark.parametrize("sorts_descending", [True, False])
@pytest.mark.parametrize("pages_that_fit", [0, 1, 4, 32])
def test_no_more_waits_than_memory_holds(pages_that_fit: int, sorts_descending: bool) -> None:
    """However little that is, the list is read to its end: the next page is always requested."""
    for ids in (DENSE, UNEVEN["clusters"], UNEVEN["huge gaps"]):
        list_ = SimulatedList(ids[:20_000], sorts_descending=sorts_descending)
        cost = read_through(list_, latency=unequal(1), pages_that_fit=pages_that_fit)
        assert cost.most_pages <= pages_that_fit + 1


@pytest.mark.parametrize("cap", [1, 3, 100])
def test_a_list_that_gives_less_than_asked_is_read_at_what_it_gives(cap: int) -> None:
    for inclusive in (True, False):
        list_ = SimulatedList(list(range(1, 20 * cap + 1)), cap=cap, inclusive=inclusive)
        # With an inclusive bound, one row of each page is known.
        pages = 40 if cap == 1 else 20 * cap / (cap - inclusive)
        assert read_through(list_).requests <= 1.25 * pages + 5
