"""Rising ids are kept in little memory, and come back as they were."""

from __future__ import annotations

import itertools
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from tap_bigcommerce.pages.rising_ids import RisingIds

DIFFERENCES = st.integers(1, 2**40) | st.integers(1, 300)


@given(st.lists(st.lists(DIFFERENCES)))
def test_ids_come_back_as_they_were_given(differences: list[list[int]]) -> None:
    kept, ids, last = RisingIds(), list[int](), 0
    for some in differences:
        more = [last + rise for rise in itertools.accumulate(some)]
        kept.extend(more)
        ids += more
        last = ids[-1] if ids else 0
    assert list(kept) == ids
    assert (len(kept), kept.last) == (len(ids), last)


def test_a_million_ids_that_lie_close_take_a_megabyte() -> None:
    kept = RisingIds()
    tracemalloc.start()
    kept.extend(range(3, 3_000_003, 3))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 1_000_000
    assert taken < 1_300_000
