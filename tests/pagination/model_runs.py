"""Syncs of a model store, kills and resumptions, and what has to hold after each of them."""

from __future__ import annotations

import bisect
import itertools
import json
import os
import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

from inline_workers import InlineWorkers
from model_store import Clock, ModelClient, ModelList, ModelStop, MovingCondition, seconds

from tap_bigcommerce.api.rate_limiter import RateLimiter
from tap_bigcommerce.catalog.selection import Selection
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import IncompleteList, Interrupted, RequestFailed
from tap_bigcommerce.pagination.id_ranges import ByIdRange
from tap_bigcommerce.pagination.memory_budget import MemoryBudget
from tap_bigcommerce.progress.tracker import ProgressTracker
from tap_bigcommerce.singer.messages import MessageWriter
from tap_bigcommerce.singer.state import State
from tap_bigcommerce.streams.id_lookup import IDS, IdLookup
from tap_bigcommerce.streams.stream import MODIFIED, Stream
from tap_bigcommerce.sync import run_sync as sync_module
from tap_bigcommerce.sync.list_sync import ListSync
from tap_bigcommerce.sync.run_context import RunContext

DATE = {"type": ["null", "string"], "format": "date-time"}
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "version": {"type": "integer"},
        "date_modified": DATE,
        "_sdc_deleted_at": DATE,
    },
}


ID_LOOKUP = IdLookup(IDS, short_rows={"ids": "alone"})


@dataclass(frozen=True)
class Setup:
    """How the tap reads: see the settings and the declaration of a stream.

    `deletes`: how deletions are reported: "not", by "tombstones" or by "versions".
    """

    page_size: int
    parallel: int
    buffered: int
    sorts_descending: bool
    incremental: bool
    deletes: str = "not"


class Table:
    """A list of the store, and what a target has received of it."""

    def __init__(self, name: str, list_: ModelList, setup: Setup) -> None:
        self.list = list_
        self.pass_began = 0.0
        self._name = name
        self._setup = setup
        self._delivered: dict[int, int] = {}
        self._versions: dict[int, int | None] = {}
        self._known: set[int] = set()
        """Ids that are written as of the last STATE, and not reported as deleted."""
        self._reported_deleted: set[int] = set()
        self.run_began = 0.0

    def selection(self) -> Selection:
        setup = self._setup
        stream = Stream(
            self._name,
            "Customers",
            f"/{'v3' if self.list.behavior.v3 else 'v2'}/{self._name}",
            ByIdRange("min_id", {}, {"down": "yes"} if setup.sorts_descending else None),
            modified_since=MODIFIED if setup.incremental else None,
            id_lookup=ID_LOOKUP if setup.deletes == "tombstones" else None,
        )
        paths = frozenset(SCHEMA["properties"])
        return Selection(stream, SCHEMA, SCHEMA, SCHEMA, not setup.incremental, paths)

    def allow_requests(self) -> float:
        """Begin to count requests; returns how many pages the list is long."""
        list_, behavior = self.list, self.list.behavior
        pages = len(list_.rows) / min(self._setup.page_size, behavior.cap)
        # By id, and up to three times by page number. Pages that fail shrink, down to a row each,
        # and the list may grow while it is read.
        may_shrink = list_.fault_share or behavior.heavy or behavior.cap == 1
        most = 300 + 12 * len(list_.rows) if may_shrink else 100 + 6 * pages
        if self._setup.deletes == "tombstones":
            most = 3 * most  # The id scan, and the lookups of single ids.
        list_.requests, list_.most_requests = 0, int(most)
        list_.read_by_page = False
        return pages

    def receive(self, lines: list[Mapping[str, Any]]) -> None:
        """One run's messages: order, and at each STATE whether it is safe."""
        last_id = 0
        written: set[int] = set()
        missing = self._not_delivered()
        bookmark = None
        since_state: set[int] = set()
        for line in lines:
            if line["type"] == "ACTIVATE_VERSION" and line["stream"] == self._name:
                self._activate(line["version"])
                missing = self._not_delivered()
            elif line["type"] == "RECORD" and line["record"].get("_sdc_deleted_at") is not None:
                if line["stream"] == self._name:
                    self._take_tombstone(line["record"])
            elif line["type"] == "RECORD" and line["stream"] == self._name:
                id_, version = line["record"]["id"], line["record"]["version"]
                assert id_ not in written, f"{id_} comes twice"
                # A list that contradicts itself is read again by page: rows that were inserted
                # meanwhile come after all others.
                assert id_ > last_id or self.list.read_by_page, f"{id_} after {last_id}"
                last_id = id_
                written.add(id_)
                self._delivered[id_] = version
                self._versions[id_] = line.get("version")
                since_state.add(id_)
                row = self.list.rows.get(id_)
                if row is not None and row.version == version and id_ in missing:
                    missing.remove(id_)
            elif line["type"] == "STATE":
                self._known |= since_state
                since_state = set()
                entry = line["value"]["bookmarks"].get(self._name, {})
                self._check_resume(entry.get("resume"), missing)
                if entry.get("date_modified") != bookmark:
                    bookmark = entry["date_modified"]
                    self._check_bookmark(bookmark, missing)

    def _check_resume(self, resume: Any, missing: list[int]) -> None:
        """Rows up to a resume point have been written, or will come with the next pass."""
        if resume is None:
            return
        start = seconds(resume["sync_start"])
        for id_ in missing[: bisect.bisect_right(missing, resume["after_id"])]:
            row = self.list.rows[id_]
            changed = row.date if self._setup.incremental else row.changed
            assert changed >= start, f"unsafe STATE: {id_} is behind {resume}, unwritten"

    def _check_bookmark(self, bookmark: str, missing: list[int]) -> None:
        for id_ in missing:
            assert self.list.rows[id_].date >= seconds(bookmark), (
                f"unsafe STATE: {id_} is behind {bookmark}, unwritten"
            )

    def _take_tombstone(self, record: Mapping[str, Any]) -> None:
        """A tombstone is of a record that was written, and that was not found when looked up."""
        id_ = record["id"]
        assert record.keys() == {"id", "_sdc_deleted_at"}
        # A second time where a kill came between the tombstone and its STATE.
        was_written = id_ in self._delivered or id_ in self._reported_deleted
        assert was_written, f"{id_} was never written, and is reported as deleted"
        not_found_at = self.list.not_found_at.get(id_, -1.0)
        assert not_found_at >= self.run_began, f"{id_} is reported as deleted without a look-up"
        self._delivered.pop(id_, None)
        self._reported_deleted.add(id_)
        self._known.discard(id_)

    def _activate(self, version: int) -> None:
        """Older versions end: their records must have been missing at some time of the pass."""
        for id_, own in list(self._versions.items()):
            if own is None or own < version:
                row = self.list.rows.get(id_)
                assert row is None or row.changed >= self.pass_began, f"{id_} is there, and ended"
                del self._versions[id_]
                self._delivered.pop(id_, None)
                self._known.discard(id_)

    def check_deleted(self) -> None:
        """All records that the state knew and the store has no more are reported as deleted."""
        if self._setup.deletes != "not":
            left = self._known - self.list.rows.keys()
            assert not left, f"deleted, and never reported: {left}"

    def check_pass(self) -> None:
        """A pass is complete: all that changed before it began has been delivered."""
        rows = self.list.rows
        missing = [id_ for id_ in self._not_delivered() if rows[id_].changed < self.pass_began]
        assert not missing, f"not written by the pass that began later: {missing}"

    def check_all(self) -> None:
        """Every record has been delivered as it is now."""
        missing = self._not_delivered()
        assert not missing, f"never written: {missing}"

    def _not_delivered(self) -> list[int]:
        return [
            id_
            for id_, row in sorted(self.list.rows.items())
            if self._delivered.get(id_, 0) < row.version
        ]


class StoreRuns:
    """All runs against one store, one after another, each with the state of the one before."""

    def __init__(
        self, lists: Mapping[str, ModelList], clock: Clock, setup: Setup, chance: random.Random
    ) -> None:
        self._tables = {name: Table(name, list_, setup) for name, list_ in lists.items()}
        self._clock = clock
        self._setup = setup
        self._chance = chance
        self._state: Any = {"bookmarks": {}}

    @property
    def resumes(self) -> bool:
        """The next run resumes an unfinished pass."""
        return any(self._is_unfinished(name) for name in self._tables)

    def run(self, *, may_be_killed: bool) -> bool:
        """One sync; returns whether it came to its end, and all of it was delivered."""
        for name, table in self._tables.items():
            if not self._is_unfinished(name):
                table.pass_began = self._clock.now
            table.run_began = self._clock.now
            if table.list.quota is not None:
                table.list.quota.renew()
        pages = sum(table.allow_requests() for table in self._tables.values())
        stop = ModelStop(self._clock)
        if may_be_killed and self._chance.random() < 0.3:
            stop.after(self._chance.randint(1, int(2 * pages)))
        lines, complete = self._sync(stop)
        if may_be_killed and self._chance.random() < 0.6:
            kept = self._chance.randint(0, len(lines))
            lines, complete = lines[:kept], complete and kept == len(lines)
        for table in self._tables.values():
            table.receive(lines)
            if complete:
                table.check_pass()
        self._state = next(
            (line["value"] for line in reversed(lines) if line["type"] == "STATE"), self._state
        )
        return complete

    def check_all(self) -> None:
        """Every record has been delivered as it is now."""
        for table in self._tables.values():
            table.check_all()
            table.check_deleted()

    def _is_unfinished(self, name: str) -> bool:
        return "resume" in self._state["bookmarks"].get(name, {})

    @property
    def _has_accidents(self) -> bool:
        return any(table.list.accident_share for table in self._tables.values())

    def _sync(self, stop: ModelStop) -> tuple[list[Mapping[str, Any]], bool]:
        """The messages of one run, and whether it came to its end."""
        setup, clock = self._setup, self._clock
        config = Config(
            "abc123",
            "token",
            max_retry_seconds=0,
            max_concurrency=setup.parallel,
            page_size=setup.page_size,
            lookback_seconds=0,
            detect_deletes=setup.deletes != "not",
            activate_version=setup.deletes == "versions",
            deletes_every=0.0,
            deletes_limit=1.0,
        )
        client = ModelClient(config, stop, {name: at.list for name, at in self._tables.items()})
        client.rate_limiter = RateLimiter(config, stop, lambda: clock.now)
        client.rate_limiter._changed = MovingCondition(clock)
        complete = True
        with tempfile.TemporaryFile() as output:
            state = State(self._state, "abc123")
            run = RunContext(
                config,
                client,
                InlineWorkers(setup.parallel, stop, self._chance),
                MemoryBudget(setup.buffered),
                state,
                MessageWriter(output.fileno(), state, itertools.count(step=60).__next__),
                ProgressTracker(),
            )
            selections = {name: table.selection() for name, table in self._tables.items()}
            with clock.of_the_tap(), mock.patch.object(sync_module, "ListSync", _Counted):
                try:
                    failures = sync_module.sync(selections, run)
                    complete = not failures
                    # Only a request that failed too often, or an id scan that left out rows.
                    allowed = {RequestFailed, *([IncompleteList] if self._has_accidents else [])}
                    assert {type(error) for error in failures.values()} <= allowed, failures
                except Interrupted:
                    complete = False
            os.lseek(output.fileno(), 0, os.SEEK_SET)
            return [json.loads(line) for line in output], complete


class _Counted(ListSync):
    """Checks the count of a stream that was read to its end."""

    def run(self, when_ending: Any) -> None:
        super().run(when_ending)
        counts = self.stream_syncs[0].counts
        if self.stream_syncs[0].failure is None:
            assert counts.read - counts.duplicates == counts.written
