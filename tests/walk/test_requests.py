"""What a walk costs: requests beyond the fullest packing of pages, time, and memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from simulated_walk import SimulatedList, walk_through

ROWS = 50_000
PAGES = ROWS // 250
HUGE = 10**9


def holes(share: float) -> list[int]:
    """Random ids of which this share is missing."""
    return sorted(random.Random(1).sample(range(1, int(ROWS / (1 - share))), ROWS))


def thin_then_dense() -> list[int]:
    """What a filter leaves: 3% of the old ids, all of the newest."""
    old = random.Random(1).sample(range(1, 1_000_000), 30_000)
    return sorted(old) + list(range(1_000_000, 1_020_000))


DENSE = range(1, ROWS + 1)
EVEN = {"dense": DENSE, "2% holes": holes(0.02), "10% holes": holes(0.1), "50% holes": holes(0.5)}
UNEVEN = {
    "one in 10,000": holes(0.9999),
    "every 10,000th": range(10_000, 10_000 * (ROWS + 1), 10_000),
    "clusters": [place // 500 * 100_000 + place % 500 + 1 for place in range(ROWS)],
    "a filter": thin_then_dense(),
}
GAPS = [id_ + (id_ - 1) // 10_000 * HUGE for id_ in DENSE]

can_see_last = pytest.mark.parametrize("can_see_last", [True, False], ids=["sorts", "no sorting"])
inclusive = pytest.mark.parametrize("inclusive", [True, False], ids=["inclusive", "exclusive"])
latencies = pytest.mark.parametrize("seed", range(3))


def unequal(seed: int) -> Callable[[], float]:
    """Latencies that differ by half, and now and then one that is three times as long."""
    chance = random.Random(seed)
    return lambda: 1 + chance.random() / 2 + (2.0 if chance.random() < 0.02 else 0.0)


@latencies
@inclusive
@can_see_last
@pytest.mark.parametrize("kind", EVEN)
def test_even_ids_cost_at_most_a_tenth_more(
    kind: str, can_see_last: bool, inclusive: bool, seed: int
) -> None:
    list_ = SimulatedList(EVEN[kind], inclusive=inclusive, can_see_last=can_see_last)
    assert walk_through(list_, latency=unequal(seed)).requests <= 1.10 * PAGES


@latencies
@inclusive
@can_see_last
@pytest.mark.parametrize("kind", UNEVEN)
def test_uneven_ids_cost_at_most_a_quarter_more(
    kind: str, can_see_last: bool, inclusive: bool, seed: int
) -> None:
    list_ = SimulatedList(UNEVEN[kind], inclusive=inclusive, can_see_last=can_see_last)
    assert walk_through(list_, latency=unequal(seed)).requests <= 1.25 * PAGES


@latencies
@inclusive
@can_see_last
def test_what_a_filter_leaves_of_a_smaller_list_costs_no_more(
    can_see_last: bool, inclusive: bool, seed: int
) -> None:
    ids = [*range(1, 45_001, 33), *range(45_001, 50_001)]
    list_ = SimulatedList(ids, inclusive=inclusive, can_see_last=can_see_last)
    assert walk_through(list_, latency=unequal(seed)).requests <= 1.25 * list_.fewest_pages


@latencies
@inclusive
@can_see_last
def test_a_huge_gap_costs_at_most_eight_requests(
    can_see_last: bool, inclusive: bool, seed: int
) -> None:
    list_ = SimulatedList(GAPS, inclusive=inclusive, can_see_last=can_see_last)
    without = SimulatedList(DENSE, inclusive=inclusive, can_see_last=can_see_last)
    cost = walk_through(list_, latency=unequal(seed)).requests
    assert cost <= walk_through(without, latency=unequal(seed)).requests + 4 * 8


@inclusive
@can_see_last
@pytest.mark.parametrize("spread", [1, 2, 10_000])
def test_a_list_of_few_pages_costs_at_most_three_requests_more(
    spread: int, can_see_last: bool, inclusive: bool
) -> None:
    chance = random.Random(1)
    for rows in [*range(1, 1000, 7), 249, 250, 251, 499, 500, 501, 749, 750, 751, 999, 1000]:
        ids = sorted(chance.sample(range(1, rows * spread + 1), rows))
        list_ = SimulatedList(ids, inclusive=inclusive, can_see_last=can_see_last)
        assert walk_through(list_).requests <= list_.fewest_pages + 3, f"{rows} rows"


@can_see_last
def test_three_quarters_of_the_parallelism_are_used(can_see_last: bool) -> None:
    list_ = SimulatedList(DENSE, can_see_last=can_see_last)
    assert PAGES / (8 * walk_through(list_).time) >= 0.75


@can_see_last
@pytest.mark.parametrize("pages_that_fit", [0, 1, 4, 32])
@pytest.mark.parametrize(
    "ids", [DENSE, UNEVEN["clusters"], GAPS], ids=["dense", "clusters", "gaps"]
)
def test_no_more_waits_than_memory_holds(
    ids: Sequence[int], pages_that_fit: int, can_see_last: bool
) -> None:
    """However little that is, the walk goes on: the next page in order is always asked for."""
    list_ = SimulatedList(ids[:20_000], can_see_last=can_see_last)
    cost = walk_through(list_, latency=unequal(1), pages_that_fit=pages_that_fit)
    assert cost.most_pages <= pages_that_fit + 1


@pytest.mark.parametrize("cap", [1, 3, 100])
def test_a_list_that_gives_less_than_asked_is_read_at_what_it_gives(cap: int) -> None:
    rows = 20 * cap
    for inclusive in (True, False):
        list_ = SimulatedList(range(1, rows + 1), cap=cap, inclusive=inclusive)
        # With an inclusive bound, one row of each answer is known.
        pages = 40 if cap == 1 else 20 * cap / (cap - inclusive)
        assert walk_through(list_).requests <= 1.25 * pages + 5
