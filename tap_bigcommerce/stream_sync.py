"""One stream's part of a run: its walk, its records, its bookmark."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tap_bigcommerce.client import Client, Purpose
from tap_bigcommerce.config import Config
from tap_bigcommerce.counts import StreamCounts
from tap_bigcommerce.dates import format_instant, parse_instant
from tap_bigcommerce.messages import Messages
from tap_bigcommerce.pages.budget import Budget
from tap_bigcommerce.pages.by_id import ById
from tap_bigcommerce.pages.page import ListRequest, PageReader
from tap_bigcommerce.pages.reading import Batch, Reading
from tap_bigcommerce.pages.sizes import PageSize
from tap_bigcommerce.progress import RecordMetric, log_count
from tap_bigcommerce.records import RecordWriter
from tap_bigcommerce.schemas import RESCUED
from tap_bigcommerce.selection import Selection
from tap_bigcommerce.state import Resume, State
from tap_bigcommerce.streams.stream import Plan, Wish
from tap_bigcommerce.workers import Workers

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tools:
    """What every stream of a run shares."""

    config: Config
    client: Client
    workers: Workers
    budget: Budget
    state: State
    messages: Messages


class StreamSync:
    """Reads one stream and writes its messages."""

    def __init__(self, selection: Selection, tools: Tools, turn: int) -> None:
        """`turn` is the stream's place in the run."""
        stream = selection.stream
        self.counts = StreamCounts(stream.name)
        self._selection = selection
        self._tools = tools
        self._turn = turn
        self._purpose = Purpose(stream.name, str(stream.permission), self.counts)
        self._records = RecordWriter(selection, tools.messages)
        self._reading: Reading | None = None
        self._since: str | None = None
        self._sync_start: str | None = None
        self._walk = ""
        self._resumed = False

    def ask(self) -> None:
        """Let the first requests go, while an earlier stream is still being written."""
        if self._reading is None:
            self._reading = self._begin()
        self._reading.ask(ahead=True)

    def run(self, when_ending: Callable[[], None]) -> None:
        """Read the stream to its end. `when_ending`: workers are free for the next stream.

        Raises TapError when the stream cannot be read to its end, and Interrupted on a signal;
        the state then holds where to go on.
        """
        self._say_how_it_starts()
        if self._reading is None:
            self._reading = self._begin()
        reading, messages = self._reading, self._tools.messages
        metric = RecordMetric(self.counts.stream)
        schema_is_out = False
        try:
            for batch in reading.batches(when_ending):
                if not schema_is_out:
                    self._write_schema()
                    schema_is_out = True
                self._write(batch, reading)
                metric.add(len(batch.rows))
            if not schema_is_out:
                self._write_schema()
            self._compare_totals(reading)
            self._complete(reading)
        finally:
            metric.emit()
            messages.flush()
            self._count(reading)
            self._report_misfits()

    def _say_how_it_starts(self) -> None:
        key = self._selection.stream.replication_key
        if key is not None:
            self.counts.bookmark_before = self._tools.state.bookmark(self.counts.stream, key)

    def _begin(self) -> Reading:
        selection, tools, stream = self._selection, self._tools, self._selection.stream
        plan = stream.plan(
            Wish(selection.wants, selection.unselected, tools.config, tools.client, self._purpose)
        )
        self._walk = self._fingerprint(plan)
        after = self._resume_or_start()
        params = dict(plan.params)
        if self._since is not None and stream.modified_since is not None:
            params[stream.modified_since] = self._since
        return Reading(
            ById(
                stream.name,
                after=after,
                can_see_last=stream.walk.downwards is not None,
                parallel=tools.workers.count,
            ),
            PageReader(
                tools.client,
                ListRequest(stream.path, params, plan.details),
                self._purpose,
                PageSize(tools.config.page_size),
            ),
            stream.walk,
            plan.completion,
            tools.workers,
            tools.budget,
            turn=self._turn,
        )

    def _resume_or_start(self) -> int:
        """Set where the walk begins; returns the id after which it does."""
        name = self.counts.stream
        resume = self._tools.state.resume(name)
        if resume is not None and resume.walk == self._walk:
            LOGGER.info("%s: going on after id %d", name, resume.after_id)
            self._since, self._records.newest = resume.since, resume.newest
            self._sync_start = resume.sync_start
            self._resumed = True
            return resume.after_id
        if resume is not None:
            LOGGER.info(
                "%s: the last run was stopped, but the settings, the catalog or the bookmark have "
                "changed since; starting this stream again from its bookmark",
                name,
            )
        since = self._first_date()
        self._since = format_instant(since)[:19] + "Z" if since is not None else None
        return 0

    def _first_date(self) -> datetime | None:
        """What was modified from this moment on is read; None: everything."""
        stream, config = self._selection.stream, self._tools.config
        if self._selection.full_table or stream.replication_key is None:
            return None
        bookmark = self._tools.state.bookmark(stream.name, stream.replication_key)
        if bookmark is None:
            return None if stream.everything_first else config.start_date
        instant = parse_instant(bookmark)
        assert instant is not None  # The state has checked it.
        try:
            return instant - timedelta(seconds=config.lookback_seconds)
        except OverflowError:
            return None  # Before the first day of the calendar: everything.

    def _fingerprint(self, plan: Plan) -> str:
        """What the walk depends on; a walk with another fingerprint cannot go on with this one."""
        selection, config, stream = self._selection, self._tools.config, self._selection.stream
        bookmark = (
            self._tools.state.bookmark(stream.name, stream.replication_key)
            if stream.replication_key
            else None
        )
        start = config.start_date if bookmark is None else None
        basis = {
            "store": config.store_hash,
            "path": stream.path,
            "params": dict(plan.params),
            "since": [bookmark, start.isoformat() if start else None, stream.modified_since],
            "full": selection.full_table,
            "coupons": config.order_coupons if "coupons" in selection.paths else None,
            "fields": sorted(selection.paths),
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:16]

    def _write_schema(self) -> None:
        selection, stream = self._selection, self._selection.stream
        key = selection.stream.replication_key
        self._tools.messages.schema(stream.name, selection.schema, stream.keys, key)

    def _write(self, batch: Batch, reading: Reading) -> None:
        """One batch's RECORDs, and the STATE that covers them."""
        messages = self._tools.messages
        self._records.write(batch.rows, clean=batch.answer.clean, sent_at=batch.answer.sent_at)
        self.counts.written += len(batch.rows)
        self._tools.state.interrupt(self.counts.stream, self._resume_point(batch, reading))
        if batch.ends_page:
            messages.state(self._tools.state.value(), at_once=False)
        else:
            messages.flush()

    def _resume_point(self, batch: Batch, reading: Reading) -> Resume:
        if self._sync_start is None:
            assert reading.began is not None  # The batch came with an answer.
            self._sync_start = format_instant(reading.began)
        return Resume(
            batch.after_id, self._since, self._sync_start, self._records.newest, self._walk
        )

    def _complete(self, reading: Reading) -> None:
        """Set the bookmark: the walk has seen all that changed before it began."""
        name, key = self.counts.stream, self._selection.stream.replication_key
        bookmark = self.counts.bookmark_before
        if key is not None and self._records.newest is not None:
            assert self._sync_start is not None  # It was set with the first batch.
            # What changed while the walk went on may lie behind it: it comes with the next sync.
            reached = min(self._records.newest, self._sync_start)
            bookmark = max(bookmark, reached) if bookmark is not None else reached
        self.counts.bookmark_after = bookmark
        self._tools.state.complete(name, key, bookmark)

    def _compare_totals(self, reading: Reading) -> None:
        """Warn where the API counts other rows than it showed, and no change explains it."""
        if self._resumed or not reading.totals:
            return
        if not min(reading.totals) <= reading.handed_on <= max(reading.totals):
            LOGGER.warning(
                "%s: the API says that there are %s records, but showed %d. What is missing may "
                "be hidden from this token; run the sync again, and ask BigCommerce's support if "
                "the figures stay apart.",
                self.counts.stream,
                " and at the end ".join(str(total) for total in reading.totals),
                reading.handed_on,
            )

    def _count(self, reading: Reading) -> None:
        """Close the books: read and written differ by duplicates and by what was gone."""
        counts = self.counts
        counts.read, counts.duplicates = reading.rows_read, reading.duplicates
        counts.rescued, counts.unfit = self._records.rescued, self._records.unfit
        for metric, value in (
            ("records_read", counts.read),
            ("records_dropped_as_duplicates", counts.duplicates),
            ("records_gone", counts.gone),
            ("values_rescued", counts.rescued.total()),
            ("values_unfit", counts.unfit.total()),
        ):
            log_count(metric, counts.stream, value)

    def _report_misfits(self) -> None:
        """Name each path once of what was rescued or did not fit; never a value."""
        for path, number in self.counts.rescued.items():
            LOGGER.warning(
                "%s: %d values of %s are new to the schema or do not fit it; they are in %s",
                self.counts.stream,
                number,
                path,
                RESCUED,
            )
        for path, number in self.counts.unfit.items():
            LOGGER.warning(
                "%s: %d values of %s are new to the schema or do not fit it, and went nowhere: %s "
                "is not selected, or they may hold what is not selected",
                self.counts.stream,
                number,
                path,
                RESCUED,
            )
