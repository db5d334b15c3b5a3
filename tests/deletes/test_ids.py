"""Sets of ids return what they were given, and are as small as documented."""

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
def test_an_unpacked_set_equals_the_packed_one(ids: set[int]) -> None:
    assert list(unpack(pack(id_set(ids)))) == sorted(ids)


@given(st.lists(st.tuples(st.booleans(), sets)))
def test_a_set_still_works_after_it_was_packed(steps: list[tuple[bool, set[int]]]) -> None:
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
def test_a_number_outside_of_64_bits_is_rejected(id_: int) -> None:
    with pytest.raises(OverflowError):
        id_set([1, id_])


@given(st.binary(max_size=200))
def test_bytes_that_are_not_a_set_are_rejected(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(content)


@pytest.mark.parametrize(("gap_share", "max_size"), [(0.0, 1_000), (0.01, 60_000), (0.1, 110_000)])
def test_a_million_ids_are_packed_into_few_bytes(gap_share: float, max_size: int) -> None:
    chance = random.Random(1)
    ids = id_set(id_ for id_ in range(1, 1_000_001) if chance.random() >= gap_share)
    assert len(base64.b64encode(pack(ids))) < max_size
