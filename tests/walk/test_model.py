"""Nothing is lost, whatever changes, fails or is killed: syncs of random stores."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_runs import Ledger, Setup
from model_store import Clock, Manners, ModelList
from random_lists import LAYOUTS, random_ids

CASES = 400
"""A walk each, or several: about a minute at the most."""
MOST_RUNS = 5


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of warnings of faults would take longer than the syncs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@settings(
    max_examples=CASES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    seed=st.integers(0, 2**32),
    page_size=st.integers(5, 25),
    pages=st.integers(8, 30),
    layout=st.sampled_from(LAYOUTS),
    changes=st.sampled_from([0.0, 0.1, 0.5]),
    faults=st.sampled_from([0.0, 0.02, 0.1, 0.25]),
    accidents=st.sampled_from([0.0, 0.3]),
    setup=st.builds(
        Setup,
        page_size=st.just(0),
        parallel=st.integers(1, 8),
        buffered=st.sampled_from([20_000, 4_000_000, 32_000_000]),
        can_see_last=st.booleans(),
        incremental=st.booleans(),
        deletes=st.sampled_from(["not", "tombstones", "versions"]),
    ),
    inclusive=st.booleans(),
    cap=st.sampled_from(["none", "silent", "said", "one row"]),
    tells_time=st.booleans(),
    v3=st.booleans(),
    heavy=st.integers(0, 2),
    names=st.sampled_from([("orders",), ("orders", "customers")]),
)
def test_whatever_happens_every_record_arrives(
    seed: int,
    page_size: int,
    pages: int,
    layout: str,
    changes: float,
    faults: float,
    accidents: float,
    setup: Setup,
    inclusive: bool,
    cap: str,
    tells_time: bool,
    v3: bool,
    heavy: int,
    names: tuple[str, ...],
) -> None:
    """`seed` decides all the rest: what changes or fails and when, and when a run is killed."""
    chance = random.Random(seed)
    # A store that does not tell the time is taken to be five minutes off at the most.
    clock = Clock(tap_is_ahead=chance.uniform(-1, 1) * (3600 if tells_time else 290))
    lists = {}
    for name in names:
        rows = 100 if cap == "one row" else max(100, pages * page_size)
        ids = random_ids(layout, rows, chance)
        manners = Manners(
            inclusive=inclusive,
            cap={"none": page_size, "one row": 1}.get(cap, page_size // 2),
            says_cap=cap == "said",
            tells_time=tells_time,
            v3=v3,
            heavy=frozenset(chance.sample(ids, heavy)),
            heavy_limit=chance.choice((1, 2, 4)),
        )
        lists[name] = ModelList(ids, manners, clock, chance)
        lists[name].change_share, lists[name].fault_share = changes, faults
        lists[name].accident_share = accidents
    ledger = Ledger(lists, clock, replace(setup, page_size=page_size), chance)
    for _ in range(chance.randint(1, MOST_RUNS)):
        ledger.run(may_be_killed=True)
        for _ in range(chance.randint(0, 5)):
            clock.now += chance.uniform(0, 100)
            chance.choice(list(lists.values())).change()
    # Then nothing changes or fails any more.
    for list_ in lists.values():
        list_.change_share = list_.fault_share = list_.accident_share = 0.0
    clock.now += 10
    if ledger.resumes:
        assert ledger.run(may_be_killed=False)
    assert ledger.run(may_be_killed=False)
    ledger.check_all()
