"""What it costs to read a list by id: requests beyond those for full pages, time, and memory."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping

import pytest
from simulated_list import SimulatedList, read_through

ROWS = 50_000
PAGES = ROWS // 250
HUGE = 10**9


def holes(share: float) -> list[int]:
    """Random ids without this share of them."""
    return sorted(random.Random(1).sample(range(1, int(ROWS / (1 - share))), ROWS))


def thin_then_dense() -> list[int]:
    """The ids that a filter matches: 3% of the old ones, all of the newest."""
    old = random.Random(1).sample(range(1, 1_000_000), 30_000)
    return sorted(old) + list(range(1_000_000, 1_020_000))


DENSE = range(1, ROWS + 1)
EVEN = {"dense": DENSE, "2% holes": holes(0.02), "10% holes": holes(0.1), "50% holes": holes(0.5)}
UNEVEN = {
    "one in 10,000": holes(0.9999),
    "every 10,000th": range(10_000, 10_000 * (ROWS + 1), 10_000),
    "clusters": [index // 500 * 100_000 + index % 500 + 1 for index in range(ROWS)],
    "a filter": thin_then_dense(),
    "a filter of a smaller list": [*range(1, 45_001, 33), *range(45_001, 50_001)],
}
GAPS = [id_ + (id_ - 1) // 10_000 * HUGE for id_ in DENSE]

Api = Mapping[str, bool]
# Whether the API sorts, names a total, and includes the bound.
APIS: list[Api] = [
    {"sorts_descending": sorts, "names_total": total, "inclusive": inclusive}
    for sorts, total, inclusive in ((True,) * 3, (True, False, False), (False, True, False))
]
every_api = pytest.mark.parametrize("api", APIS, ids=str)


def unequal(seed: int) -> Callable[[], float]:
    """Latencies that differ by half, and now and then one that is three times as long."""
    chance = random.Random(seed)
    return lambda: 1 + chance.random() / 2 + (2.0 if chance.random() < 0.02 else 0.0)


@every_api
@pytest.mark.parametrize("kind", [*EVEN, *UNEVEN])
def test_even_ids_cost_at_most_a_tenth_more_and_uneven_ones_a_quarter(kind: str, api: Api) -> None:
    list_ = SimulatedList({**EVEN, **UNEVEN}[kind], **api)
    most = (1.1 if kind in EVEN else 1.25) * list_.fewest_pages
    for seed in range(2):
        assert read_through(list_, latency=unequal(seed)).requests <= most


@every_api
def test_a_huge_gap_costs_at_most_eight_requests(api: Api) -> None:
    cost = read_through(SimulatedList(GAPS, **api), latency=unequal(0)).requests
    without = read_through(SimulatedList(DENSE, **api), latency=unequal(0)).requests
    assert cost <= without + 4 * 8


@every_api
def test_a_list_of_few_pages_costs_at_most_three_requests_more(api: Api) -> None:
    """With an exclusive bound, a fourth one shows whether the filter works at all."""
    chance = random.Random(1)
    for spread, rows in itertools.product(
        (1, 2, 10_000), [*range(1, 1000, 21), 249, 250, 251, 499, 500, 501, 750, 751, 999, 1000]
    ):
        ids = sorted(chance.sample(range(1, rows * spread + 1), rows))
        list_ = SimulatedList(ids, **api)
        most = list_.fewest_pages + 4 - api["inclusive"]
        assert read_through(list_).requests <= most, f"{rows} rows"


@every_api
def test_four_fifths_of_the_parallelism_are_used(api: Api) -> None:
    assert PAGES / (8 * read_through(SimulatedList(DENSE, **api)).time) >= 0.8


@pytest.mark.parametrize("kind", [kind for kind in EVEN if kind != "50% holes"])
def test_where_total_and_last_row_show_even_ids_there_is_no_slow_start(kind: str) -> None:
    full = SimulatedList(EVEN[kind], names_total=True)
    assert PAGES / (8 * read_through(full).time) >= 0.85


def test_what_proves_the_end_of_a_list_is_asked_while_its_last_pages_are_on_their_way() -> None:
    # The first page; the second one and the last row; the third page, and what is behind it.
    assert read_through(SimulatedList(range(1, 521))).time == 3


@pytest.mark.parametrize("sorts_descending", [True, False])
@pytest.mark.parametrize("pages_that_fit", [0, 1, 4, 32])
def test_no_more_waits_than_memory_holds(pages_that_fit: int, sorts_descending: bool) -> None:
    """However little that is, the list is read to its end: the next page is always requested."""
    for ids in (DENSE, UNEVEN["clusters"], GAPS):
        list_ = SimulatedList(ids[:20_000], sorts_descending=sorts_descending)
        cost = read_through(list_, latency=unequal(1), pages_that_fit=pages_that_fit)
        assert cost.most_pages <= pages_that_fit + 1


@pytest.mark.parametrize("cap", [1, 3, 100])
def test_a_list_that_gives_less_than_asked_is_read_at_what_it_gives(cap: int) -> None:
    rows = 20 * cap
    for inclusive in (True, False):
        list_ = SimulatedList(range(1, rows + 1), cap=cap, inclusive=inclusive)
        # With an inclusive bound, one row of each page is known.
        pages = 40 if cap == 1 else 20 * cap / (cap - inclusive)
        assert read_through(list_).requests <= 1.25 * pages + 5
