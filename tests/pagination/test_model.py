"""Nothing is lost, whatever changes, fails or is killed: syncs of random stores."""

import itertools
import json
import logging
import os
import random
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_store import (
    LAYOUTS,
    Clock,
    InlineWorkers,
    ModelClient,
    ModelList,
    Row,
    random_ids,
    seconds,
)

from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import Interrupted, RequestFailed
from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.progress.tracker import ProgressTracker
from tap_bigcommerce.singer.messages import MessageWriter
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams.stream import MODIFIED, Stream
from tap_bigcommerce.sync.run_context import RunContext
from tap_bigcommerce.sync.run_sync import sync

Json = dict[str, Any]

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "version": {"type": "integer"},
        "date_modified": {"type": ["null", "string"], "format": "date-time"},
    },
}

SEEDS = st.integers(0, 2**32)
"""A step's seed decides all that happens in it: what changes or fails and when, and when the run is
killed. A failure prints its steps with their seeds, and so all that it takes to see it again."""

STEPS = st.lists(st.tuples(SEEDS, st.sampled_from(["sync", "sync", "change"])), max_size=10)

LISTS = st.fixed_dictionaries(
    {
        "inclusive": st.booleans(),
        "v3": st.booleans(),
        "change_share": st.sampled_from([0.0, 0.1, 0.5]),
        "fault_share": st.sampled_from([0.0, 0.01, 0.05, 0.2]),
    }
)
"""How the lists of a store behave: see ModelList."""

LIVES = st.fixed_dictionaries(
    {
        "seed": SEEDS,
        "names": st.sampled_from([("orders",), ("orders", "customers")]),
        "layout": st.sampled_from(LAYOUTS),
        "pages": st.integers(8, 30) | st.integers(8, 100),
        "page_size": st.integers(5, 25),
        "cap": st.sampled_from(["none", "half a page", "one row"]),
        "heavy": st.integers(0, 2),
        "parallel": st.integers(1, 8),
        "buffered": st.sampled_from([20_000, 4_000_000, 32_000_000]),
        "sorts_descending": st.booleans(),
        "incremental": st.booleans(),
    }
)


class Table:
    """A list of the store, and what a target has received of it."""

    def __init__(self, name: str, list_: ModelList, options: Json) -> None:
        self.name = name
        self.list = list_
        self.pass_began = 0.0
        self._incremental = options["incremental"]
        self._delivered: dict[int, int] = {}
        stream = Stream(
            name,
            "Customers",
            f"/{'v3' if list_.v3 else 'v2'}/{name}",
            ByIdRange("min_id", {}, {"down": "yes"} if options["sorts_descending"] else None),
            modified_since=MODIFIED if self._incremental else None,
        )
        paths = frozenset(SCHEMA["properties"])
        self.selection = Selection(stream, SCHEMA, SCHEMA, SCHEMA, not self._incremental, paths)

    def receive(self, lines: list[Json]) -> None:
        """One run's messages: order, and at each STATE whether it is safe."""
        last_id, written, bookmark = 0, set[int](), None
        missing = self.missing()
        for line in lines:
            if line["type"] == "RECORD" and line["stream"] == self.name:
                id_, version = line["record"]["id"], line["record"]["version"]
                assert id_ not in written, f"{id_} comes twice"
                # A list that contradicts itself is read again by page: rows that were inserted
                # meanwhile come after all others.
                assert id_ > last_id or self.list.read_by_page, f"{id_} after {last_id}"
                last_id = id_
                written.add(id_)
                self._delivered[id_] = version
                if id_ in missing and self.list.rows[id_].version == version:
                    missing.remove(id_)
            elif line["type"] == "STATE":
                entry = line["value"]["bookmarks"].get(self.name, {})
                self._check_resume(entry.get("resume"), missing)
                if entry.get("date_modified") != bookmark:
                    bookmark = entry["date_modified"]
                    late = {id_: self.list.rows[id_].date for id_ in missing}
                    # The next pass asks for whole seconds, as rows have them.
                    assert min(late.values(), default=1e9) >= int(seconds(bookmark)), (
                        f"unsafe STATE: rows behind {bookmark} are unwritten: {late}"
                    )

    def _check_resume(self, resume: Any, missing: set[int]) -> None:
        """Rows up to a resume point have been written, or will come with the next pass."""
        for id_ in missing if resume is not None else ():
            row = self.list.rows[id_]
            changed = row.date if self._incremental else row.changed
            assert id_ > resume["after_id"] or changed >= int(seconds(resume["sync_start"])), (
                f"unsafe STATE: {id_} is behind {resume}, unwritten"
            )

    def missing(self, before: float = 1e9) -> set[int]:
        """The rows that have not been delivered as they are, and have changed before this time."""
        return {
            id_
            for id_, row in self.list.rows.items()
            if row.changed < before and self._delivered.get(id_, 0) < row.version
        }


class Life:
    """A store that changes and fails while it is synced, and syncs that are killed and resumed.

    Each sync has the state of the one before.
    """

    def __init__(self, options: Json, behavior: Json) -> None:
        self.chance = chance = random.Random(options["seed"])
        self.clock = Clock()
        self._options = options
        self._state: Any = {"bookmarks": {}}
        self.tables: dict[str, Table] = {}
        size = options["page_size"]
        cap = {"none": size, "half a page": size // 2, "one row": 1}[options["cap"]]
        count = max(100, options["pages"] * size if cap > 1 else 0)
        for name in options["names"]:
            ids = random_ids(options["layout"], count, chance)
            rows = {id_: Row(1, chance.uniform(0, 990)) for id_ in ids}
            heavy = frozenset(chance.sample(ids, options["heavy"]))
            list_ = ModelList(rows, self.clock, chance, cap, heavy, **behavior)
            self.tables[name] = Table(name, list_, options)

    def is_unfinished(self, name: str) -> bool:
        """The next run resumes an unfinished pass."""
        return "resume" in self._state["bookmarks"].get(name, {})

    def change(self) -> None:
        """Some changes between two syncs."""
        for _ in range(self.chance.randint(1, 5)):
            self.clock.now += self.chance.uniform(0, 20)
            self.chance.choice([*self.tables.values()]).list.change()

    def run(self, *, may_be_killed: bool) -> bool:
        """One sync; returns whether it came to its end, and all of it was delivered."""
        for name, table in self.tables.items():
            if not self.is_unfinished(name):
                table.pass_began = self.clock.now
            table.list.begin_run()
        self.clock.signum, self.clock.stops_after = None, 0
        if may_be_killed and self.chance.random() < 0.3:
            self.clock.stops_after = self.chance.randint(1, 2 * self._options["pages"])
        lines, complete = self._sync()
        if may_be_killed and self.chance.random() < 0.6:
            kept = self.chance.randint(0, len(lines))
            lines, complete = lines[:kept], complete and kept == len(lines)
        for table in self.tables.values():
            table.receive(lines)
            # All that changed before the pass began.
            assert not complete or table.missing(table.pass_began) == set()
        states = [line["value"] for line in lines if line["type"] == "STATE"]
        self._state = states[-1] if states else self._state
        return complete

    def _sync(self) -> tuple[list[Json], bool]:
        """The messages of one run, and whether it came to its end."""
        parallel, clock = self._options["parallel"], self.clock
        size = self._options["page_size"]
        config = Config("hash", "token", page_size=size, lookback_seconds=0)
        client = ModelClient(config, clock)
        client.lists = {name: table.list for name, table in self.tables.items()}
        with tempfile.TemporaryFile() as output:
            state = State(self._state, "hash")
            run = RunContext(
                config,
                client,
                InlineWorkers(parallel, clock, self.chance),
                MemoryBudget(self._options["buffered"]),
                state,
                MessageWriter(output.fileno(), state, itertools.count(step=60).__next__),
                ProgressTracker(),
            )
            try:
                failures = sync({name: at.selection for name, at in self.tables.items()}, run)
                # Only a request that failed too often.
                assert {type(error) for error in failures.values()} <= {RequestFailed}, failures
                complete = not failures
            except Interrupted:
                complete = False
            os.lseek(output.fileno(), 0, os.SEEK_SET)
            return [json.loads(line) for line in output], complete


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of warnings of faults would take longer than the syncs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(600)  # `make test-all` tries 200 of them.
@settings(deadline=None, print_blob=True, suppress_health_check=[*HealthCheck])
@given(LIVES, LISTS, STEPS)
def test_every_record_arrives(options: Json, behavior: Json, steps: list[tuple[int, str]]) -> None:
    """Each step checks what it wrote. At the end, when nothing changes or fails any more, one more
    sync has to have written everything."""
    life = Life(options, behavior)
    for step_seed, step in steps:
        life.chance.seed(step_seed)
        if step == "sync":
            life.run(may_be_killed=True)
        else:
            life.change()
    for table in life.tables.values():
        table.list.change_share = table.list.fault_share = 0.0
    life.clock.now += 10
    if any(life.is_unfinished(name) for name in life.tables):
        assert life.run(may_be_killed=False)
    assert life.run(may_be_killed=False)
    assert not any(table.missing() for table in life.tables.values())
