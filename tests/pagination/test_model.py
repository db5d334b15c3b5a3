"""Nothing is lost, whatever changes, fails or is killed: syncs of random stores."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from model_runs import Setup, StoreRuns
from model_store import ApiBehavior, Clock, ModelList, ModelQuota
from random_lists import LAYOUTS, random_ids

STEPS = 10
"""Syncs, changes and pauses in the life of a store, at the most."""
FEWEST_ROWS, MOST_ROWS = 100, 2000

seeds = st.integers(0, 2**32)
"""A step's seed decides all that happens in it: what changes or fails and when, and when the run is
killed. A failure prints its steps with their seeds, and so all that it takes to see it again."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of warnings of faults would take longer than the syncs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class StoreLife(RuleBasedStateMachine):
    """A store that changes and fails while it is synced, and syncs that are killed and resumed.

    Each step checks what it wrote. At the end, when nothing changes or fails any more, one more
    sync has to have written everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random()
        self.lists: dict[str, ModelList] = {}

    @initialize(
        seed=seeds,
        page_size=st.integers(5, 25),
        pages=st.integers(8, 30) | st.integers(8, 100),
        layout=st.sampled_from(LAYOUTS),
        changes=st.sampled_from([0.0, 0.1, 0.5]),
        faults=st.sampled_from([0.0, 0.02, 0.1, 0.25]),
        accidents=st.sampled_from([0.0, 0.3]),
        setup=st.builds(
            Setup,
            page_size=st.just(0),
            parallel=st.integers(1, 8),
            buffered=st.sampled_from([20_000, 4_000_000, 32_000_000]),
            sorts_descending=st.booleans(),
            incremental=st.booleans(),
            deletes=st.sampled_from(["not", "tombstones", "versions"]),
        ),
        inclusive=st.booleans(),
        cap=st.sampled_from(["none", "silent", "said", "one row"]),
        quota=st.none() | st.integers(4, 20),
        sends_date=st.booleans(),
        v3=st.booleans(),
        heavy=st.integers(0, 2),
        names=st.sampled_from([("orders",), ("orders", "customers")]),
    )
    def opens(
        self,
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
        quota: int | None,
        sends_date: bool,
        v3: bool,
        heavy: int,
        names: tuple[str, ...],
    ) -> None:
        """`quota`: requests in a window; None: responses name none. `cap`: see ApiBehavior."""
        chance = self.chance
        chance.seed(seed)
        # The tap assumes that a store without a Date header is off by at most five minutes.
        self.clock = Clock(tap_is_ahead=chance.uniform(-1, 1) * (3600 if sends_date else 290))
        allowed = ModelQuota(quota, self.clock) if quota is not None else None
        for name in names:
            rows = FEWEST_ROWS
            if cap != "one row":
                rows = min(MOST_ROWS, max(rows, pages * page_size))
            ids = random_ids(layout, rows, chance)
            behavior = ApiBehavior(
                inclusive=inclusive,
                cap={"none": page_size, "one row": 1}.get(cap, page_size // 2),
                says_cap=cap == "said",
                sends_date=sends_date,
                v3=v3,
                heavy=frozenset(chance.sample(ids, heavy)),
                heavy_limit=chance.choice((1, 2, 4)),
            )
            list_ = ModelList(ids, behavior, self.clock, chance, allowed)
            list_.change_share, list_.fault_share = changes, faults
            list_.accident_share = accidents
            self.lists[name] = list_
        self.runs = StoreRuns(self.lists, self.clock, replace(setup, page_size=page_size), chance)

    @rule(seed=seeds)
    def is_synced(self, seed: int) -> None:
        """Or a part of it, for the run may be killed."""
        self.chance.seed(seed)
        self.runs.run(may_be_killed=True)

    @rule(seed=seeds, changes=st.integers(1, 5), seconds=st.floats(0, 100))
    def changes(self, seed: int, changes: int, seconds: float) -> None:
        """Between the syncs."""
        self.chance.seed(seed)
        for _ in range(changes):
            self.clock.now += seconds / changes
            self.chance.choice(list(self.lists.values())).change()

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:
            return  # It has failed already.
        for list_ in self.lists.values():
            list_.change_share = list_.fault_share = list_.accident_share = 0.0
        self.clock.now += 10
        if self.runs.resumes:
            assert self.runs.run(may_be_killed=False)
        assert self.runs.run(may_be_killed=False)
        self.runs.check_all()


@pytest.mark.timeout(600)  # `make test-all` tries 200 of them.
def test_whatever_happens_every_record_arrives() -> None:
    run_state_machine_as_test(
        StoreLife,
        settings=settings(
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
