"""Reading by id: whatever the order of requests, changes and responses, no row is skipped."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_lists import LAYOUTS, random_ids

from tap_bigcommerce.api.response import Response
from tap_bigcommerce.exceptions import BadRecord, UnexpectedResponse
from tap_bigcommerce.pagination.id_ranges import (
    DESCENDING,
    ByIdRange,
    IdRangePaginator,
    IdRangeRequest,
)
from tap_bigcommerce.pagination.page import Page, RequestKind

HISTORIES = 12 * settings().max_examples
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)
ASCENDING_ONLY = ByIdRange("min_id")
BOTH_ORDERS = ByIdRange("min_id", descending=DESCENDING)


@dataclass(frozen=True)
class List:
    """A list that changes: its rows are versions by id. `cap`: the most rows of a response."""

    rows: dict[int, int]
    inclusive: bool
    cap: int
    total: float | None = None
    """The total that the API names, as a multiple of the real one; None: it names none."""
    deleted: set[int] = field(default_factory=set)

    def respond(self, request: IdRangeRequest, limit: int) -> dict[int, int]:
        ids = sorted(self.rows)
        if request.bound is None:
            return {id_: self.rows[id_] for id_ in ids[-1:]}
        found = [id_ for id_ in ids if id_ >= request.bound + (not self.inclusive)]
        return {id_: self.rows[id_] for id_ in found[: min(limit, self.cap)]}

    def change(self, chance: random.Random) -> None:
        last = max(self.rows, default=0)
        kind = chance.choice(("update", "delete", "insert", "append"))
        if kind == "append" or not self.rows:
            self.rows[last + chance.choice((1, 1, 40))] = 1
            return
        # The last rows more often than others: the paginator may know them early.
        id_ = chance.choice(sorted(self.rows)[chance.choice((0, -3)) :])
        if kind == "update":
            self.rows[id_] += 1
        elif kind == "delete":
            del self.rows[id_]
            self.deleted.add(id_)
        else:
            self.rows.setdefault(chance.randint(1, last), 1)


@dataclass
class SentRequest:
    """First sent, then answered by the store, then received."""

    request: IdRangeRequest
    limit: int
    sent_at: int
    versions: dict[int, int] | None = None


def history(
    list_: List,
    paginator: IdRangePaginator,
    parallel: int,
    limit: int,
    changes: float,
    chance: random.Random,
) -> Iterator[tuple[int, int]]:
    """Read the list to its end; yields the ids in order, each with its version."""
    under_way: list[SentRequest] = []
    # Each request is three moments; a list of one row a page takes two requests a row.
    for moment in range(500 + 30 * len(list_.rows)):
        if paginator.finished:
            return
        if chance.random() < changes:
            list_.change(chance)
        free = min(
            parallel - len(under_way), chance.choice((paginator.needs_next_page, 1, parallel))
        )
        for request in paginator.next_requests(free, chance.choice((0, 1, 4, 32, 200))):
            under_way.append(SentRequest(request, chance.choice((limit, limit, 1)), moment))
        if not under_way:
            continue
        sent = chance.choice(under_way)
        if sent.versions is None:
            sent.versions = list_.respond(sent.request, sent.limit)
            continue
        under_way.remove(sent)
        sent_at = BEGIN + timedelta(seconds=sent.sent_at)
        total = None if list_.total is None else int(list_.total * len(list_.rows))
        response = Response("", 0, sent.versions, total, sent_at, sent_at)
        paginator.received(sent.request, Page(list(sent.versions), sent.limit, response))
        for source, ids in paginator.ready():
            for id_ in ids:
                yield id_, source.response.content[id_]
    pytest.fail("the paginator does not come to an end")


@settings(max_examples=HISTORIES, deadline=None, print_blob=True)
@given(
    seed=st.integers(0, 2**32),
    layout=st.sampled_from(LAYOUTS),
    rows=st.integers(0, 120),
    limit=st.integers(1, 12),
    cap=st.sampled_from([1, 3, 250]),
    inclusive=st.booleans(),
    sorts_descending=st.booleans(),
    total=st.sampled_from([None, 1, 1, 0, 0.1, 50]),
    parallel=st.integers(1, 8),
    changes=st.sampled_from([0.0, 0.05, 0.3]),
    after=st.sampled_from([0, 0, 20]),
)
def test_rows_that_are_there_all_the_time_are_yielded_once_and_in_order(
    seed: int,
    layout: str,
    rows: int,
    limit: int,
    cap: int,
    inclusive: bool,
    sorts_descending: bool,
    total: float | None,
    parallel: int,
    changes: float,
    after: int,
) -> None:
    chance = random.Random(seed)
    list_ = List(dict.fromkeys(random_ids(layout, rows, chance), 1), inclusive, cap, total)
    before = dict(list_.rows)
    pagination = BOTH_ORDERS if sorts_descending else ASCENDING_ONLY
    paginator = IdRangePaginator("rows", pagination, after=after, parallel=parallel)
    yielded = list(history(list_, paginator, parallel, limit, changes, chance))
    ids = [id_ for id_, _ in yielded]
    assert ids == sorted(set(ids))
    assert {id_ for id_ in before if id_ > after and id_ not in list_.deleted} <= set(ids)
    assert all(version >= before.get(id_, 1) for id_, version in yielded)


def page(*ids: Any, limit: int = 10) -> Page:
    return Page(list(ids), limit, Response("", 0, None, None, BEGIN, BEGIN))


def paginator_that_knows(last: int) -> IdRangePaginator:
    """A paginator that has read the rows 1 to 10, and knows that this is the last id."""
    paginator = IdRangePaginator("rows", BOTH_ORDERS, parallel=8)
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


def test_ids_may_be_up_to_eight_bytes_large() -> None:
    ids = [1, 2**32 - 1, 2**32, 2**40, 2**63 - 1]
    paginator = IdRangePaginator("rows", ASCENDING_ONLY, parallel=1)
    for begin in range(0, len(ids), 2):
        (request,) = paginator.next_requests(1, 32)
        paginator.received(request, page(*ids[begin : begin + 3], limit=3))
        list(paginator.ready())
    assert list(paginator.yielded_ids) == ids


@pytest.mark.parametrize(("last", "contradiction"), [(10, None), (20, "last one has id 20")])
def test_if_rows_that_came_before_stay_missing_the_last_row_is_requested(
    last: int, contradiction: str | None
) -> None:
    """Which may have been deleted meanwhile."""
    paginator = paginator_that_knows(last=20)
    (again,) = paginator.next_requests(1, 32)
    paginator.received(again, page(10))
    assert [ids for _, ids in paginator.ready()] == [list(range(1, 11))]
    (last_request,) = paginator.next_requests(1, 32)
    assert last_request.kind is RequestKind.LAST
    paginator.received(last_request, page(last, limit=1))
    assert paginator.finished
    assert (contradiction or "None") in str(paginator.contradiction)


@pytest.mark.parametrize("front_is_later", [True, False])
def test_of_a_row_that_came_twice_the_later_response_counts(front_is_later: bool) -> None:
    paginator = IdRangePaginator("rows", ASCENDING_ONLY, parallel=8)
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


@pytest.mark.parametrize("ids", [(3, 2), (2, 2), (1, 2, 3, 2)])
def test_ids_that_do_not_rise_end_in_an_error(ids: tuple[int, ...]) -> None:
    paginator = IdRangePaginator("rows", ASCENDING_ONLY, parallel=8)
    with pytest.raises(UnexpectedResponse, match="does not sort or filter as documented"):
        paginator.received(paginator.next_requests(1, 32)[0], page(*ids))


def test_ids_below_the_bound_end_in_an_error() -> None:
    paginator = IdRangePaginator("rows", ASCENDING_ONLY, after=50, parallel=8)
    with pytest.raises(UnexpectedResponse, match="from 50 on, the API answered with id 1"):
        paginator.received(paginator.next_requests(1, 32)[0], page(1, 2, 3))


@pytest.mark.parametrize("id_", [None, "7", 7.0, True, 0, -1])
def test_an_id_that_is_none_ends_in_an_error(id_: Any) -> None:
    paginator = IdRangePaginator("rows", ASCENDING_ONLY, parallel=8)
    with pytest.raises(BadRecord, match="no usable id"):
        paginator.received(paginator.next_requests(1, 32)[0], page(id_))
