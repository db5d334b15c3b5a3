"""Sets of ids keep what they are given, and pack as small as is promised."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_bigcommerce.sync.deletes.id_sets import id_set, pack, unpack

LARGEST = 2**64 - 1

numbers = st.integers(0, LARGEST) | st.integers(0, 2000)
sets = st.sets(numbers)


@given(sets)
def test_a_set_comes_back_as_it_was_packed(ids: set[int]) -> None:
    assert list(unpack(pack(id_set(ids)))) == sorted(ids)


@given(st.lists(st.tuples(st.booleans(), sets)))
def test_a_set_behaves_as_sets_do_also_after_it_was_packed(
    steps: list[tuple[bool, set[int]]],
) -> None:
    kept, expected = id_set(), set[int]()
    for adds, ids in steps:
        if adds:
            kept |= id_set(ids)
            expected |= ids
        else:
            kept -= id_set(ids)
            expected -= ids
        pack(kept)
        assert list(kept) == sorted(expected)
        assert len(kept) == len(expected)
        assert all(id_ in kept for id_ in expected)


@pytest.mark.parametrize("id_", [-1, LARGEST + 1])
def test_a_number_out_of_reach_is_refused(id_: int) -> None:
    with pytest.raises(OverflowError):
        id_set([1, id_])


@given(st.binary(max_size=200))
def test_bytes_that_are_no_set_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(content)


@pytest.mark.parametrize(("holes", "most"), [(0.0, 1_000), (0.01, 60_000), (0.1, 110_000)])
def test_a_million_ids_pack_small(holes: float, most: int) -> None:
    chance = random.Random(1)
    ids = id_set(id_ for id_ in range(1, 1_000_001) if chance.random() >= holes)
    assert len(base64.b64encode(pack(ids))) < most
