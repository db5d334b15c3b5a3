"""Lists that change while they are read: what was there throughout arrives, whatever else does."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
import tap_runner
from fault_runs import critical, small
from fault_truth import STREAMS, Row, differences, row_differences
from tiers import some_of

from tap_bigcommerce_sandbox import Options, Sandbox, Store

ROWS = 40
LAST_REQUEST = 60
"""Changes are prepared for as many requests of a list; most walks need fewer."""

INCREMENTAL = ("customers", "orders", "products")


@dataclass(frozen=True)
class Walk:
    """How the store gives its lists, how the tap asks, and what happens between the pages."""

    seed: int
    inclusive: bool = True
    page_cap: int = 0
    limit_max: int = 250
    page_size: int = 6
    concurrency: int = 8
    ids: str = "holes"

    @property
    def options(self) -> Options:
        return Options(
            seed=self.seed,
            orders=ROWS,
            customers=ROWS,
            products=ROWS,
            coupons=ROWS,
            ids=self.ids,
            id_gaps=0.3,
            huge_order_share=0.0,
            couponed_share=0.02,
            variants_per_product=1,
            images_per_product=1,
            inclusive_bounds=self.inclusive,
            page_cap=self.page_cap,
            limit_max=self.limit_max,
            v3_over_limit=("413", "422", "cap")[self.seed % 3],
            # Archived orders leave the list, as deleted records leave the others.
            archived_orders="hidden",
        )


WALKS = [
    Walk(1),
    Walk(2, inclusive=False),
    Walk(3, page_cap=1),
    Walk(4, inclusive=False, page_cap=1),
    Walk(5, page_cap=2),
    Walk(6, inclusive=False, page_cap=2, concurrency=1),
    Walk(7, page_cap=5),
    Walk(8, inclusive=False, page_cap=5),
    Walk(9, limit_max=4),
    Walk(10, inclusive=False, limit_max=3, page_size=250),
    Walk(11, concurrency=1),
    Walk(12, inclusive=False, concurrency=1, page_size=3),
    Walk(13, ids="dense", page_size=4),
    Walk(14, ids="sparse", page_size=4),
    Walk(15, ids="clusters", page_size=5, inclusive=False),
    Walk(16, ids="huge_gaps", page_size=5),
    Walk(17, page_size=1),
    Walk(18, page_size=1, inclusive=False),
]


def listed(store: Store, stream: str) -> dict[int, Row]:
    """What a list shows now."""
    rows = {row["id"]: row for row in store.records(stream)}
    if stream == "orders":
        return {id_: row for id_, row in rows.items() if not row["is_deleted"]}
    return rows


def disturb(store: Store, chance: random.Random, kept: dict[str, set[int]]) -> None:
    """At each coming request of each list something is deleted, added or changed.

    Only records outside `kept` are deleted; any may be changed.
    """
    for stream in STREAMS:
        ids = sorted(listed(store, stream))
        prey = [id_ for id_ in ids if id_ not in kept[stream]]
        chance.shuffle(prey)
        taken = {row["id"] for row in store.records(stream)}
        gaps = (id_ + step for id_ in ids for step in (1, 2, 3))
        free = [id_ for id_ in (*gaps, *range(ids[-1] + 4, ids[-1] + 40)) if id_ not in taken]
        free = list(dict.fromkeys(free))
        chance.shuffle(free)
        for request in range(1, LAST_REQUEST):
            moment = chance.choice(("before", "after_read"))
            do: list[Row] = []
            if prey and chance.random() < 0.5:
                do.append({"op": "delete", "list": stream, "ids": [prey.pop()]})
            if free and chance.random() < 0.3:
                do.append({"op": "add", "list": stream, "ids": [free.pop()]})
            if chance.random() < 0.5:
                changed = chance.choice(sorted(kept[stream]))
                do.append({"op": "change", "list": stream, "ids": [changed]})
            if do:
                store.on(stream, request, do, moment=moment)


def keep(store: Store, chance: random.Random) -> dict[str, set[int]]:
    """Records that shall not be deleted: all but a third of each list."""
    return {
        stream: {id_ for id_ in listed(store, stream) if chance.random() < 0.67}
        for stream in STREAMS
    }


@pytest.mark.parametrize("case", some_of(WALKS, 1, pytest.mark.histories), ids=str)
def test_while_records_come_go_and_change_none_that_stayed_is_missed(case: Walk) -> None:
    """A sync during which the store changed, one of only the changes, and a quiet one."""
    chance = random.Random(case.seed)
    state, results = None, list[tap_runner.Result]()
    with Sandbox(case.options) as store:
        settings = tap_runner.settings(
            store,
            page_size=case.page_size,
            max_concurrency=case.concurrency,
            lookback_seconds=0,
            request_timeout=10,
        )
        for turn in range(3):
            before = {stream: set(listed(store, stream)) for stream in STREAMS}
            kept = keep(store, chance)
            modified: dict[str, set[int]] = {}
            if turn < 2:
                disturb(store, chance, kept)
            if turn == 1:
                for stream in INCREMENTAL:
                    some = chance.sample(sorted(kept[stream]), min(9, len(kept[stream])))
                    store.change(stream, ids=some)
                    modified[stream] = set(some)
            result = tap_runner.run(settings, state=state)
            store.clear_triggers()
            assert result.status == 0, critical(result)
            assert_in_order(result)
            results.append(result)
            state = result.state
            for stream in STREAMS if turn == 0 else ():
                stayed = before[stream] & listed(store, stream).keys()
                assert len(stayed) > ROWS / 3
                assert stayed <= set(result.ids(stream))
            for stream, ids in modified.items():
                assert ids <= set(result.ids(stream))
        last: dict[str, list[Row]] = {}
        for stream in STREAMS:
            now = listed(store, stream)
            written = [row for result in results for row in result.records(stream)]
            last[stream] = [row for row in written if row["id"] in now]
            assert {row["id"] for row in last[stream]} == set(now)
        # Archived orders are rows of the store, but the list hides them.
        found = [line for line in differences(store, last) if " are missing: " not in line]
        assert found == []


def assert_in_order(result: tap_runner.Result) -> None:
    """Each id once and in order, but for what a filter by id seems to hide: it is read later."""
    again = [line for line in result.logged("WARNING") if "read again by page number" in line]
    for stream in STREAMS:
        ids = result.ids(stream)
        assert len(ids) == len(set(ids)), f"{stream}: twice"
        read_again = any(line.startswith(f"WARNING {stream}: ") for line in again)
        assert ids == sorted(ids) or read_again, f"{stream}: out of order"


def tiny(**more: Any) -> Options:
    return small(**{"orders": 12, "customers": 12, "coupons": 6, **more})


@pytest.mark.parametrize("skew", some_of([0, 3600, -3600], 1, pytest.mark.histories))
@pytest.mark.parametrize("inclusive", some_of([True, False], 1, pytest.mark.histories))
def test_a_change_made_while_the_first_answer_is_on_its_way_comes_with_the_next_sync(
    skew: int, inclusive: bool
) -> None:
    # Long enough for the change and the answer's Date to fall into different seconds.
    slow = tiny(clock_skew_seconds=float(skew), inclusive_bounds=inclusive, latency_ms=250.0)
    with Sandbox(slow) as store:
        settings = tap_runner.settings(store, lookback_seconds=0)
        changed = {stream: sorted(listed(store, stream))[3:6] for stream in INCREMENTAL}
        for stream, ids in changed.items():
            # What is written last in the first sync is as new as can be.
            store.on(stream, 1, {"op": "change", "list": stream, "ids": [ids[0]]})
            behind = {"op": "change", "list": stream, "ids": ids[1:]}
            store.on(stream, 1, behind, moment="after_read")
        first = tap_runner.run(settings)
        store.set(latency_ms=0.0)
        second = tap_runner.run(settings, state=first.state)
        now = {stream: {row["id"]: row for row in store.records(stream)} for stream in INCREMENTAL}
        full = {row["id"]: row for row in store.records("orders", full=True)}
        products = {row["id"]: row for row in store.records("products", full=True)}
        now.update(orders=full, products=products)
    for result in (first, second):
        assert result.status == 0, critical(result)
    for stream, ids in changed.items():
        for id_ in ids[1:]:
            assert row_differences(stream, now[stream][id_], first.record(stream, id_))
            assert id_ in second.ids(stream), f"{stream} {id_} never came again"
            assert row_differences(stream, now[stream][id_], second.record(stream, id_)) == []
        # And yet this was not bought by reading everything again.
        assert len(second.ids(stream)) <= 4


@pytest.mark.parametrize("skew", [3600, -3600])
def test_a_clock_that_is_an_hour_off_makes_no_bookmark_that_passes_a_change(skew: int) -> None:
    with Sandbox(tiny(clock_skew_seconds=float(skew))) as store:
        settings = tap_runner.settings(store, lookback_seconds=0)
        written: dict[str, list[Row]] = {stream: [] for stream in STREAMS}
        state = None
        for turn in range(3):
            for stream in INCREMENTAL:
                ids = sorted(listed(store, stream))
                store.change(stream, ids=[ids[turn]])
                change = {"op": "change", "list": stream, "ids": [ids[turn + 4]]}
                store.on(stream, 1, change, moment="after_read")
            result = tap_runner.run(settings, state=state)
            assert result.status == 0, critical(result)
            state = result.state
            for stream in STREAMS:
                written[stream] += result.records(stream)
        quiet = tap_runner.run(settings, state=state)
        for stream in STREAMS:
            written[stream] += quiet.records(stream)
        assert differences(store, written) == []
        assert all(len(quiet.ids(stream)) <= 6 for stream in INCREMENTAL)
