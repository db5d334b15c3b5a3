"""Syncs of a model store, kills and resumptions, and what has to hold after each of them."""

from __future__ import annotations

import bisect
import dataclasses
import json
import os
import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

from inline_workers import InlineWorkers
from model_store import ModelClient, ModelStop, ModelStore, MovingCondition, seconds

from tap_bigcommerce import sync as sync_module
from tap_bigcommerce.config import Config
from tap_bigcommerce.exceptions import Interrupted, TapError
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.pages.reading import IdParameters
from tap_bigcommerce.quota import Quota
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import State
from tap_bigcommerce.stream_sync import StreamSync, Tools
from tap_bigcommerce.streams.stream import CUSTOMERS, Stream

NAME = "records"
DATE = {"type": ["null", "string"], "format": "date-time"}
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "version": {"type": "integer"},
        "date_modified": DATE,
    },
}


@dataclass(frozen=True)
class Setup:
    """How the tap reads: see the settings and the declaration of a stream."""

    page_size: int
    parallel: int
    buffered: int
    can_see_last: bool
    incremental: bool


class Ledger:
    """All runs against one store, and what a target has received of them."""

    def __init__(self, store: ModelStore, setup: Setup, chance: random.Random) -> None:
        self._store = store
        self._setup = setup
        self._chance = chance
        self._state: Any = None
        self._walk_began = 0.0
        self._delivered: dict[int, int] = {}

    @property
    def resumes(self) -> bool:
        """The next run goes on with an unfinished walk."""
        return self._resume(self._state) is not None

    def run(self, *, may_be_killed: bool) -> bool:
        """One sync; returns whether it came to its end, and all of it was delivered."""
        store = self._store
        if not self.resumes:
            self._walk_began = store.clock.now
        pages = len(store.rows) / min(self._setup.page_size, store.manners.cap)
        # Pages that fail shrink, down to a row each, and the list may grow while it is read.
        may_shrink = store.fault_share or store.manners.heavy or store.manners.cap == 1
        most = 300 + 12 * len(store.rows) if may_shrink else 50 + 4 * pages
        store.requests, store.most_requests = 0, int(most)
        stop = ModelStop(store.clock)
        if may_be_killed and self._chance.random() < 0.3:
            _stop_at(store, stop, self._chance.randint(1, int(2 * pages)))
        lines, whole = self._sync(stop)
        if may_be_killed and self._chance.random() < 0.6:
            kept = self._chance.randint(0, len(lines))
            lines, whole = lines[:kept], whole and kept == len(lines)
        self._receive(lines)
        if whole:
            self._check_walk()
        return whole

    def check_all(self) -> None:
        """Every record has been delivered as it is now."""
        missing = self._not_delivered()
        assert not missing, f"never written: {missing}"

    # A run

    def _sync(self, stop: ModelStop) -> tuple[list[Mapping[str, Any]], bool]:
        """The messages of one run, and whether it came to its end."""
        store, setup = self._store, self._setup
        config = Config("abc123", "token", max_retry_seconds=0, page_size=setup.page_size)
        config = dataclasses.replace(config, lookback_seconds=0)
        clock = store.clock
        quota = Quota(share=0.9, concurrency=setup.parallel, stop=stop, clock=lambda: clock.now)
        quota._changed = MovingCondition(clock)
        with tempfile.TemporaryFile() as output, store.clock.of_the_tap():
            tools = Tools(
                config,
                ModelClient(config, quota, stop, store),
                InlineWorkers(setup.parallel, stop, self._chance),
                Budget(setup.buffered),
                State(self._state, "abc123"),
                Messages(output.fileno()),
            )
            whole = True
            with mock.patch.object(sync_module, "StreamSync", _Counted):
                try:
                    failures = sync_module.sync({NAME: self._selection()}, tools)
                    whole = not failures
                    assert all(type(error) is not TapError for error in failures.values())
                except Interrupted:
                    whole = False
            os.lseek(output.fileno(), 0, os.SEEK_SET)
            return [json.loads(line) for line in output], whole

    def _selection(self) -> Selection:
        setup = self._setup
        stream = Stream(
            NAME,
            "/v3/records" if self._store.manners.v3 else "/v2/records",
            IdParameters("min_id", {}, {"down": "yes"} if setup.can_see_last else None),
            CUSTOMERS,
            replication_key="date_modified" if setup.incremental else None,
            modified_since="since",
        )
        paths = frozenset(SCHEMA["properties"])
        return Selection(stream, SCHEMA, SCHEMA, SCHEMA, not setup.incremental, paths)

    # What was delivered

    def _receive(self, lines: list[Mapping[str, Any]]) -> None:
        last_id = 0
        missing = self._not_delivered()
        bookmark = None
        for line in lines:
            if line["type"] == "RECORD":
                id_, version = line["record"]["id"], line["record"]["version"]
                assert id_ > last_id, f"{id_} after {last_id}"
                last_id = id_
                self._delivered[id_] = version
                row = self._store.rows.get(id_)
                if row is not None and row.version == version and id_ in missing:
                    missing.remove(id_)
            elif line["type"] == "STATE":
                self._state = line["value"]
                entry = self._state["bookmarks"].get(NAME, {})
                self._check_resume(entry.get("resume"), missing)
                if entry.get("date_modified") != bookmark:
                    bookmark = entry["date_modified"]
                    self._check_bookmark(bookmark, missing)

    def _check_resume(self, resume: Any, missing: list[int]) -> None:
        """What lies behind a resume point has been written, or will come with the next walk."""
        if resume is None:
            return
        start = seconds(resume["sync_start"])
        for id_ in missing[: bisect.bisect_right(missing, resume["after_id"])]:
            row = self._store.rows[id_]
            changed = row.date if self._setup.incremental else row.changed
            assert changed >= start, f"unsafe STATE: {id_} is behind {resume}, unwritten"

    def _check_bookmark(self, bookmark: str, missing: list[int]) -> None:
        for id_ in missing:
            assert self._store.rows[id_].date >= seconds(bookmark), (
                f"unsafe STATE: {id_} is behind {bookmark}, unwritten"
            )

    def _check_walk(self) -> None:
        """A walk is whole: all that changed before it began has been delivered."""
        missing = [
            id_ for id_ in self._not_delivered() if self._store.rows[id_].changed < self._walk_began
        ]
        assert not missing, f"not written by the walk that began later: {missing}"

    def _not_delivered(self) -> list[int]:
        return [
            id_
            for id_, row in sorted(self._store.rows.items())
            if self._delivered.get(id_, 0) < row.version
        ]

    def _resume(self, state: Any) -> Any:
        return ((state or {}).get("bookmarks", {}).get(NAME) or {}).get("resume")


class _Counted(StreamSync):
    """Checks the count of a stream that was read to its end."""

    def run(self, when_ending: Any) -> None:
        super().run(when_ending)
        assert self.counts.read - self.counts.duplicates == self.counts.written


def _stop_at(store: ModelStore, stop: ModelStop, request: int) -> None:
    """Let a signal come while this request is under way."""
    time_passes = store.time_passes

    def pass_and_stop() -> None:
        time_passes()
        if store.requests >= request:
            stop.ask(15)

    store.time_passes = pass_and_stop  # type: ignore[method-assign]
